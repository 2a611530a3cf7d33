"""What is known of one trial: the proposal before its training, the outcome after it, the record of both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.configuration import Configuration


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
    """Shares of images labelled right, 0 to 1: with every head right, and for each head."""

    joint: float
    heads: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a trial ended.

    Attributes:
        state: COMPLETE, PRUNED, DIVERGED or FAIL.
        epochs: trained by it.
        curve: (epoch, joint validation accuracy) at each epoch, in order.
        validation, test: at the end; none if it diverged or failed.
        seconds: its share of its pack's training time.
        device: where it was trained, "cpu" or "cuda"; empty if it never began.
        reason: of a DIVERGED or FAIL, for people.
    """

    state: TrialState
    epochs: int = 0
    curve: tuple[tuple[int, float], ...] = ()
    validation: Accuracy | None = None
    test: Accuracy | None = None
    seconds: float = 0.0
    device: str = ""
    reason: str = ""


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
        number: from 0, in the order in which packs are asked for and told.
    """

    number: int
    proposals: tuple[Proposal, ...]
