"""What a confirmation found: the winner with its expected accuracy, and the other finalists. Reads the test answers.

It is made once everything is decided; nothing that proposes, compares or selects imports it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from packtune.confirmation.course import Course, right_images
from packtune.confirmation.estimate import Estimate, estimate_accuracy
from packtune.confirmation.finalists import Candidate
from packtune.trial import Accuracy, Outcome, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalist:
    """A finalist after selection.

    Attributes:
        tied: whether it cannot be told from the best.
        spread: the mean of its joint validation accuracy over the trainings of selection, with its interval. A single
            finalist has those of the report; none before there are any.
        validation, test: means over the same trainings; a training that diverged counts as 0.
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
        test: its expected joint accuracy on the test images, from the trainings of the report; none before they are
            done.
        test_heads: the mean accuracy of each head, from the same trainings.
        best_repeat: of the report's training with the best validation accuracy, whose network is kept.
        best_test: the test accuracy of that network alone, with the interval of the images.
    """

    finalists: tuple[Finalist, ...]
    winner: Candidate
    has_selected: bool = True
    test: Estimate | None
    test_heads: tuple[float, ...] = ()
    best_repeat: int | None = None
    best_test: Estimate | None = None


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
    report = course.layout.report
    numbers = range(report.first, report.end)
    if not all(number in outcomes for number in numbers):
        return Verdict(finalists=finalists, winner=winner, has_selected=course.has_selected, test=None)
    answers = np.array([right_images(outcomes[number].right_test, test_images) for number in numbers])
    complete = [number for number in numbers if outcomes[number].state is TrialState.COMPLETE]
    best = max(complete, key=lambda number: (_validation(outcomes[number]), -number), default=None)
    return Verdict(
        finalists=finalists,
        winner=winner,
        test=estimate_accuracy(answers, len(numbers) - len(complete)),
        test_heads=mean_accuracy([outcomes[number].test for number in numbers]).heads,
        best_repeat=None if best is None else report.repeat(best),
        best_test=None if best is None else estimate_accuracy(answers[[best - report.first]]),
    )


def _finalist(course: Course, outcomes: Mapping[int, Outcome], index: int) -> Finalist:
    trained = [outcomes[number] for number in trainings_of(course, index) if number in outcomes]
    if not trained:
        return Finalist(candidate=course.finalists[index], tied=True)
    diverged = sum(outcome.state is not TrialState.COMPLETE for outcome in trained)
    answers = np.array([right_images(outcome.right_validation, course.validation_images) for outcome in trained])
    return Finalist(
        candidate=course.finalists[index],
        spread=estimate_accuracy(answers, diverged),
        validation=mean_accuracy([outcome.validation for outcome in trained]),
        test=mean_accuracy([outcome.test for outcome in trained]),
        tied=index in course.judgement.ties,
    )


def trainings_of(course: Course, index: int) -> list[int]:
    """List the trainings of a finalist in the rounds that are done, by number; of a single one, those of the report."""
    if not course.layout.rounds:
        return list(course.layout.report.numbers(0))
    taking_part = course.rounds
    return [n for block, finalists in taking_part if index in finalists for n in block.numbers(finalists.index(index))]


def mean_accuracy(accuracies: Sequence[Accuracy | None]) -> Accuracy:
    """Average accuracies; one that is none, of a training that diverged, counts as 0."""
    known = [accuracy for accuracy in accuracies if accuracy is not None]
    heads = zip(*(accuracy.heads for accuracy in known), strict=True)
    n = len(accuracies)
    return Accuracy(
        joint=math.fsum(accuracy.joint for accuracy in known) / n,
        heads=tuple(math.fsum(values) / n for values in heads),
    )


def _validation(outcome: Outcome) -> float:
    return -1.0 if outcome.validation is None else outcome.validation.joint
