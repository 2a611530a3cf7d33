"""How far one member of a pack has come, epoch after epoch, until its trial ends with an outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from packtune.models.hardware.device import Device
from packtune.models.training.evaluation import Evaluation
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.score import Score
from packtune.trial import Accuracy, Outcome, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberProgress:
    """What is known of a member after some epochs.

    Attributes:
        curve: (epoch, score on validation) at each epoch, in order; the worst score at one in which it diverged.
        validation: after the last epoch; none before the first, and if it diverged.
        seconds: its share of the training time of its pack.
        metric: of the scores.
    """

    curve: tuple[tuple[int, float], ...] = ()
    validation: Accuracy | None = None
    seconds: float = 0.0
    metric: Metric = Metric.ACCURACY

    @property
    def merit(self) -> float:
        """What the score after the last epoch is compared by: 0 to 1, larger is better."""
        return self.metric.merit(self.curve[-1][1])

    def after(self, epoch: int, evaluation: Evaluation, seconds: float) -> MemberProgress:
        """Add an epoch that took so many seconds."""
        score = self.metric.entry.worst if evaluation.diverged else evaluation.score
        return replace(
            self,
            curve=(*self.curve, (epoch, score)),
            validation=None if evaluation.diverged else accuracy_of(evaluation),
            seconds=self.seconds + seconds,
        )

    def measured(self, validation: Accuracy) -> MemberProgress:
        """Add to what is known after the last epoch what its images say about the score."""
        return replace(self, validation=validation)

    def ended(self, state: TrialState, *, device: Device, test: Accuracy | None = None, reason: str = "") -> Outcome:
        """Give the outcome of a member that trains no more."""
        validation = self.validation
        if self.metric is not Metric.ACCURACY and validation is not None and validation.measured is None:
            validation = with_score(validation, self.curve[-1][1])
        return Outcome(
            state=state,
            epochs=self.curve[-1][0],
            curve=self.curve,
            validation=validation,
            test=test,
            seconds=self.seconds,
            device=device.value,  # plain text, as a checkpoint takes no classes
            reason=reason,
            metric=self.metric,
        )

    def to_plain(self) -> dict[str, object]:
        """Write it with lists and numbers only, for a checkpoint."""
        validation = None if self.validation is None else [self.validation.joint, *self.validation.heads]
        return {"curve": [list(point) for point in self.curve], "validation": validation, "seconds": self.seconds}

    @classmethod
    def from_plain(cls, values: Mapping[str, object], metric: Metric = Metric.ACCURACY) -> Self:
        """Read what `to_plain` wrote.

        Args:
            metric: of the scores.

        Raises:
            KeyError, TypeError, ValueError: something else wrote it.
        """
        match values["curve"], values["validation"], values["seconds"]:
            case list(curve), (None | list()) as numbers, float(seconds) if 0 <= seconds < math.inf:
                points = tuple(_point(point, metric) for point in curve)
                return cls(curve=points, validation=_accuracy(numbers), seconds=seconds, metric=metric)
        raise ValueError("no training has such a progress")


def accuracy_of(evaluation: Evaluation) -> Accuracy:
    """Give the accuracies of an evaluation, without its score by another metric."""
    return Accuracy(joint=evaluation.accuracy, heads=evaluation.head_accuracies)


def with_score(accuracy: Accuracy, value: float) -> Accuracy:
    """Add a score by another metric, of whose error nothing is known."""
    return replace(accuracy, measured=Score(value=value))


def _point(point: object, metric: Metric) -> tuple[int, float]:
    match point:
        case [int(epoch), float(score)] if epoch >= 1 and 0 <= score <= metric.entry.highest:
            return epoch, score
    raise ValueError("no curve has such a point")


def _accuracy(numbers: list[object] | None) -> Accuracy | None:
    if numbers is None:
        return None
    shares = [number for number in numbers if isinstance(number, float) and 0 <= number <= 1]
    if not shares or len(shares) != len(numbers):
        raise ValueError("no evaluation has such accuracies")
    return Accuracy(joint=shares[0], heads=tuple(shares[1:]))
