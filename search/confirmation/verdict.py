"""What a confirmation found: the winner with its expected accuracy, and the other finalists. Reads the test answers.

It is made once everything is decided; nothing that proposes, compares or selects imports it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from packtune.confirmation.course import Course
from packtune.confirmation.estimate import Estimate, estimate_score
from packtune.confirmation.finalists import Candidate
from packtune.confirmation.layout import Block
from packtune.confirmation.values import as_many_of, rows_of
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.score import mean_score
from packtune.trial import Accuracy, Outcome, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalist:
    """A finalist after selection.

    Attributes:
        tied: whether it cannot be told from the best.
        spread: the mean of its score on validation over the trainings of selection, with its interval. A single
            finalist has those of the report; none before there are any.
        validation, test: means over the same trainings; a training that diverged counts as the worst.
    """

    candidate: Candidate
    tied: bool
    spread: Estimate | None = None
    validation: Accuracy | None = None
    test: Accuracy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a confirmation found.

    Attributes:
        finalists: the best first, by selection alone.
        winner: the configuration that was chosen, or would be by now.
        has_selected: whether all rounds of selection are done.
        test: its expected score on the test images, from the trainings of the report; none before they are done.
        test_accuracy: its expected accuracy on them, from the same trainings; the same if that is the score.
        test_mean: the means over the same trainings.
        best_repeat: of the report's training with the best score on validation, whose network is kept.
        best_test: the score of that network alone on the test images, with the interval of the images.
        metric: of the scores.
    """

    finalists: tuple[Finalist, ...]
    winner: Candidate
    has_selected: bool = True
    test: Estimate | None
    test_accuracy: Estimate | None = None
    test_mean: Accuracy | None = None
    best_repeat: int | None = None
    best_test: Estimate | None = None
    metric: Metric = Metric.ACCURACY

    @property
    def held_score(self) -> float | None:
        """The mean score on validation of the winner over its fresh trainings; none before selection is done."""
        spread = next(each.spread for each in self.finalists if each.candidate == self.winner)
        return None if spread is None or not self.has_selected else spread.mean


def verdict_of(course: Course, outcomes: Mapping[int, Outcome], *, test_images: int) -> Verdict | None:
    """Give the verdict; none before the first round of selection is done.

    Args:
        outcomes: of the trainings, by number, as they were recorded.
        test_images: that an accuracy is measured on.
    """
    if not course.rounds and not course.has_selected:
        return None
    winner = course.finalists[course.judgement.winner]
    finalists = tuple(_finalist(course, outcomes, index) for index in course.judgement.order)
    unknown = Verdict(
        finalists=finalists, winner=winner, has_selected=course.has_selected, test=None, metric=course.metric
    )
    report = course.layout.report
    numbers = range(report.first, report.end)
    if not all(number in outcomes for number in numbers):
        return unknown
    return _reported(unknown, [outcomes[number] for number in numbers], report, test_images)


def _reported(verdict: Verdict, trained: Sequence[Outcome], report: Block, images: int) -> Verdict:
    """Add to a verdict what the trainings of the report say, in their order."""
    complete = [row for row, outcome in enumerate(trained) if outcome.state is TrialState.COMPLETE]
    best = max(complete, key=lambda row: (trained[row].merit, -row), default=None)
    diverged = len(trained) - len(complete)
    accuracy = _estimate_test(trained, diverged, images, Metric.ACCURACY)
    mean = mean_accuracy([outcome.test for outcome in trained], verdict.metric)
    return replace(
        verdict,
        has_selected=True,
        test=_estimate_test(trained, diverged, images, verdict.metric),
        test_accuracy=accuracy,
        test_mean=replace(mean, joint=accuracy.mean),
        best_repeat=None if best is None else report.repeat(report.first + best),
        best_test=None if best is None else _estimate_test([trained[best]], 0, images, verdict.metric),
    )


def _estimate_test(trained: Sequence[Outcome], diverged: int, images: int, metric: Metric) -> Estimate:
    scores = [outcome.test for outcome in trained]
    rows = rows_of(scores, [outcome.right_test for outcome in trained], images=images, metric=metric)
    return estimate_score(rows, diverged, metric=metric, as_many=as_many_of(scores, images))


def _finalist(course: Course, outcomes: Mapping[int, Outcome], index: int) -> Finalist:
    trained = [outcomes[number] for number in trainings_of(course, index) if number in outcomes]
    if not trained:
        return Finalist(candidate=course.finalists[index], tied=True)
    diverged = sum(outcome.state is not TrialState.COMPLETE for outcome in trained)
    rows, seen = course.rows(trained), [outcome.validation for outcome in trained]
    return Finalist(
        candidate=course.finalists[index],
        spread=estimate_score(rows, diverged, metric=course.metric, as_many=as_many_of(seen, rows.shape[1])),
        validation=mean_accuracy(seen, course.metric),
        test=mean_accuracy([outcome.test for outcome in trained], course.metric),
        tied=index in course.judgement.ties,
    )


def trainings_of(course: Course, index: int) -> list[int]:
    """List the trainings of a finalist in the rounds that are done, by number; of a single one, those of the report."""
    if not course.layout.rounds:
        return list(course.layout.report.numbers(0))
    taking_part = course.rounds
    return [n for block, finalists in taking_part if index in finalists for n in block.numbers(finalists.index(index))]


def mean_accuracy(accuracies: Sequence[Accuracy | None], metric: Metric = Metric.ACCURACY) -> Accuracy:
    """Average accuracies, and scores by another metric; none, of a training that diverged, counts as the worst."""
    known = [accuracy for accuracy in accuracies if accuracy is not None]
    heads = zip(*(accuracy.heads for accuracy in known), strict=True)
    n = len(accuracies)
    return Accuracy(
        joint=math.fsum(accuracy.joint for accuracy in known) / n,
        heads=tuple(math.fsum(values) / n for values in heads),
        measured=mean_score(
            [accuracy.measured for accuracy in known if accuracy.measured], share=len(known) / n, metric=metric
        ),
    )
