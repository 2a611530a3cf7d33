"""Proposes the trainings of a confirmation: the finalists of one repeat after those of another."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.confirmation.layout import Block
from packtune.proposals.proposer import Capacity, Proposer, Suggestion, Window
from packtune.trial import Outcome


class FinalistsWindow(Window):
    """The finalists of one repeat, so that no pack has two trainings of one finalist."""

    def __init__(self, suggestions: Sequence[Suggestion]) -> None:
        self._suggestions = suggestions

    def leader(self) -> Suggestion:
        return self._suggestions[0]

    def size(self, capacity: Capacity) -> int:
        return len(self._suggestions)

    def others(self, n: int) -> list[Suggestion]:
        return list(self._suggestions[1 : n + 1])


class FinalistsProposer(Proposer):
    """Proposes the finalists of one block.

    Args:
        finalists: a trial of each that takes part, in order.
    """

    def __init__(self, block: Block, finalists: Sequence[Suggestion]) -> None:
        self._block = block
        self._suggestions = [each.again() for each in finalists]

    def add(self, number: int, suggestion: Suggestion) -> None:
        """Keep nothing: the number of a trial decides its configuration."""

    def tell(self, number: int, outcome: Outcome) -> None:
        """Learn nothing."""

    def window(self, first: int, pack: int) -> FinalistsWindow:
        return FinalistsWindow(self._suggestions[self._block.place(first) :])
