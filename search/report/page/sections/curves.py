"""Learning curves: the finalists with the spread of their trainings, and all trials of the search behind them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from packtune.report.facts.report import ReportFacts
from packtune.report.facts.trainings import Curve, FinalistCurves, TrialFacts
from packtune.report.page.charts.axes import fitting_axis
from packtune.report.page.charts.marks import Point, Shape, band, line, lines, marks
from packtune.report.page.charts.markup import Markup, join
from packtune.report.page.charts.panel import Panel
from packtune.report.page.figures import N_SERIES, Entry, Figure, Section, finished_trials, line_sample
from packtune.report.page.words import STRETCHED, count, is_stretched, score_axis, score_text

MOST_POINTS = 60_000
"""Of all faint curves of a chart together; of longer ones only every n-th epoch is drawn."""
FAINT = {"PRUNED": "stopped", "COMPLETE": "whole", "DIVERGED": "broken", "FAIL": "broken"}
WORDS = {"stopped": "stopped early", "whole": "trained to the end", "broken": "diverged or failed"}


def curves_section(facts: ReportFacts) -> Section:
    """Draw the learning curves."""
    trials = [trial for trial in finished_trials(facts) if trial.curve]
    figures = [_finalists(facts)] if facts.finalists else []
    figures += [_all_trials(facts, trials)] if trials else []
    return Section(
        name="curves",
        title="Learning curves",
        lead=_lead(facts) if figures else "No trial has a learning curve yet.",
        figures=tuple(figures),
        notes=tuple(facts.notes_on("finalists")),
    )


def _finalists(facts: ReportFacts) -> Figure:
    shown = facts.finalists[:N_SERIES]
    scores = [edge for each in shown for point in each.spread for edge in (point.low, point.mean, point.high)]
    epochs = [float(point.epoch) for each in shown for point in each.spread]
    panel = Panel(x=fitting_axis("epoch", epochs, margin=0.02), y=score_axis(facts.metric, scores))
    drawing = panel.draw(
        f"Learning curves of {count(len(shown), 'finalist')}: validation {facts.metric.in_words} by epoch",
        # The first one lies above the others.
        *[_finalist(panel, each, index) for index, each in reversed(list(enumerate(shown)))],
    )
    return Figure(
        title="The finalists",
        reading="The line is the mean over the trainings from fresh seeds; the band goes from the worst to the best "
        "of them. A narrow band means that the seed matters little.",
        drawings=(drawing,),
        legend=tuple(_entry(facts, each, index) for index, each in enumerate(shown)),
    )


def _finalist(panel: Panel, finalist: FinalistCurves, index: int) -> Markup:
    spread = finalist.spread
    return join(
        [
            band(
                [panel.at(point.epoch, point.low) for point in spread],
                [panel.at(point.epoch, point.high) for point in spread],
                f"s{index}",
            ),
            line([panel.at(point.epoch, point.mean) for point in spread], f"mean s{index}"),
        ]
    )


def _entry(facts: ReportFacts, finalist: FinalistCurves, index: int) -> Entry:
    is_winner = facts.winner is not None and finalist.trial == facts.winner.trial
    last = score_text(finalist.spread[-1].mean) if finalist.spread else "no score"
    trainings = count(len(finalist.curves), "training")
    return Entry(
        sample=line_sample(f"mean s{index}"),
        words=f"trial {finalist.trial}{', the winner' if is_winner else ''}: {last} at the end, {trainings}",
    )


def _all_trials(facts: ReportFacts, trials: Sequence[TrialFacts]) -> Figure:
    every = max(1, -(-sum(len(trial.curve) for trial in trials) // MOST_POINTS))
    scores = [score for trial in trials for _, score in trial.curve if trial.state not in ("DIVERGED", "FAIL")]
    epochs = [float(epoch) for trial in trials for epoch, _ in trial.curve]
    panel = Panel(x=fitting_axis("epoch", epochs, margin=0.02), y=score_axis(facts.metric, scores))
    groups = [(style, [trial for trial in trials if FAINT[trial.state] == style]) for style in WORDS]
    drawing = panel.draw(
        f"Learning curves of {count(len(trials), 'trial')}: validation {facts.metric.in_words} by epoch",
        *[_faint(panel, members, style, every) for style, members in groups],
    )
    thinned = f" Of long curves, every {every}th epoch is drawn." if every > 1 else ""
    return Figure(
        title="All trials of the search",
        reading="Each line is a trial. Those that were stopped early are faint, and end where they were stopped."
        + thinned,
        drawings=(drawing,),
        legend=tuple(
            Entry(sample=line_sample(f"curve {style}"), words=f"{WORDS[style]} ({len(members):,})")
            for style, members in groups
            if members
        ),
    )


def _faint(panel: Panel, trials: Sequence[TrialFacts], style: str, every: int) -> Markup:
    """Draw the curves of one kind; one of a single epoch is a dot."""
    drawn = [_points(panel, _thin(trial.curve, every)) for trial in trials]
    single = [points[0] for points in drawn if len(points) == 1]
    several = [points for points in drawn if len(points) > 1]
    return join([lines(several, f"curve {style}"), marks(single, Shape.DOT, f"single {style}")])


def _points(panel: Panel, curve: Curve) -> list[Point]:
    lowest, highest = panel.top, panel.bottom
    placed = (panel.at(epoch, score) for epoch, score in curve)
    return [(x, min(highest, max(lowest, y))) for x, y in placed]


def _thin(curve: Curve, every: int) -> Curve:
    return curve if every == 1 else (*itertools.islice(curve, 0, len(curve) - 1, every), curve[-1])


def _lead(facts: ReportFacts) -> str:
    scores = [score for trial in finished_trials(facts) for _, score in trial.curve]
    stretched = f" {STRETCHED}" if is_stretched(facts.metric, scores) else ""
    return (
        "A learning curve shows the score on validation after each epoch. A curve that still rises at its end asks for "
        f"more epochs; one that falls asks for fewer, or for more regularization.{stretched}"
        if facts.metric.larger_is_better
        else "A learning curve shows the score on validation after each epoch; here smaller is better. A curve that "
        "still falls at its end asks for more epochs; one that rises asks for fewer, or for more regularization."
        + stretched
    )
