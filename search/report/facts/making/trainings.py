"""The trials of a search, the learning curves of its finalists, and how its best score came about."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from packtune.confirmation.course import Course
from packtune.confirmation.verdict import trainings_of
from packtune.data.files import readable
from packtune.models.training.metrics.catalog import Metric
from packtune.report.facts.making.tried import Tried
from packtune.report.facts.trainings import (
    BestStep,
    Curve,
    FinalistCurves,
    ProgressFacts,
    SpreadPoint,
    StageFacts,
    TrialFacts,
)
from packtune.trial import Outcome, TrialRecord, TrialState


def trial_facts(record: TrialRecord, tried: Tried) -> TrialFacts:
    """Give the facts of a trial, open or ended."""
    outcome = record.outcome
    return TrialFacts(
        number=record.proposal.number,
        state=record.state.value,
        epochs=outcome.epochs if outcome else 0,
        score=outcome.validation.score if outcome and outcome.validation else None,
        merit=outcome.merit if outcome else None,
        values=tried.values(record.proposal.configuration),
        curve=outcome.curve if outcome else (),
        reason=readable(outcome.reason) if outcome else "",
    )


def finalist_curves(course: Course, outcomes: Mapping[int, Outcome]) -> Iterator[FinalistCurves]:
    """Give the curves of each finalist over its fresh trainings, in the order of selection.

    Args:
        outcomes: of the trainings, by number.
    """
    for index in course.judgement.order:
        curves = tuple(outcomes[n].curve for n in trainings_of(course, index) if n in outcomes)
        if curves:
            yield FinalistCurves(trial=course.finalists[index].trial, curves=curves, spread=tuple(_spread(curves)))


def _spread(curves: Sequence[Curve]) -> Iterator[SpreadPoint]:
    """Give mean and bounds of each epoch, over the trainings that have it: one that diverged ends early."""
    scores: dict[int, list[float]] = {}
    for curve in curves:
        for epoch, score in curve:
            scores.setdefault(epoch, []).append(score)
    for epoch, found in sorted(scores.items()):
        yield SpreadPoint(epoch=epoch, mean=math.fsum(found) / len(found), low=min(found), high=max(found))


def best_steps(records: Sequence[TrialRecord], metric: Metric) -> list[BestStep]:
    """List the trials that were trained to the end and were better than all before them, by number."""
    best, steps = -1.0, []
    for at, record in enumerate(records, 1):
        outcome = record.outcome
        if outcome is None or outcome.validation is None or record.state is not TrialState.COMPLETE:
            continue
        if metric.merit(outcome.validation.score) > best:
            best = metric.merit(outcome.validation.score)
            steps.append(BestStep(at=at, trial=record.proposal.number, score=outcome.validation.score))
    return steps


def progress_facts(
    records: Sequence[TrialRecord], metric: Metric, course: Course | None, confirmed: Mapping[int, Outcome] | None
) -> ProgressFacts:
    """Say how the best score came about.

    Args:
        course: of the confirmation; none if there is none.
        confirmed: outcomes of its trainings, by number; none if it has not begun.
    """
    stages = list(_stages(len(records), course, confirmed))
    return ProgressFacts(best=tuple(best_steps(records, metric)), stages=tuple(stages), trainings=stages[-1].end)


def _stages(explored: int, course: Course | None, confirmed: Mapping[int, Outcome] | None) -> Iterator[StageFacts]:
    told = f"{explored:,} trial{'s' * (explored != 1)}, each a configuration trained once"
    yield StageFacts(name="exploration", first=0, end=explored, in_words=told)
    if course is None or confirmed is None:
        return
    report = course.layout.report
    if course.layout.rounds:
        told = f"the best {len(course.finalists)} trained again from fresh seeds, to select one"
        yield StageFacts(name="selection", first=explored, end=explored + report.first, in_words=told)
    if any(number >= report.first for number in confirmed):
        times = "once" if report.repeats == 1 else f"{report.repeats} times"
        told = f"the selected one trained {times} from further seeds, for what it is worth on test examples"
        yield StageFacts(name="report", first=explored + report.first, end=explored + report.end, in_words=told)
