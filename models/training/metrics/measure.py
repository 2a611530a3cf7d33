"""Scores of the members of a pack by any metric, and what each image says about them.

An image says a number about a score (its pseudo-value): the mean over the images is the score, and the spread over
`sqrt(n)` the score's standard error, where images are drawn at random. It is the score plus the image's influence on it
(Hampel 1974, Efron and Tibshirani 1993, chapter 21). For accuracy it is 1 where the image is labelled right, else 0.

Of several heads the score is the mean of theirs; only accuracy asks that all heads are right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from packtune.models.training.metrics.auc import auc_by_image, aucs
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.confusion import (
    balanced_accuracies,
    balanced_accuracy_by_image,
    macro_f1_by_image,
    macro_f1s,
)
from packtune.models.training.metrics.log_loss import log_loss_by_image, log_losses


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How a metric of one head is computed.

    Attributes:
        scores: (logits float32 [members, classes, n], truth int64 [n]) -> score of each member.
        by_image: the same -> float64 [members, n], see above.
    """

    scores: Callable[[Tensor, Tensor], list[float]]
    by_image: Callable[[Tensor, Tensor], Tensor]


MEASURES: dict[Metric, Measure] = {
    Metric.BALANCED_ACCURACY: Measure(scores=balanced_accuracies, by_image=balanced_accuracy_by_image),
    Metric.MACRO_F1: Measure(scores=macro_f1s, by_image=macro_f1_by_image),
    Metric.LOG_LOSS: Measure(scores=log_losses, by_image=log_loss_by_image),
    Metric.AUC: Measure(scores=aucs, by_image=auc_by_image),
}
"""All but accuracy, which `packtune.models.training.evaluation` counts as it goes."""


def scores_of(metric: Metric, logits: Tensor, labels: Tensor) -> list[float]:
    """Score each member.

    Args:
        metric: a key of `MEASURES`.
        logits: float32 [members, heads * classes, n]; those of a diverged member give a number without meaning.
        labels: int64 [n, heads].

    Raises:
        ValueError: the metric has no value on this split.
    """
    heads = [MEASURES[metric].scores(of_head, truth) for of_head, truth in _by_head(logits, labels)]
    return [math.fsum(scores) / len(heads) for scores in zip(*heads, strict=True)]


def values_by_image(metric: Metric, logits: Tensor, labels: Tensor) -> Tensor:
    """Give what each image says about the score of each member: float32 [members, n], on the CPU.

    Arguments and errors are those of `scores_of`.
    """
    heads = [MEASURES[metric].by_image(of_head, truth) for of_head, truth in _by_head(logits, labels)]
    return torch.stack(heads).mean(0).float().cpu()


def _by_head(logits: Tensor, labels: Tensor) -> list[tuple[Tensor, Tensor]]:
    heads = logits.unflatten(1, (labels.shape[1], -1))
    return [(heads[:, number], labels[:, number].contiguous()) for number in range(labels.shape[1])]
