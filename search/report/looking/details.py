"""What is told of one run, and of one of its trials."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packtune.confirmation.estimate import Estimate
from packtune.models.configuration import Value
from packtune.models.training.metrics.catalog import Metric
from packtune.report.looking.records import RunSummary
from packtune.report.winner import Winner
from packtune.trial import TrialState

Settings = dict[str, Value | list[str] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WinnerFacts:
    """The configuration that was picked.

    Attributes:
        parameters: trainable numbers; none if the network cannot be built.
        score: on validation, by the metric: over fresh trainings if it was confirmed, else as the search saw it.
        low, high: 95% interval of that score.
        test_score: on test examples, by the metric; none if it is not known.
        expected: what a fresh training reaches on test examples; none before the report of a confirmation.
        expected_accuracy: the same in terms of accuracy.
        is_confirmed: whether fresh trainings have selected it.
        ties: trials of the other configurations that cannot be told from it.
    """

    trial: int
    configuration: dict[str, Value]
    parameters: int | None
    metric: Metric
    score: float
    low: float
    high: float
    test_score: float | None
    expected: Estimate | None
    expected_accuracy: Estimate | None
    is_confirmed: bool
    ties: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetails:
    """A run: what was searched, how it stands, and its winner.

    Attributes:
        settings: by name, as its file has them.
        states: how many trials there are of each state.
        trainings: trainings of finalists that are done.
        open_trainings: those that are still to be done; 0 while trials are open.
        training_s: seconds that its trials took, each its share of its pack.
        winner: none if no trial is complete.
        winner_in_words: lines for people.
    """

    run: RunSummary
    settings: Settings
    states: dict[str, int]
    trainings: int
    open_trainings: int
    training_s: float
    winner: WinnerFacts | None
    winner_in_words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshTraining:
    """One training of the confirmation.

    Attributes:
        stage: "selection" or "report".
        repeat: its number; the same one has the same seeds for all finalists.
        validation, test: scores by the metric; none of one that left no network.
    """

    stage: str
    repeat: int
    state: TrialState
    epochs: int
    validation: float | None
    test: float | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialDetails:
    """One trial of a run.

    Attributes:
        rank: of its configuration in the leaderboard, from 1; none before it has ended.
        rows: of the leaderboard.
        full_epochs: of full training.
        reason: why it ended, of any state but COMPLETE.
        seconds: its share of its pack's training; none before it has ended.
        parameters: see `WinnerFacts`.
        curve: (epoch, score on validation), in order.
        validation, test: scores by the metric at its end.
        trainings: of its configuration in the confirmation; none of one that was no finalist.
        commands: what goes on with it, to paste.
    """

    run: str
    folder: Path
    trial: int
    state: TrialState
    metric: Metric
    rank: int | None
    rows: int
    epochs: int
    full_epochs: int
    reason: str
    seconds: float | None
    device: str
    seed: int
    parameters: int | None
    configuration: dict[str, Value]
    curve: tuple[tuple[int, float], ...]
    validation: float | None
    test: float | None
    trainings: tuple[FreshTraining, ...]
    commands: dict[str, str]


def winner_facts(winner: Winner) -> WinnerFacts:
    """Gather what is told of a winner."""
    row, verdict = winner.row, winner.verdict
    return WinnerFacts(
        trial=row.trial,
        configuration=row.configuration.used(),
        parameters=row.parameters,
        metric=row.metric,
        score=row.score,
        low=winner.interval[0],
        high=winner.interval[1],
        test_score=row.test.score if row.test else None,
        expected=verdict.test if verdict else None,
        expected_accuracy=verdict.test_accuracy if verdict else None,
        is_confirmed=verdict is not None and verdict.has_selected,
        ties=tuple(tie.trial for tie in winner.ties),
    )
