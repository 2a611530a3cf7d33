"""What took how long: seconds of training, which differ from machine to machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from packtune.models.training.metrics.catalog import Metric
from packtune.report.facts.making.leaders import trade_points
from packtune.report.facts.place import TimedStage, TimedStep, TimeFacts
from packtune.report.facts.trainings import ProgressFacts
from packtune.report.ranking import Row
from packtune.trial import Outcome, TrialRecord


def time_facts(
    records: Sequence[TrialRecord],
    rows: Sequence[Row],
    progress: ProgressFacts,
    confirmed: Mapping[int, Outcome] | None,
    metric: Metric,
) -> TimeFacts:
    """Give what took how long.

    Args:
        records, rows: of exploration.
        progress: of the same search.
        confirmed: outcomes of the confirmation, by number; none if it has not begun.
    """
    seconds = [record.outcome.seconds if record.outcome else None for record in records]
    fresh = range(progress.trainings - len(records))  # the trainings of the confirmation, by number
    known = confirmed or {}
    of_fresh = [known[number].seconds if number in known else 0.0 for number in fresh]
    ends = [0.0, *accumulate([each or 0.0 for each in seconds] + of_fresh)]
    of_trial = {record.proposal.number: each for record, each in zip(records, seconds, strict=True)}
    devices = {record.outcome.device for record in records if record.outcome and record.outcome.device}
    return TimeFacts(
        trial_s=tuple(seconds),
        best=tuple(TimedStep(seconds=ends[step.at], trial=step.trial, score=step.score) for step in progress.best),
        stages=tuple(
            TimedStage(name=each.name, first_s=ends[each.first], end_s=ends[each.end]) for each in progress.stages
        ),
        training_s=ends[-1],
        trade=trade_points(rows, lambda row: of_trial[row.trial], metric),
        devices=tuple(sorted(devices)),
    )
