"""What is known of one trial: the proposal before its training, the outcome after it, the record of both."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from packtune.models.configuration import Configuration
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.score import Score


class TrialState(StrEnum):
    """How far a trial has come; the first two are still open."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    DIVERGED = "DIVERGED"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A trial to be trained.

    Attributes:
        number: the trial's number in its study, from 0.
        seed: of the initial weights, 0 to 2**32 - 1.
    """

    number: int
    configuration: Configuration
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Shares of images labelled right, 0 to 1: with every head right, and for each head.

    Attributes:
        measured: the score on the same images by the metric of the search, if that is another one.
    """

    joint: float
    heads: tuple[float, ...]
    measured: Score | None = None

    @property
    def score(self) -> float:
        """The score by the metric of the search."""
        return self.joint if self.measured is None else self.measured.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Which images a trained network labels right, with every head: one bit an image, in the order of the split.

    Attributes:
        bits: eight images a byte, the first in the highest bit, as `numpy.packbits` gives them.
        images: the number of images.
    """

    bits: bytes
    images: int

    def to_json(self) -> list[Any]:
        """Write it with JSON's types only."""
        return [self.images, base64.b64encode(self.bits).decode()]

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            TypeError, ValueError: something else wrote it.
        """
        images, text = values
        bits = base64.b64decode(text, validate=True)
        if type(images) is not int or len(bits) != -(-images // 8):
            raise ValueError("answers that do not fit their images")
        return cls(bits=bits, images=images)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltNetwork:
    """What only the user's code knows of a network of theirs: kept, so that tables can be made without it.

    Attributes:
        parameters: trainable numbers.
        multiplications: in a forward pass of one input.
        training: how it was trained, and why, in words.
    """

    parameters: int
    multiplications: int
    training: str = ""

    def to_json(self) -> list[Any]:
        """Write it with JSON's types only."""
        return [self.parameters, self.multiplications, self.training]

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            TypeError, ValueError: something else wrote it.
        """
        parameters, multiplications, training = values
        if [type(value) for value in values] != [int, int, str]:
            raise TypeError("not what is known of a network")
        return cls(parameters=parameters, multiplications=multiplications, training=training)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a trial ended.

    Attributes:
        state: COMPLETE, PRUNED, DIVERGED or FAIL.
        epochs: trained by it.
        curve: (epoch, score on validation) at each epoch, in order; the worst score at one in which it diverged.
        validation, test: at the end; none if it diverged or failed.
        seconds: its share of its pack's training time.
        device: where it was trained, "cpu" or "cuda"; empty if it never began.
        reason: of any state but COMPLETE, for people; older studies have none of a PRUNED.
        right_validation, right_test: the answers image by image, where the task asks for them.
        metric: of its scores.
        network: of a network of the user's own; none of a built-in one.
    """

    state: TrialState
    epochs: int = 0
    curve: tuple[tuple[int, float], ...] = ()
    validation: Accuracy | None = None
    test: Accuracy | None = None
    seconds: float = 0.0
    device: str = ""
    reason: str = ""
    right_validation: Answers | None = None
    right_test: Answers | None = None
    metric: Metric = Metric.ACCURACY
    network: BuiltNetwork | None = None

    def __post_init__(self) -> None:
        if self.state in (TrialState.WAITING, TrialState.RUNNING):
            raise ValueError(f"an outcome that is still {self.state}")

    @property
    def merit(self) -> float:
        """What its score on validation is compared by, 0 to 1, larger is better; 0 without a network."""
        return 0.0 if self.validation is None else self.metric.merit(self.validation.score)

    @property
    def merits(self) -> tuple[tuple[int, float], ...]:
        """The curve of what scores are compared by: (epoch, merit)."""
        return tuple((epoch, self.metric.merit(score)) for epoch, score in self.curve)

    def sealed(self) -> Self:
        """Give all but what test images say, for those who propose, compare or select."""
        return replace(self, test=None, right_test=None)

    def to_json(self) -> dict[str, Any]:
        """Write it with JSON's types only."""

        def numbers(accuracy: Accuracy | None) -> list[float] | None:
            return None if accuracy is None else [accuracy.joint, *accuracy.heads]

        answers = {"right_validation": self.right_validation, "right_test": self.right_test}
        measured = {name: accuracy.measured for name, accuracy in self._splits.items() if accuracy is not None}
        return {
            "state": self.state.value,
            "epochs": self.epochs,
            "curve": [list(point) for point in self.curve],
            "validation": numbers(self.validation),
            "test": numbers(self.test),
            "seconds": self.seconds,
            "device": self.device,
            "reason": self.reason,
            **{name: right.to_json() for name, right in answers.items() if right is not None},
            **({} if self.metric is Metric.ACCURACY else {"metric": self.metric.value}),
            **{f"{name}_score": score.to_json() for name, score in measured.items() if score is not None},
            **({} if self.network is None else {"network": self.network.to_json()}),
        }

    @property
    def _splits(self) -> dict[str, Accuracy | None]:
        return {"validation": self.validation, "test": self.test}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError, IndexError: something else wrote it.
        """

        metric = Metric(values.get("metric", Metric.ACCURACY))

        def accuracy(split: str) -> Accuracy | None:
            numbers: Sequence[float] | None = values[split]
            if numbers is None:
                return None
            measured = None if metric is Metric.ACCURACY else Score.from_json(values[f"{split}_score"], metric)
            return Accuracy(joint=numbers[0], heads=tuple(numbers[1:]), measured=measured)

        def answers(name: str) -> Answers | None:
            return Answers.from_json(values[name]) if name in values else None

        outcome = cls(
            state=TrialState(values["state"]),
            epochs=values["epochs"],
            curve=tuple((epoch, value) for epoch, value in values["curve"]),
            validation=accuracy("validation"),
            test=accuracy("test"),
            seconds=values["seconds"],
            device=values.get("device", ""),  # older studies did not keep it
            reason=values["reason"],
            right_validation=answers("right_validation"),
            right_test=answers("right_test"),
            metric=metric,
            network=BuiltNetwork.from_json(values["network"]) if "network" in values else None,
        )
        outcome._check()
        return outcome

    def _check(self) -> None:
        """Make sure that what was read is an outcome that a training can have."""
        known = self.validation is not None
        epochs = [self.epochs, *(epoch for epoch, _ in self.curve)]
        scores, shares = [value for _, value in self.curve], list[float]()
        for accuracy in (self.validation, self.test):
            shares += [] if accuracy is None else [accuracy.joint, *accuracy.heads]
        numbers = [*scores, *shares, self.seconds]
        if (
            known != (self.state in (TrialState.COMPLETE, TrialState.PRUNED))
            or any(type(epoch) is not int or epoch < 0 for epoch in epochs)
            or any(type(number) not in (int, float) for number in numbers)
            or not all(0 <= share <= 1 for share in shares)
            or not all(0 <= score <= self.metric.entry.highest for score in scores)
            or not 0 <= self.seconds < math.inf
            or not all(type(text) is str for text in (self.device, self.reason))
        ):
            raise ValueError("an outcome has values that no training gives")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """A trial as its study knows it; `outcome` is none while it is open."""

    proposal: Proposal
    state: TrialState
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Trials that are trained together, in the order of their numbers.

    Attributes:
        number: from 0, in the order in which packs are asked for and told. The parts of a pack that was split keep
            its number.
    """

    number: int
    proposals: tuple[Proposal, ...]

    @property
    def trials(self) -> tuple[int, ...]:
        """List the numbers of the trials."""
        return tuple(proposal.number for proposal in self.proposals)

    def in_parts(self, size: int) -> list[Pack]:
        """Split it in parts of `size` members, the last one perhaps smaller."""
        starts = range(0, len(self.proposals), size)
        return [Pack(number=self.number, proposals=self.proposals[start : start + size]) for start in starts]

    def halves(self) -> tuple[Pack, Pack]:
        """Split it in two parts of as equal sizes as can be.

        Raises:
            ValueError: it has one member only.
        """
        middle = len(self.proposals) // 2
        if middle == 0:
            raise ValueError("a pack of one cannot be split")
        first, second = self.proposals[:middle], self.proposals[middle:]
        return Pack(number=self.number, proposals=first), Pack(number=self.number, proposals=second)
