"""What the members of a pack reach when they end: accuracies, and scores by another metric with their errors."""

from __future__ import annotations

import math
from dataclasses import replace

from packtune.data.dataset import Dataset, Split
from packtune.dispatch.pack_task import PackTask
from packtune.models.training.evaluation import Evaluation
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.classes import as_many_images
from packtune.models.training.metrics.score import Score, pack_values
from packtune.models.training.pack_training import PackTraining
from packtune.trial import Accuracy, TrialState
from packtune.worker.member_progress import accuracy_of, with_score


def measure(
    training: PackTraining, data: Dataset, task: PackTask, state: TrialState
) -> list[tuple[Accuracy | None, Accuracy]]:
    """Measure each member on the test images.

    Of those that are COMPLETE by another metric than accuracy, what images say about the score is measured too, also on
    validation.

    Args:
        state: of the members that end now.

    Returns:
        (on validation, on test) of each member; none where there is nothing new to be said of validation.

    Raises:
        ValueError: the metric has no value on a split.
    """
    if task.metric is Metric.ACCURACY:
        return [(None, accuracy_of(evaluation)) for evaluation in training.evaluate(data.test)]
    if state is not TrialState.COMPLETE:
        evaluations = training.evaluate(data.test, task.metric)
        return [(None, with_score(accuracy_of(each), _value(each, task.metric))) for each in evaluations]
    validation, test = (
        scored(training, split, task.metric, keeps_values=task.wants_answers) for split in (data.validation, data.test)
    )
    return list(zip(validation, test, strict=True))


def scored(training: PackTraining, split: Split, metric: Metric, *, keeps_values: bool) -> list[Accuracy]:
    """Measure each member of a training on a split.

    Args:
        metric: any but accuracy.
        keeps_values: whether to keep what each image says about the score.

    Raises:
        ValueError: the metric has no value on this split.
    """
    as_many = as_many_images(split.labels) if metric.entry.by_class else float(len(split))
    return [
        replace(accuracy_of(evaluation), measured=_score(evaluation, metric, as_many, keeps_values=keeps_values))
        for evaluation in training.evaluate(split, metric, by_image=True)
    ]


def _value(evaluation: Evaluation, metric: Metric) -> float:
    """Give the score; the worst if outputs overflow on some image of this split alone."""
    return metric.entry.worst if evaluation.diverged else evaluation.score


def _score(evaluation: Evaluation, metric: Metric, as_many: float, *, keeps_values: bool) -> Score:
    if evaluation.by_image is None or evaluation.diverged:
        return Score(value=_value(evaluation, metric), error=0.0, as_many=as_many)
    values = evaluation.by_image.double()
    error = float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Score(
        value=evaluation.score,
        error=error,
        as_many=as_many,
        by_image=pack_values(evaluation.by_image.numpy().astype("<f4").tobytes()) if keeps_values else b"",
    )
