"""How far a confirmation is: which finalists train next, and which one selection has chosen. Sees no test image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from packtune.confirmation.crossed import Values
from packtune.confirmation.finalists import Candidate
from packtune.confirmation.judgement import Judgement, Rules
from packtune.confirmation.layout import Block, Layout
from packtune.confirmation.values import rows_of
from packtune.models.training.metrics.catalog import Metric
from packtune.trial import Outcome


class Course:
    """Selection among the finalists of one search.

    A finalist is named by its index in exploration's order, 0 for the best.

    Args:
        finalists: exploration's best, the best first.
        parameters: of their networks, in the same order.
        outcomes: of the trainings so far, by number, sealed.
    """

    def __init__(
        self,
        finalists: Sequence[Candidate],
        parameters: Sequence[int],
        layout: Layout,
        rules: Rules,
        outcomes: Mapping[int, Outcome],
    ) -> None:
        self.finalists = tuple(finalists)
        self.layout = layout
        self._parameters = parameters
        self._rules = rules
        self._outcomes = outcomes

    @property
    def block(self) -> Block | None:
        """The first block with a training that has no outcome yet; none if all have one."""
        return next((block for block in self.layout if not self._is_done(block)), None)

    def takes_part(self, block: Block) -> tuple[int, ...]:
        """List the finalists of a block, in exploration's order; the blocks before it are done."""
        if block == self.layout.report:
            return (self.judgement.winner,)
        return self._selection[0][self.layout.rounds.index(block)]

    @property
    def metric(self) -> Metric:
        """By which trainings are compared."""
        return self._rules.metric

    @property
    def has_selected(self) -> bool:
        """Tell whether selection is done."""
        return all(map(self._is_done, self.layout.rounds))

    @property
    def rounds(self) -> list[tuple[Block, tuple[int, ...]]]:
        """The rounds of selection that are done, each with those who took part, in exploration's order."""
        return [(block, self.takes_part(block)) for block in self.layout.rounds if self._is_done(block)]

    @property
    def judgement(self) -> Judgement:
        """What the rounds say that are done."""
        return self._selection[1]

    @cached_property
    def _selection(self) -> tuple[list[tuple[int, ...]], Judgement]:
        """The finalists of each round, up to the first that is not done, and what the rounds before it say."""
        alive = tuple(range(len(self.finalists)))
        judgement = Judgement.of_nothing(len(alive), self._parameters, self._rules)
        rounds: list[tuple[int, ...]] = []
        for block in self.layout.rounds:
            alive = judgement.next_round(alive, block.finalists) if rounds else alive
            rounds.append(alive)
            if not self._is_done(block):
                break
            judgement = judgement.after({index: self._rows(block, place) for place, index in enumerate(alive)})
        return rounds, judgement

    def _is_done(self, block: Block) -> bool:
        return all(number in self._outcomes for number in range(block.first, block.end))

    def _rows(self, block: Block, place: int) -> Values:
        return self.rows([self._outcomes[number] for number in block.numbers(place)])

    def rows(self, outcomes: Sequence[Outcome]) -> Values:
        """Give the table of some trainings, [trainings, validation images]; see `rows_of`."""
        scores, answers = [each.validation for each in outcomes], [each.right_validation for each in outcomes]
        return rows_of(scores, answers, images=self._rules.images, metric=self.metric)
