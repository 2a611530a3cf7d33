"""All facts of a report, in the order in which it tells them."""

from __future__ import annotations

from dataclasses import dataclass

from packtune.models.configuration import Value
from packtune.report.facts.about import DataFacts, MetricFacts, RunFacts, SettingFacts, SpaceFacts
from packtune.report.facts.answers import AnswersFacts
from packtune.report.facts.hyperparameters import HyperparameterFacts, ImportanceFacts
from packtune.report.facts.leaders import LeaderFacts, TradePoint, WinnerFacts
from packtune.report.facts.place import PlaceFacts, TimeFacts
from packtune.report.facts.trainings import FinalistCurves, ProgressFacts, TrialFacts

SCHEMA = 1
"""The version of the facts. It grows when a reader of the last one would misread them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFacts:
    """Why a section lacks something, or how it is to be read.

    Attributes:
        section: a name of a field of `ReportFacts`, such as "answers".
        text: a sentence or two.
    """

    section: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """The facts of one run's report: plain values.

    Texts that came from outside, such as names of classes, hold no control characters; they may hold markup.

    Attributes:
        run, metric, data, space, settings: what was searched.
        winner: none if no trial is complete.
        leaderboard: all configurations with an outcome, the best first.
        finalists: learning curves of those that were trained again, in the order of the leaderboard.
        progress: how the best score came about.
        importance: of hyperparameters, the most important first; empty where there are too few trials.
        hyperparameters: that trials differ in; `values` of trials and rows have their order.
        fixed: (name, value) of hyperparameters that are the same in all trials.
        trials: all, by number; `TimeFacts.trial_s` has their seconds.
        trade: COMPLETE configurations by their parameters, the smallest first.
        answers: what the winner's kept network says of single examples; none if it is not there.
        notes: why a section is missing or reduced.
        times, place: what differs from machine to machine.
    """

    run: RunFacts
    metric: MetricFacts
    data: DataFacts
    space: SpaceFacts
    settings: tuple[SettingFacts, ...]
    winner: WinnerFacts | None
    leaderboard: tuple[LeaderFacts, ...]
    finalists: tuple[FinalistCurves, ...]
    progress: ProgressFacts
    importance: tuple[ImportanceFacts, ...]
    hyperparameters: tuple[HyperparameterFacts, ...]
    fixed: tuple[tuple[str, Value], ...]
    trials: tuple[TrialFacts, ...]
    trade: tuple[TradePoint, ...]
    answers: AnswersFacts | None
    notes: tuple[NoteFacts, ...]
    times: TimeFacts
    place: PlaceFacts

    def notes_on(self, section: str) -> list[str]:
        """List the notes on a section."""
        return [note.text for note in self.notes if note.section == section]
