"""The trainings of selection and report, numbered: which number trains which finalist, from which repeat's seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packtune.confirmation.sizes import Sizes

FIRST_OF_REPORT = 1_000_000
"""The first repeat of the report: none of selection has a number as high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Trainings with consecutive numbers: some finalists, each from the same repeats, one repeat after another.

    Attributes:
        first: number of the first training.
        finalists: how many take part.
        first_repeat: the first of the repeats, which follow one another.
        repeats: how many.
    """

    first: int
    finalists: int
    first_repeat: int
    repeats: int

    @property
    def end(self) -> int:
        """The number after the last training."""
        return self.first + self.finalists * self.repeats

    def repeat(self, number: int) -> int:
        """Give the repeat of a training."""
        return self.first_repeat + (number - self.first) // self.finalists

    def place(self, number: int) -> int:
        """Give the place of a training's finalist among those that take part."""
        return (number - self.first) % self.finalists

    def numbers(self, place: int) -> range:
        """List the trainings of the finalist at a place, in the order of the repeats."""
        return range(self.first + place, self.end, self.finalists)


class Layout:
    """All trainings of one confirmation.

    Attributes:
        rounds: the blocks of selection, in order; those without repeats are left out.
        report: the block of the report.
    """

    def __init__(self, sizes: Sizes) -> None:
        rounds, first, repeat = [], 0, 0
        for each in sizes.rounds:
            if each.repeats:
                rounds.append(Block(first=first, finalists=each.finalists, first_repeat=repeat, repeats=each.repeats))
                first, repeat = rounds[-1].end, repeat + each.repeats
        self.rounds = tuple(rounds)
        self.report = Block(first=first, finalists=1, first_repeat=FIRST_OF_REPORT, repeats=sizes.replicates)

    def __iter__(self) -> Iterator[Block]:
        """Give the blocks in order, the report last."""
        yield from self.rounds
        yield self.report

    def block(self, number: int) -> Block:
        """Find the block of a training.

        Raises:
            ValueError: there is no training with that number.
        """
        for block in self:
            if block.first <= number < block.end:
                return block
        raise ValueError(f"a confirmation of {self.report.end} trainings has none with the number {number}")

    def repeat(self, number: int) -> int:
        """Give the repeat of a training, by its number.

        Raises:
            ValueError: there is no training with that number.
        """
        return self.block(number).repeat(number)
