"""What a configuration is worth: the score to expect of a fresh training, with a 95% interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from packtune.confirmation.collapse import count_collapsed
from packtune.confirmation.crossed import Answers, Layout, Values, analyse
from packtune.confirmation.student import t_quantile
from packtune.models.training.metrics.catalog import Metric
from packtune.trial import Accuracy

CONFIDENCE = 0.95
NORMAL = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
MAX_EXPONENT = 700.0
"""No larger power of e is a float64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A score to expect, from some trainings of one configuration: an accuracy, or one by another metric.

    Attributes:
        mean: mean score of the trainings; one that diverged counts as the worst: with accuracy, as none right.
        low, high: 95% interval of the expected score of a fresh training on fresh images. Where no training collapsed,
            it is that of a training that does not collapse: a few trainings cannot rule out that others do.
        deviation: standard deviation of the scores of single trainings; none with one training.
        trainings, images: how many there were, 1 or more.
        diverged: how many of the trainings diverged.
        collapsed: how many diverged, or have less than half of the merit of the best of them, see `count_collapsed`.
    """

    mean: float
    low: float
    high: float
    deviation: float | None
    trainings: int
    images: int
    diverged: int = 0
    collapsed: int = 0


def estimate_score(
    values: Values, diverged: int = 0, *, metric: Metric = Metric.ACCURACY, as_many: float | None = None
) -> Estimate:
    """Estimate the expected score of a configuration from fresh trainings on fresh images.

    Trainings and images are both samples. Each adds a part to the variance of the mean (see `Layout`). The interval is
    Wilson's (1927) for the number of independent images that would give this variance, as for clustered samples (Kott
    and Carr 1997, Dean and Pagano 2015): it is never empty, and lies within 0 and 1. The part of the few trainings has
    Student's quantile, that of the images the normal one; the squares of the two half-widths add up (Zou and Donner
    2008). In simulations (results/winner/simulation.md) it held the truth in 92.4 to 96.1 of 100 cases with 4
    trainings, 94.9 on average, and in 93.1 to 96.2 with 8. With 3 it may be as few as 92.

    With one training, or one image, the images alone speak: the interval is blind to what another seed would change.

    By another metric than accuracy, an image says how much it moves the score, and the same two parts of the variance
    are those of these values; see `interval_of` for the bounds.

    Args:
        values: [trainings, images], of the test images, which no decision has seen; see `rows_of`.
        diverged: how many of the trainings diverged; their rows are the worst there is.
        as_many: see `Score`; none for the number of images.

    Raises:
        ValueError: if there is no value, or if more trainings diverged than there are.
    """
    if not 0 <= diverged <= len(values):
        raise ValueError(f"{diverged} of {len(values)} trainings diverged: give a number from 0 to that of trainings")
    layout = analyse(values)
    low, high = _interval(layout) if metric is Metric.ACCURACY else _interval_by(metric, layout, as_many)
    several = layout.repeats > 1
    return Estimate(
        mean=layout.mean,
        low=low,
        high=high,
        deviation=math.sqrt(layout.of_repeats / layout.images) if several else None,
        trainings=layout.repeats,
        images=layout.images,
        diverged=diverged,
        collapsed=count_collapsed(values, metric=metric),
    )


def estimate_accuracy(answers: Answers, diverged: int = 0) -> Estimate:
    """Estimate the expected accuracy of a configuration; see `estimate_score`."""
    return estimate_score(answers, diverged)


def interval_of_one(metric: Metric, measured: Accuracy, images: int) -> tuple[float, float]:
    """Bound the true score of one trained network, by the images alone; see `interval_of`.

    Args:
        measured: what it reached on them.
    """
    score = measured.measured
    if score is None:
        return wilson_interval(measured.score, images)
    return interval_of(metric, score.value, (score.error or 0.0) ** 2, score.as_many or float(images))


def interval_of(
    metric: Metric, score: float, variance: float, as_many: float, quantile: float = NORMAL
) -> tuple[float, float]:
    """Bound a true score by what was seen.

    From 0 to 1 it is Wilson's interval, for the number of independent images that would give this variance. Of a mean
    over classes that number is at most `as_many`: a few images of a rare class that are all labelled right show no
    variance, and still say little. An AUC may vary less, and has that number only where there is no variance at all.
    The bounds of a log-loss are those of its logarithm, as losses are far from symmetric.

    Args:
        variance: of the score, 0 or more.
        as_many: see `Score`; times what further trainings on the same images add.
        quantile: see `wilson_interval`.
    """
    if metric is Metric.LOG_LOSS:
        half = quantile * math.sqrt(variance) / score if score else 0.0
        return score * math.exp(-half), min(metric.entry.worst, score * math.exp(min(half, MAX_EXPONENT)))
    share = min(1.0, max(0.0, score))
    n = share * (1 - share) / variance if 0 < variance < math.inf else 0.0
    bounded = n if n and metric is Metric.AUC else min(n or as_many, as_many)
    return wilson_interval(share, bounded, quantile)


def wilson_interval(share: float, n: float, quantile: float = NORMAL) -> tuple[float, float]:
    """Bound a true share after Wilson (1927).

    Args:
        share: what was seen, 0 to 1.
        n: the number of independent images, above 0; or of as many as would vary so much.
        quantile: of the normal distribution for 95%, or what takes its place.

    Returns:
        Lower and upper bound, 0 to 1.
    """
    square = quantile * quantile / n
    centre = (share + square / 2) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def _interval(layout: Layout) -> tuple[float, float]:
    variance = layout.image_variance + layout.repeat_variance
    spread = layout.mean * (1 - layout.mean)
    if layout.repeats == 1 or not 0 < variance < math.inf:
        return wilson_interval(layout.mean, layout.images)
    return wilson_interval(layout.mean, spread / variance, _quantile(layout))


def _interval_by(metric: Metric, layout: Layout, as_many: float | None) -> tuple[float, float]:
    variance = layout.image_variance + layout.repeat_variance
    of_one = as_many or float(layout.images)
    return interval_of(metric, layout.mean, variance, of_one * layout.gain, _quantile(layout))


def _quantile(layout: Layout) -> float:
    """Combine the quantiles of images and of repeats, so that the squares of the two half-widths add up."""
    images, repeats = layout.image_variance, layout.repeat_variance
    if layout.repeats == 1 or not 0 < images + repeats < math.inf:
        return NORMAL
    student = t_quantile((1 + CONFIDENCE) / 2, layout.repeats - 1)
    return math.sqrt((NORMAL**2 * images + student**2 * repeats) / (images + repeats))
