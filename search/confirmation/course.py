"""How far a confirmation is: which finalists train next, and which one selection has chosen. Sees no test image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from packtune.confirmation.finalists import Candidate
from packtune.confirmation.layout import Block, Layout
from packtune.confirmation.selection import rank_finalists, survivors, tied_with_best
from packtune.settings import Preference
from packtune.trial import Answers, Outcome


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
    prefer: Preference = Preference.ACCURACY


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
            return (self._winner(),)
        return self._selection[0][self.layout.rounds.index(block)]

    @property
    def winner(self) -> int | None:
        """The finalist that is chosen; none before selection is done."""
        return self._winner() if all(map(self._is_done, self.layout.rounds)) else None

    @property
    def answers(self) -> dict[int, npt.NDArray[np.bool_]]:
        """Which validation images each finalist labels right, bool [repeats, images], in the order of the repeats."""
        return self._selection[1]

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The finalists, the best first, by selection alone; without a round, in exploration's order."""
        return rank_finalists(self.answers) if self.layout.rounds else tuple(range(len(self.finalists)))

    @cached_property
    def ties(self) -> tuple[int, ...]:
        """The finalists that cannot be told from the best at 95%, the best included."""
        if not self.layout.rounds:
            return self.order
        return tied_with_best(self.answers, resampled=self._rules.resampled, overlap=self._rules.overlap)

    @cached_property
    def _selection(self) -> tuple[list[tuple[int, ...]], dict[int, npt.NDArray[np.bool_]]]:
        """The finalists of each round, up to the first that is not done, and the answers in the rounds before it."""
        alive = tuple(range(len(self.finalists)))
        answers = {index: np.zeros((0, self._rules.images), dtype=np.bool_) for index in alive}
        rounds: list[tuple[int, ...]] = []
        for block in self.layout.rounds:
            if rounds:
                alive = survivors({index: answers[index] for index in alive}, block.finalists)
            rounds.append(alive)
            if not self._is_done(block):
                break
            for place, index in enumerate(alive):
                answers[index] = np.vstack([answers[index], *map(self._right, block.numbers(place))])
        return rounds, answers

    def _winner(self) -> int:
        if self._rules.prefer is Preference.SMALL:
            rank = {index: place for place, index in enumerate(self.order)}
            return min(self.ties, key=lambda index: (self._parameters[index], rank[index]))
        return self.order[0]

    def _is_done(self, block: Block) -> bool:
        return all(number in self._outcomes for number in range(block.first, block.end))

    def _right(self, number: int) -> npt.NDArray[np.bool_]:
        return right_images(self._outcomes[number].right_validation, self._rules.images)


def right_images(answers: Answers | None, images: int) -> npt.NDArray[np.bool_]:
    """Give which images were labelled right, bool [images]; all wrong for a training that ended without a network.

    Raises:
        ValueError: the answers are of another number of images.
    """
    if answers is None:
        return np.zeros(images, dtype=np.bool_)
    if answers.images != images:
        raise ValueError(f"answers for {answers.images} images instead of {images}")
    return np.unpackbits(np.frombuffer(answers.bits, dtype=np.uint8), count=images).astype(np.bool_)
