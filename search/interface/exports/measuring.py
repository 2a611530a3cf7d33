"""How good an exported network is on the test examples: measured once, or as the run recorded it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from packtune.confirmation.estimate import Estimate, estimate_score, interval_of, wilson_interval
from packtune.data.dataset import Split
from packtune.models.trained_model import TrainedModel
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.classes import as_many_images
from packtune.models.training.metrics.measure import values_by_image
from packtune.protocol import Protocol
from packtune.report.ranking import Row
from packtune.report.winner import Winner


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What one exported model reaches on the test examples.

    Attributes:
        metric: of the search.
        score: by it; the interval is of the examples alone.
        accuracy: beside a score by another metric, where it is known.
    """

    metric: Metric
    score: Estimate
    accuracy: Estimate | None = None

    @property
    def in_words(self) -> str:
        """The score with its interval, and accuracy beside it."""
        beside = "" if self.accuracy is None else f"; accuracy {_with_interval(self.accuracy)}"
        return f"test {self.metric.in_words} {_with_interval(self.score)}{beside}"


@torch.inference_mode()
def measure(model: TrainedModel, test: Split, metric: Metric) -> Reached:
    """Measure a model on the test examples.

    Raises:
        ValueError: the metric has no value on them.
    """
    logits = model.logits(test.inputs)  # [n, heads, classes]
    right = (logits.argmax(2) == test.labels).all(1)
    accuracy = estimate_score(right.numpy()[None])
    if metric is Metric.ACCURACY:
        return Reached(metric=metric, score=accuracy)
    values = values_by_image(metric, logits.flatten(1).t()[None].contiguous(), test.labels)
    as_many = as_many_images(test.labels) if metric.entry.by_class else None
    score = estimate_score(values.double().numpy(), metric=metric, as_many=as_many)
    return Reached(metric=metric, score=score, accuracy=accuracy)


def recorded(winner: Winner, protocol: Protocol) -> Reached | None:
    """Give what the run recorded of the network that it kept; none if it recorded only the mean of several.

    Args:
        protocol: of the run, which says how many test examples were looked at.
    """
    verdict = winner.verdict
    if verdict is not None and verdict.best_test is not None:
        return Reached(metric=verdict.metric, score=verdict.best_test)
    if winner.row.replicates > 1 or verdict is not None:
        return None
    return _of_row(winner.row, protocol)


def _of_row(row: Row, protocol: Protocol) -> Reached | None:
    if row.test is None:
        return None
    measured, n = row.test.measured, protocol.evaluated(row.data.n_test, row.configuration.batch_size)
    if measured is None:
        low, high = wilson_interval(row.test.joint, n)
    else:
        variance = (measured.error or 0.0) ** 2
        low, high = interval_of(row.metric, measured.value, variance, measured.as_many or float(n))
    score = Estimate(mean=row.test.score, low=low, high=high, deviation=None, trainings=1, images=n)
    return Reached(metric=row.metric, score=score)


def _with_interval(estimate: Estimate) -> str:
    return f"{estimate.mean:.4f} (95% interval {estimate.low:.4f} to {estimate.high:.4f})"
