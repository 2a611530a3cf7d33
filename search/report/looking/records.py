"""What is told of runs at a glance. Knows neither where runs lie nor how they are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from packtune.models.training.metrics.catalog import Metric


class RunState(StrEnum):
    """How a run stands."""

    NEW = "new"
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"


class Measured(StrEnum):
    """What a score was measured on, and how far it can be trusted.

    EXPECTED is what fresh trainings of the winner reach on test examples. VALIDATION is what the search itself saw on
    validation examples: it is optimistic, as the best of several.
    """

    EXPECTED = "expected"
    VALIDATION = "validation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best configuration of a run.

    Attributes:
        trial: its number.
        score: by the metric of the run.
        low, high: 95% interval of the score.
    """

    trial: int
    score: float
    low: float
    high: float
    measured: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run at a glance.

    Attributes:
        name: of its folder, as text.
        data: the name of its data set.
        space: a built-in name, or the file name of the user's own.
        finished: trials with an outcome, 0 to `trials`.
        trials: that were asked for; fewer if a stop ended the search.
        best: none while no trial is complete.
        changed: when something was last written to it, in UTC.
        age_s: seconds since then, 0 or more.
        note: why less is known of it than of others; empty else.
        commands: what goes on with it, to paste, by what it does.
    """

    name: str
    folder: Path
    data: str
    space: str
    metric: Metric
    state: RunState
    finished: int
    trials: int
    best: Best | None
    changed: datetime
    age_s: float
    note: str = ""
    commands: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A folder among the runs that is none, or cannot be read.

    Attributes:
        reason: why, and what to do.
    """

    folder: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunList:
    """All runs in a folder of results.

    Attributes:
        runs: those that wrote last come first.
        passed_over: by name.
    """

    results: Path
    runs: tuple[RunSummary, ...]
    passed_over: tuple[PassedOver, ...]
