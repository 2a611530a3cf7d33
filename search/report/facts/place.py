"""What differs from machine to machine: times, paths, versions and commands. All other facts are the same."""

from __future__ import annotations

from dataclasses import dataclass

from packtune.report.facts.leaders import TradePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedStep:
    """A trial that was better than all before it, and when.

    Attributes:
        seconds: of training up to its end, added up over all workers, in the order of the trials.
        trial: its number.
        score: on validation.
    """

    seconds: float
    trial: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedStage:
    """A stage of the search.

    Attributes:
        name: see `StageFacts`.
        first_s, end_s: seconds of training before it, and at its end.
    """

    name: str
    first_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFacts:
    """What took how long.

    Attributes:
        trial_s: seconds of training of each trial, in the order of `ReportFacts.trials`; none while it is open.
        best: each trial that was better than all before it.
        stages: those that have begun.
        training_s: of all trainings, added up over all workers.
        trade: COMPLETE configurations by their seconds of training, those of the lowest cost first.
        devices: where trials were trained, such as "cpu".
    """

    trial_s: tuple[float | None, ...]
    best: tuple[TimedStep, ...]
    stages: tuple[TimedStage, ...]
    training_s: float
    trade: tuple[TradePoint, ...]
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFacts:
    """A command to paste.

    Attributes:
        purpose: what it does, such as "Go on with the search".
        line: the command; quoted for a shell.
    """

    purpose: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFacts:
    """Where the run lies, and where the report was written.

    Attributes:
        folder: of the run.
        machine: processor, cores and system, in words.
        versions: (package, version), Python's first.
        began_with: the version of packtune that began the run; empty if unknown.
        written: when, as "2026-11-26 21:04 UTC".
        resources: (setting, value in words) that say where and how fast, such as the number of workers.
        commands: that reproduce it, go on with it, and use its winner.
        files: (file name, what it holds) of the run's folder.
    """

    folder: str
    machine: str
    versions: tuple[tuple[str, str], ...]
    began_with: str
    written: str
    resources: tuple[tuple[str, str], ...]
    commands: tuple[CommandFacts, ...]
    files: tuple[tuple[str, str], ...]
