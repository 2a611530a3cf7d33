"""Which configurations are confirmed: the best few of exploration, by their score on validation."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from packtune.models.configuration import Configuration
from packtune.models.training.metrics.catalog import Metric
from packtune.trial import BuiltNetwork, TrialRecord, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A configuration that exploration trained to the end.

    Attributes:
        trial: number of its first complete trial.
        score: mean over its complete trials, on validation; a trial that diverged counts as the worst score.
        trials: the number of trials in the mean.
        metric: of the score.
        network: of a network of the user's own; none of a built-in one.
    """

    trial: int
    configuration: Configuration
    score: float
    trials: int
    metric: Metric = Metric.ACCURACY
    network: BuiltNetwork | None = None

    @property
    def merit(self) -> float:
        """What the score is compared by: 0 to 1, larger is better."""
        return self.metric.merit(self.score)


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
    return sorted((each for each in found if each is not None), key=lambda each: (-each.merit, each.trial))


def epochs_of(record: TrialRecord) -> int:
    """Count the epochs that a trial was trained."""
    return record.outcome.epochs if record.outcome else 0


def _candidate(group: list[TrialRecord], epochs: int) -> Candidate | None:
    complete = [record for record in group if _complete(record) and epochs_of(record) == epochs]
    if not complete:
        return None
    metric = complete[0].outcome.metric if complete[0].outcome else Metric.ACCURACY
    diverged = sum(record.state is TrialState.DIVERGED for record in group)
    scores = [_score(record, metric) for record in complete] + diverged * [metric.entry.worst]
    first = complete[0].proposal
    return Candidate(
        trial=first.number,
        configuration=first.configuration,
        score=math.fsum(scores) / len(scores),
        trials=len(scores),
        metric=metric,
        network=complete[0].outcome.network if complete[0].outcome else None,
    )


def _score(record: TrialRecord, metric: Metric) -> float:
    return record.outcome.validation.score if record.outcome and record.outcome.validation else metric.entry.worst


def _complete(record: TrialRecord) -> bool:
    return record.state is TrialState.COMPLETE
