"""The best trials of a search so far, and how the best score has risen. Each outcome is looked at once."""

from __future__ import annotations

import bisect

from packtune.dispatch.knowledge import final_merit
from packtune.dispatch.standing import Leader
from packtune.trial import Outcome, Proposal, TrialState

MOST = 5


class Leaders:
    """The best COMPLETE trials, at most five of them.

    Attributes:
        best: the best trials, the best first; ties go to the lower number.
        rise: (finished trials, score) at each trial that was better than all before it.
    """

    def __init__(self) -> None:
        self.best: list[Leader] = []
        self.rise: list[tuple[int, float]] = []
        self._keys: list[tuple[float, int]] = []  # of `best`: the best has the smallest

    def offer(self, proposal: Proposal, outcome: Outcome, finished: int) -> None:
        """Take in an outcome.

        Args:
            finished: the number of trials with an outcome, this one among them.
        """
        if outcome.state is not TrialState.COMPLETE or outcome.validation is None:
            return
        score, merit = outcome.validation.score, final_merit(outcome)
        if not self._keys or -merit < self._keys[0][0]:
            self.rise.append((finished, score))
        key = -merit, proposal.number
        place = bisect.bisect(self._keys, key)
        if place < MOST:
            used = tuple(proposal.configuration.used().items())
            self._keys.insert(place, key)
            self.best.insert(place, Leader(trial=proposal.number, score=score, values=used))
            del self._keys[MOST:], self.best[MOST:]
