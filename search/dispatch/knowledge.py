"""What the packs taught that were told: merits at the rungs, and the best merit, after each pack."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.dispatch.halving import HalvingPlan
from packtune.trial import Outcome, TrialState

NO_MERIT = -1.0


class Knowledge:
    """What was known after each number of packs.

    Args:
        rungs: epochs at which merits are kept; none without halving.
    """

    def __init__(self, rungs: tuple[int, ...]) -> None:
        self._merits: dict[int, list[float]] = {rung: [] for rung in rungs}
        self._counts: dict[int, list[int]] = {rung: [0] for rung in rungs}
        self._bests = [NO_MERIT]

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Take in the next pack."""
        for rung, merits in self._merits.items():
            merits += [merit for outcome in outcomes for epoch, merit in outcome.merits if epoch == rung]
            self._counts[rung].append(len(merits))
        self._bests.append(max([self._bests[-1], *map(final_merit, outcomes)]))

    @property
    def n_packs(self) -> int:
        """The number of packs taken in."""
        return len(self._bests) - 1

    def halving(self, packs: int) -> HalvingPlan:
        """Plan the rungs of a pack from what the first `packs` packs taught."""
        told = {rung: tuple(known[: self._counts[rung][packs]]) for rung, known in self._merits.items()}
        return HalvingPlan(rungs=tuple(self._merits), told=told)

    def best(self, packs: int) -> float:
        """Give the best merit on validation of a COMPLETE trial in the first `packs` packs; -1 without one."""
        return self._bests[packs]


def final_merit(outcome: Outcome) -> float:
    """Give the merit on validation of a COMPLETE trial, 0 to 1; -1 for any other."""
    if outcome.state is not TrialState.COMPLETE or outcome.validation is None:
        return NO_MERIT
    return outcome.merit
