"""Which configurations are confirmed: the best few of exploration, by validation accuracy."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from packtune.models.configuration import Configuration
from packtune.trial import TrialRecord, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A configuration that exploration trained to the end.

    Attributes:
        trial: number of its first complete trial.
        score: mean joint validation accuracy of its complete trials, 0 to 1; a trial that diverged counts as 0.
        trials: the number of trials in the mean.
    """

    trial: int
    configuration: Configuration
    score: float
    trials: int


def candidates_of(records: Iterable[TrialRecord]) -> list[Candidate]:
    """List the configurations with a complete trial, the best first; ties go to the lower trial number.

    Where a run was extended to more epochs, the trials that trained longest count.
    """
    groups: dict[Hashable, list[TrialRecord]] = {}
    for record in records:
        if record.state in (TrialState.COMPLETE, TrialState.DIVERGED):
            groups.setdefault(tuple(record.proposal.configuration.used().items()), []).append(record)
    longest = max((epochs_of(record) for group in groups.values() for record in group if _complete(record)), default=0)
    found = [_candidate(group, longest) for group in groups.values()]
    return sorted((each for each in found if each is not None), key=lambda each: (-each.score, each.trial))


def epochs_of(record: TrialRecord) -> int:
    """Count the epochs that a trial was trained."""
    return record.outcome.epochs if record.outcome else 0


def _candidate(group: list[TrialRecord], epochs: int) -> Candidate | None:
    complete = [record for record in group if _complete(record) and epochs_of(record) == epochs]
    if not complete:
        return None
    trials = len(complete) + sum(record.state is TrialState.DIVERGED for record in group)
    score = math.fsum(map(_accuracy, complete)) / trials
    first = complete[0].proposal
    return Candidate(trial=first.number, configuration=first.configuration, score=score, trials=trials)


def _accuracy(record: TrialRecord) -> float:
    return record.outcome.validation.joint if record.outcome and record.outcome.validation else 0.0


def _complete(record: TrialRecord) -> bool:
    return record.state is TrialState.COMPLETE
