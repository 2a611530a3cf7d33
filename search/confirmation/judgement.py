"""What selection says of the finalists by the answers that it has seen so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from packtune.confirmation.collapse import find_collapsed
from packtune.confirmation.crossed import Values, joined, turned
from packtune.confirmation.selection import rank_finalists, survivors, tied_with_best
from packtune.models.training.metrics.catalog import Metric
from packtune.settings import Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How selection judges.

    Attributes:
        images: validation images of a training.
        resampled: whether each repeat has validation images of its own.
        overlap: with `resampled`, the share of the validation images among those that are divided anew, 0 to 1.
    """

    images: int
    resampled: bool
    overlap: float = 0.0
    prefer: Preference = Preference.BEST
    metric: Metric = Metric.ACCURACY


class Judgement:
    """What the trainings of selection say so far. A finalist is named by its index in exploration's order.

    Args:
        answers: [trainings, images] of each finalist, in the order of the repeats; see `rows_of`.
        compared: the rows of these from repeats in which finalists were compared; all of them if left out.
        parameters: of the networks.

    Attributes:
        answers: as given.
    """

    def __init__(
        self,
        answers: Mapping[int, Values],
        parameters: Sequence[int],
        rules: Rules,
        *,
        compared: Mapping[int, Values] | None = None,
    ) -> None:
        self.answers = answers
        self._compared = answers if compared is None else compared
        self._parameters = parameters
        self._rules = rules

    @classmethod
    def of_nothing(cls, finalists: int, parameters: Sequence[int], rules: Rules) -> Judgement:
        """Give the judgement before the first training: exploration's order."""
        nothing: Values = np.zeros((0, rules.images), dtype=np.bool_)
        return cls(dict.fromkeys(range(finalists), nothing), parameters, rules)

    def after(self, rows: Mapping[int, Values]) -> Judgement:
        """Give the judgement after a further round.

        Args:
            rows: [repeats, images] of each finalist that took part.
        """
        compared = _extend(self._compared, rows) if len(rows) > 1 else self._compared
        return Judgement(_extend(self.answers, rows), self._parameters, self._rules, compared=compared)

    def next_round(self, alive: Sequence[int], n: int) -> tuple[int, ...]:
        """Choose n finalists for the next round, in exploration's order.

        Of several, they are the best of those in the round before. One alone is the winner as it stands.

        Args:
            alive: finalists of the round before.
        """
        if n == 1:
            return (self.winner,)
        return survivors(self._larger_is_better({index: self._compared[index] for index in alive}), n)

    @cached_property
    def collapsed(self) -> frozenset[int]:
        """The finalists of which a training collapsed."""
        return find_collapsed(self.answers, metric=self._rules.metric)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The finalists, the best first."""
        return rank_finalists(self._larger_is_better(self.answers), self.collapsed)

    @cached_property
    def ties(self) -> tuple[int, ...]:
        """The finalists that cannot be told from the best at 95%, the best included; all before the first training."""
        if not any(map(len, self._compared.values())):
            return self.order
        rules = self._rules
        return tied_with_best(
            self._larger_is_better(self._compared),
            resampled=rules.resampled,
            overlap=rules.overlap,
            collapsed=self.collapsed,
        )

    @property
    def winner(self) -> int:
        """The finalist that is chosen: the best, or the smallest network that ties with it and did not collapse."""
        sound = [index for index in self.order if index in self.ties and index not in self.collapsed]
        chosen = sound or [index for index in self.order if index in self.ties]
        if self._rules.prefer is Preference.SMALL:
            return min(chosen, key=lambda index: self._parameters[index])
        return chosen[0]

    def _larger_is_better(self, answers: Mapping[int, Values]) -> Mapping[int, Values]:
        """Turn the values of a metric round of which smaller ones are better."""
        if self._rules.metric.entry.larger_is_better:
            return answers
        return {index: turned(values) for index, values in answers.items()}


def _extend(answers: Mapping[int, Values], rows: Mapping[int, Values]) -> dict[int, Values]:
    return {index: joined(seen, rows[index]) if index in rows else seen for index, seen in answers.items()}
