"""A window of trials that are proposed one after another and grouped into packs by their shapes afterwards."""

from __future__ import annotations

from collections.abc import Callable

from packtune.proposals.proposer import Capacity, Suggestion, Window


class OneByOneWindow(Window):
    """Proposes trial after trial; neither the leader nor the capacity of a pack limits the others.

    Args:
        first: number of the leader.
        n_trials: in the window, 1 or more.
        suggest: proposes the trial with a number.
    """

    def __init__(self, first: int, n_trials: int, suggest: Callable[[int], Suggestion]) -> None:
        self._first = first
        self._n_trials = n_trials
        self._suggest = suggest

    def leader(self) -> Suggestion:
        return self._suggest(self._first)

    def size(self, capacity: Capacity) -> int:
        return self._n_trials

    def others(self, n: int) -> list[Suggestion]:
        return [self._suggest(self._first + i) for i in range(1, n + 1)]
