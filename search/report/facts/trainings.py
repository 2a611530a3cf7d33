"""Every trial, its learning curve, and how the best score came about."""

from __future__ import annotations

from dataclasses import dataclass

from packtune.models.configuration import Value

Curve = tuple[tuple[int, float], ...]
"""(epoch, score on validation) at each epoch, in order; the worst score at one in which the training diverged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFacts:
    """One trial of the search.

    Attributes:
        number: from 0.
        state: COMPLETE, PRUNED, DIVERGED, FAIL, WAITING or RUNNING.
        epochs: trained.
        score: on validation at its end; none if it diverged, failed or is open.
        merit: what it is compared by, 0 to 1, larger is better; 0 of a trial that diverged or failed; none if open.
        values: of the hyperparameters, in the order of `ReportFacts.hyperparameters`; none where one does not apply.
        curve: see `Curve`.
        reason: why it ended, of any state but COMPLETE.
    """

    number: int
    state: str
    epochs: int
    score: float | None
    merit: float | None
    values: tuple[Value | None, ...]
    curve: Curve
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadPoint:
    """The scores of several trainings of one configuration at one epoch.

    Attributes:
        mean, low, high: mean, smallest and largest score on validation.
    """

    epoch: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalistCurves:
    """The learning curves of a finalist, from its trainings from fresh seeds.

    Attributes:
        trial: its number in the leaderboard.
        curves: one of each training.
        spread: over the trainings, epoch by epoch.
    """

    trial: int
    curves: tuple[Curve, ...]
    spread: tuple[SpreadPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BestStep:
    """A trial that was better than all before it, in the order of their numbers.

    Attributes:
        at: how many trainings there had been, this one included, from 1.
        trial: its number.
        score: on validation.
    """

    at: int
    trial: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFacts:
    """A stage of the search.

    Attributes:
        name: "exploration", "selection" or "report".
        first, end: its trainings: those from `first` up to, but not including, `end`; counted from 0 over all stages.
        in_words: what was done, in a sentence.
    """

    name: str
    first: int
    end: int
    in_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressFacts:
    """How the best score came about.

    Attributes:
        best: each trial trained to the end that was better than all before it; the last is the best of exploration.
        stages: those that have begun, in order.
        trainings: how many there are in all stages.
    """

    best: tuple[BestStep, ...]
    stages: tuple[StageFacts, ...]
    trainings: int
