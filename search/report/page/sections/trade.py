"""What a better score costs: in parameters, and in time of training."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.report.facts.leaders import TradePoint
from packtune.report.facts.report import ReportFacts
from packtune.report.page.charts.axes import fitting_axis
from packtune.report.page.charts.marks import Shape, marks, named_mark, steps
from packtune.report.page.charts.markup import Markup, join
from packtune.report.page.charts.numbers import short
from packtune.report.page.charts.panel import Panel
from packtune.report.page.figures import WINNER_ENTRY, Entry, Figure, Section, line_sample, shape_sample
from packtune.report.page.words import STRETCHED, is_stretched, score_axis, score_text

MOST_NAMED = 40
"""Points of the front that say what they are when they are pointed at."""


def trade_section(facts: ReportFacts) -> Section:
    """Draw the score against what a configuration costs."""
    figures = []
    if facts.trade:
        figures.append(_figure(facts, facts.trade, "By parameters", "parameters"))
    if facts.times.trade:
        figures.append(_figure(facts, facts.times.trade, "By time of training", "seconds of a full training"))
    scores = [point.score for point in facts.trade]
    stretched = f" {STRETCHED}" if is_stretched(facts.metric, scores) else ""
    return Section(
        name="trade",
        title="What a better score costs",
        lead="The line is the Pareto front: no configuration that costs as little as one on it has a better score. "
        f"Configurations trained to the end are shown.{stretched}"
        if figures
        else "No configuration was trained to the end.",
        figures=tuple(figures),
        notes=tuple(facts.notes_on("trade")),
    )


def _figure(facts: ReportFacts, points: Sequence[TradePoint], title: str, unit: str) -> Figure:
    return Figure(
        title=title,
        reading=_finding(facts, points, unit),
        drawings=(_drawing(facts, points, unit),),
        legend=(
            Entry(sample=line_sample("front"), words="Pareto front"),
            Entry(sample=shape_sample(Shape.DOT, "complete"), words="seen in the search alone"),
            Entry(sample=shape_sample(Shape.SQUARE, "finalist"), words="finalist: mean of fresh trainings"),
            WINNER_ENTRY,
        ),
    )


def _drawing(facts: ReportFacts, points: Sequence[TradePoint], unit: str) -> Markup:
    log = all(point.cost > 0 for point in points)
    x = fitting_axis(f"{unit} (log scale)" if log else unit, [point.cost for point in points], log=log)
    panel = Panel(x=x, y=score_axis(facts.metric, [point.score for point in points]))
    front = [point for point in points if point.on_front]
    finalists, others = ([point for point in points if point.is_finalist is kind] for kind in (True, False))
    return panel.draw(
        f"Validation {facts.metric.in_words} against {unit}",
        steps([panel.at(point.cost, point.score) for point in front], "front"),
        marks([panel.at(point.cost, point.score) for point in others], Shape.DOT, "complete"),
        marks([panel.at(point.cost, point.score) for point in finalists], Shape.SQUARE, "finalist"),
        join([_named(panel, point, unit) for point in front[:MOST_NAMED]]),
        _winner(panel, facts, points),
    )


def _named(panel: Panel, point: TradePoint, unit: str) -> Markup:
    said = f"trial {point.trial}: {score_text(point.score)} with {short(point.cost)} {unit}"
    return named_mark(panel.at(point.cost, point.score), "pointed", said)


def _winner(panel: Panel, facts: ReportFacts, points: Sequence[TradePoint]) -> Markup:
    number = None if facts.winner is None else facts.winner.trial
    found = next((point for point in points if point.trial == number), None)
    if found is None:
        return Markup()
    return named_mark(panel.at(found.cost, found.score), "winner", f"trial {found.trial}: the winner", radius=13)


def _finding(facts: ReportFacts, points: Sequence[TradePoint], unit: str) -> str:
    front = [point for point in points if point.on_front]
    winner = next((p for p in points if facts.winner is not None and p.trial == facts.winner.trial), None)
    cheap = front[0] if front else None
    if winner is None or cheap is None or cheap.cost >= winner.cost:
        return f"Each mark is a configuration; those at the top left are good and cost little in {unit}."
    return (
        f"The winner has {score_text(winner.score)} with {short(winner.cost)} {unit}. The cheapest configuration, "
        f"trial {cheap.trial}, has {score_text(cheap.score)} with {short(cheap.cost)}."
    )
