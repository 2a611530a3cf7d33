"""What the packs taught that were told: accuracies at the rungs, and the best accuracy, after each pack."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.dispatch.halving import HalvingPlan
from packtune.trial import Outcome, TrialState

NO_ACCURACY = -1.0


class Knowledge:
    """What was known after each number of packs.

    Args:
        rungs: epochs at which accuracies are kept; none without halving.
    """

    def __init__(self, rungs: tuple[int, ...]) -> None:
        self._accuracies: dict[int, list[float]] = {rung: [] for rung in rungs}
        self._counts: dict[int, list[int]] = {rung: [0] for rung in rungs}
        self._bests = [NO_ACCURACY]

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Take in the next pack."""
        for rung, accuracies in self._accuracies.items():
            accuracies += [accuracy for outcome in outcomes for epoch, accuracy in outcome.curve if epoch == rung]
            self._counts[rung].append(len(accuracies))
        self._bests.append(max([self._bests[-1], *map(final_accuracy, outcomes)]))

    @property
    def n_packs(self) -> int:
        """The number of packs taken in."""
        return len(self._bests) - 1

    def halving(self, packs: int) -> HalvingPlan:
        """Plan the rungs of a pack from what the first `packs` packs taught."""
        told = {rung: tuple(known[: self._counts[rung][packs]]) for rung, known in self._accuracies.items()}
        return HalvingPlan(rungs=tuple(self._accuracies), told=told)

    def best(self, packs: int) -> float:
        """Give the best joint validation accuracy of a COMPLETE trial in the first `packs` packs; -1 without one."""
        return self._bests[packs]


def final_accuracy(outcome: Outcome) -> float:
    """Give the joint validation accuracy of a COMPLETE trial, 0 to 1; -1 for any other."""
    if outcome.state is not TrialState.COMPLETE or outcome.validation is None:
        return NO_ACCURACY
    return outcome.validation.joint
