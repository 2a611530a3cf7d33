"""How the best score came about: against the number of trainings, and against their time."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.report.facts.report import ReportFacts
from packtune.report.facts.trainings import TrialFacts
from packtune.report.page.charts.axes import Axis, linear_axis
from packtune.report.page.charts.marks import label, rule, steps
from packtune.report.page.charts.markup import Markup, element, join
from packtune.report.page.charts.panel import Panel
from packtune.report.page.figures import (
    WINNER_ENTRY,
    Entry,
    Figure,
    Section,
    finished_trials,
    lane_for,
    line_sample,
    state_entries,
    trial_marks,
    winner_ring,
)
from packtune.report.page.words import STRETCHED, capital, count, is_stretched, score_axis, score_text

NARROW = 0.14
"""A stage that takes a smaller share of the width has its name written upright."""
LATE = 0.8
"""A best trial in the last fifth of the search is told to be late."""
UNITS = ((7200, 3600, "hours"), (180, 60, "minutes"), (0, 1, "seconds"))


def progress_section(facts: ReportFacts) -> Section:
    """Draw the best score so far."""
    trials = finished_trials(facts)
    if not trials:
        return Section(name="progress", title="How the best score came about", lead="No trial has finished yet.")
    return Section(
        name="progress",
        title="How the best score came about",
        lead=_lead(facts),
        figures=(_by_trials(facts, trials), _by_time(facts, trials)),
        notes=tuple(facts.notes_on("progress")),
    )


def progress_drawing(facts: ReportFacts) -> Markup:
    """Draw the best score so far against the number of trainings."""
    trials = finished_trials(facts)
    total = max(facts.progress.trainings, len(facts.trials), 1)
    panel = _panel(facts, trials, linear_axis("trainings so far", 0, total))
    best = [(float(step.at), step.score) for step in facts.progress.best]
    spans = [(stage.name, float(stage.first), float(stage.end)) for stage in facts.progress.stages]
    return panel.draw(
        f"Best validation {facts.metric.in_words} so far against the number of trainings",
        _stages(panel, spans),
        trial_marks(panel, trials, lambda trial: trial.number + 1),
        _best_line(panel, best, _end_of_search(spans, total)),
        winner_ring(panel, facts, lambda trial: trial.number + 1),
    )


def _by_trials(facts: ReportFacts, trials: Sequence[TrialFacts]) -> Figure:
    return Figure(
        title="By the number of trainings",
        reading="Each mark is a trial, in the order in which they were proposed. The line is the best score so far.",
        drawings=(progress_drawing(facts),),
        legend=_legend(trials),
    )


def _by_time(facts: ReportFacts, trials: Sequence[TrialFacts]) -> Figure:
    total = max([facts.times.training_s, *(step.seconds for step in facts.times.best), 1e-9])
    divisor, unit = next((by, name) for least, by, name in UNITS if total >= least)
    panel = _panel(facts, trials, linear_axis(f"{unit} of training, added up over all workers", 0, total / divisor))
    ends = _ends(facts, divisor)
    best = [(step.seconds / divisor, step.score) for step in facts.times.best]
    spans = [(stage.name, stage.first_s / divisor, stage.end_s / divisor) for stage in facts.times.stages]
    drawing = panel.draw(
        f"Best validation {facts.metric.in_words} so far against the time of training",
        _stages(panel, spans),
        trial_marks(panel, trials, lambda trial: ends[trial.number]),
        _best_line(panel, best, _end_of_search(spans, total / divisor)),
        winner_ring(panel, facts, lambda trial: ends[trial.number]),
    )
    reading = "The same against the time that the trainings took, in the order of the trials."
    return Figure(title="By time", reading=reading, drawings=(drawing,), legend=_legend(trials))


def _panel(facts: ReportFacts, trials: Sequence[TrialFacts], x: Axis) -> Panel:
    scores = [trial.score for trial in trials if trial.score is not None]
    return Panel(x=x, y=score_axis(facts.metric, scores), lane=lane_for(trials))


def _ends(facts: ReportFacts, divisor: float) -> dict[int, float]:
    """Give the time of training up to the end of each trial."""
    ends, total = {}, 0.0
    for trial, seconds in zip(facts.trials, facts.times.trial_s, strict=True):
        total += seconds or 0.0
        ends[trial.number] = total / divisor
    return ends


def _end_of_search(spans: Sequence[tuple[str, float, float]], total: float) -> float:
    return spans[0][2] if spans else total


def _best_line(panel: Panel, best: Sequence[tuple[float, float]], end: float) -> Markup:
    if not best:
        return Markup()
    return steps([panel.at(x, score) for x, score in [*best, (max(end, best[-1][0]), best[-1][1])]], "best")


def _stages(panel: Panel, spans: Sequence[tuple[str, float, float]]) -> Markup:
    """Mark where stages begin; the first one begins at the left edge."""
    parts = []
    for index, (name, first, end) in enumerate(spans):
        start, stop = panel.at(first, None)[0], panel.at(end, None)[0]
        if index:
            parts.append(rule((start, panel.top), (start, panel.bottom), "stage"))
        parts.append(_name(panel, name, start, stop))
    return join(parts)


def _name(panel: Panel, name: str, start: float, stop: float) -> Markup:
    if stop - start > NARROW * panel.width:
        return label(((start + stop) / 2, panel.bottom - 10), name, style="stage-name halo", anchor="middle")
    x, y = (start + stop) / 2 + 7, panel.bottom - 10
    return element("text", name, class_="stage-name halo", transform=f"translate({x:.5g} {y:.5g}) rotate(-90)")


def _legend(trials: Sequence[TrialFacts]) -> tuple[Entry, ...]:
    best = Entry(sample=line_sample("best"), words="the best score of a trial trained to the end, so far")
    return (best, *state_entries(trials), WINNER_ENTRY)


def _lead(facts: ReportFacts) -> str:
    steps_up = facts.progress.best
    trials = finished_trials(facts)
    stretched = is_stretched(facts.metric, [trial.score for trial in trials if trial.score is not None])
    scale = f" {STRETCHED}" if stretched else ""
    if not steps_up:
        return "No trial was trained to the end." + scale
    last = steps_up[-1]
    late = last.at > LATE * len(trials) and len(steps_up) > 1
    hope = "So late a step suggests that more trials would find a better one. " if late else ""
    stages = " ".join(capital(stage.in_words.rstrip(".")) + "." for stage in facts.progress.stages)
    return (
        f"The best score of a single trial, {score_text(last.score)}, came with training {last.at:,} of "
        f"{count(len(trials), 'trial')} of the search. {hope}{stages}{scale}"
    )
