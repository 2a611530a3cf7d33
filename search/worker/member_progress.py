"""How far one member of a pack has come, epoch after epoch, until its trial ends with an outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from packtune.models.hardware.device import Device
from packtune.models.training.evaluation import Evaluation
from packtune.trial import Accuracy, Outcome, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberProgress:
    """What is known of a member after some epochs.

    Attributes:
        curve: (epoch, joint validation accuracy) at each epoch, in order; 0 at an epoch in which it diverged.
        validation: after the last epoch; none before the first, and if it diverged.
        seconds: its share of the training time of its pack.
    """

    curve: tuple[tuple[int, float], ...] = ()
    validation: Accuracy | None = None
    seconds: float = 0.0

    @property
    def joint(self) -> float:
        """The joint validation accuracy after the last epoch."""
        return self.curve[-1][1]

    def after(self, epoch: int, evaluation: Evaluation, seconds: float) -> MemberProgress:
        """Add an epoch that took so many seconds."""
        validation = None if evaluation.diverged else accuracy_of(evaluation)
        return MemberProgress(
            curve=(*self.curve, (epoch, 0.0 if validation is None else validation.joint)),
            validation=validation,
            seconds=self.seconds + seconds,
        )

    def ended(self, state: TrialState, *, device: Device, test: Accuracy | None = None, reason: str = "") -> Outcome:
        """Give the outcome of a member that trains no more."""
        return Outcome(
            state=state,
            epochs=self.curve[-1][0],
            curve=self.curve,
            validation=self.validation,
            test=test,
            seconds=self.seconds,
            device=device.value,  # plain text, as a checkpoint takes no classes
            reason=reason,
        )

    def to_plain(self) -> dict[str, object]:
        """Write it with lists and numbers only, for a checkpoint."""
        validation = None if self.validation is None else [self.validation.joint, *self.validation.heads]
        return {"curve": [list(point) for point in self.curve], "validation": validation, "seconds": self.seconds}

    @classmethod
    def from_plain(cls, values: Mapping[str, object]) -> Self:
        """Read what `to_plain` wrote.

        Raises:
            KeyError, TypeError, ValueError: something else wrote it.
        """
        match values["curve"], values["validation"], values["seconds"]:
            case list(curve), (None | list()) as numbers, float(seconds) if 0 <= seconds < math.inf:
                return cls(curve=tuple(map(_point, curve)), validation=_accuracy(numbers), seconds=seconds)
        raise ValueError("no training has such a progress")


def accuracy_of(evaluation: Evaluation) -> Accuracy:
    """Give the accuracies of an evaluation."""
    return Accuracy(joint=evaluation.accuracy, heads=evaluation.head_accuracies)


def _point(point: object) -> tuple[int, float]:
    match point:
        case [int(epoch), float(accuracy)] if epoch >= 1 and 0 <= accuracy <= 1:
            return epoch, accuracy
    raise ValueError("no curve has such a point")


def _accuracy(numbers: list[object] | None) -> Accuracy | None:
    if numbers is None:
        return None
    shares = [number for number in numbers if isinstance(number, float) and 0 <= number <= 1]
    if not shares or len(shares) != len(numbers):
        raise ValueError("no evaluation has such accuracies")
    return Accuracy(joint=shares[0], heads=tuple(shares[1:]))
