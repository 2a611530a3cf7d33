"""How hyperparameters and the score go together: parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.report.facts.report import ReportFacts
from packtune.report.facts.trainings import TrialFacts
from packtune.report.page.charts.axes import Axis
from packtune.report.page.charts.parallel import Coordinate, Row, draw_parallel
from packtune.report.page.figures import NO_SCORE, Entry, Figure, Section, finished_trials, line_sample
from packtune.report.page.words import count, score_axis

BEST_SHARE = 0.1


def relations_section(facts: ReportFacts, axes: Sequence[Axis]) -> Section:
    """Draw every finished trial as a line through all hyperparameters.

    Args:
        axes: of `facts.hyperparameters`.
    """
    trials = finished_trials(facts)
    if not trials or not axes:
        return Section(name="relations", title="All hyperparameters together", lead="There is nothing to compare yet.")
    return Section(
        name="relations",
        title="All hyperparameters together",
        figures=(_figure(facts, axes, trials),),
    )


def _figure(facts: ReportFacts, axes: Sequence[Axis], trials: Sequence[TrialFacts]) -> Figure:
    scores = [trial.score for trial in trials if trial.score is not None]
    coordinates = [
        Coordinate(name=each.name, axis=axis, lane="not used")
        for each, axis in zip(facts.hyperparameters, axes, strict=True)
    ]
    coordinates.append(Coordinate(name=facts.metric.in_words, axis=score_axis(facts.metric, scores), lane=NO_SCORE))
    groups = group_trials(facts, trials)
    drawing = draw_parallel(
        f"Parallel coordinates: {count(len(trials), 'trial')} by {len(axes)} hyperparameters and their score",
        coordinates,
        {style: [_row(trial) for trial in members] for style, members in groups.items()},
    )
    return Figure(
        title="Parallel coordinates",
        reading="Each line is a trial: it crosses each axis at the trial's value, and ends at its score on the right. "
        "A hyperparameter that does not apply to a trial is crossed at the bottom, at “not used”. Where the lines of "
        "the best trials run close together, the value matters.",
        drawings=(drawing,),
        legend=_legend(groups),
        is_wide=True,
    )


def group_trials(facts: ReportFacts, trials: Sequence[TrialFacts]) -> dict[str, list[TrialFacts]]:
    """Group trials by how their lines are drawn: without a score, others, the best tenth, the winner."""
    winner = None if facts.winner is None else facts.winner.trial
    ordered = sorted(trials, key=lambda trial: (-(trial.merit or 0.0), trial.number))
    best = {trial.number for trial in ordered[: max(1, round(BEST_SHARE * len(ordered)))] if trial.score is not None}
    groups: dict[str, list[TrialFacts]] = {"broken": [], "other": [], "top": [], "chosen": []}
    for trial in trials:
        groups[_group(trial, winner, best)].append(trial)
    return {style: members for style, members in groups.items() if members}


def _group(trial: TrialFacts, winner: int | None, best: set[int]) -> str:
    if trial.number == winner:
        return "chosen"
    if trial.score is None:
        return "broken"
    return "top" if trial.number in best else "other"


def _row(trial: TrialFacts) -> Row:
    return (*trial.values, trial.score)


def _legend(groups: dict[str, list[TrialFacts]]) -> tuple[Entry, ...]:
    words = {
        "broken": "diverged or failed",
        "other": "others",
        "top": "the best tenth, besides the winner",
        "chosen": "the winner",
    }
    return tuple(
        Entry(sample=line_sample(style), words=f"{words[style]} ({len(members):,})")
        for style, members in reversed(groups.items())
    )
