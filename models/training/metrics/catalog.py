"""The metrics that a search may go by: their names, directions, descriptions. Computes nothing, needs no PyTorch.

A score is the value of a metric on a split. Where scores are compared, their merits are: from 0 to 1, larger is better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

MAX_LOSS = -math.log(2.0**-52)
"""The largest loss of one example, 36.04 nats: no class gets a probability below 2**-52, as in scikit-learn."""


class Metric(StrEnum):
    """The metrics by name."""

    ACCURACY = "accuracy"
    BALANCED_ACCURACY = "balanced-accuracy"
    MACRO_F1 = "macro-f1"
    LOG_LOSS = "log-loss"
    AUC = "auc"

    @property
    def entry(self) -> MetricEntry:
        """What is known about it."""
        return METRICS[self]

    @property
    def in_words(self) -> str:
        """Its name in a sentence."""
        return METRICS[self].title

    @property
    def column(self) -> str:
        """Its name in a table."""
        return self.value.replace("-", "_")

    def merit(self, score: float) -> float:
        """Give what a score is compared by: 0 to 1, larger is better, 0 for a training that left no network.

        Of a log-loss it is exp(-loss): the geometric mean of the probabilities that the true classes got.
        """
        return score if METRICS[self].larger_is_better else math.exp(-score)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricEntry:
    """What is known about a metric.

    Attributes:
        title: its name in a sentence.
        description: what it measures, for people.
        larger_is_better: the direction; if false, smaller is better.
        worst: the score of a training that left no network, because it diverged.
        chance: the merit of a network that has learned nothing, where it is the same for any classes.
        by_class: whether it is a mean over classes, in which each class counts alike.
        needs_every_class: whether it says nothing about a class that has no example in the split.
    """

    title: str
    description: str
    larger_is_better: bool = True
    worst: float = 0.0
    chance: float = 0.0
    by_class: bool = False
    needs_every_class: bool = False

    @property
    def highest(self) -> float:
        """The largest score that there is; the smallest is 0."""
        return 1.0 if self.larger_is_better else self.worst


METRICS: dict[Metric, MetricEntry] = {
    Metric.ACCURACY: MetricEntry(
        title="accuracy", description="the share of examples that are labelled right, with every head"
    ),
    Metric.BALANCED_ACCURACY: MetricEntry(
        title="balanced accuracy",
        description="the share of the examples of a class that are labelled right, mean over classes",
        by_class=True,
    ),
    Metric.MACRO_F1: MetricEntry(
        title="macro-F1",
        description="the harmonic mean of precision and recall of a class, mean over classes",
        by_class=True,
    ),
    Metric.LOG_LOSS: MetricEntry(
        title="log-loss",
        description="minus the logarithm of the probability that the true class gets, in nats; smaller is better",
        larger_is_better=False,
        worst=MAX_LOSS,
    ),
    Metric.AUC: MetricEntry(
        title="AUC",
        description="how often an example of a class gets a higher probability of it than one of another class, mean "
        "over classes",
        chance=0.5,
        by_class=True,
        needs_every_class=True,
    ),
}
