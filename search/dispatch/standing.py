"""How far a search is, for those who show it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from packtune.trial import TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a search is, or several that run together.

    Attributes:
        trials: of the whole search.
        finished: the number of trials with an outcome, by state.
        running: the number of trials in training, without the packs that wait for a worker.
        under_way: what the running trials have trained, in full trainings.
        best: (trial number, joint validation accuracy) of the best COMPLETE trial so far.
    """

    trials: int
    finished: Counter[TrialState]
    running: int
    under_way: float
    best: tuple[int, float] | None


def add_up(standings: Sequence[Standing]) -> Standing:
    """Give the standing of several searches together; the best trial is named only where there is one search."""
    return Standing(
        trials=sum(standing.trials for standing in standings),
        finished=sum((standing.finished for standing in standings), Counter()),
        running=sum(standing.running for standing in standings),
        under_way=math.fsum(standing.under_way for standing in standings),
        best=standings[0].best if len(standings) == 1 else None,
    )
