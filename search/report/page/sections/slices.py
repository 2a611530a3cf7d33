"""Each hyperparameter by itself: the score of every trial against its value, and how its values rank."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packtune.models.configuration import Value
from packtune.report.facts.hyperparameters import HyperparameterFacts
from packtune.report.facts.report import ReportFacts
from packtune.report.facts.trainings import TrialFacts
from packtune.report.page.charts.axes import Axis, linear_axis
from packtune.report.page.charts.marks import label, rule
from packtune.report.page.charts.markup import Markup, element, join
from packtune.report.page.charts.panel import Panel
from packtune.report.page.figures import (
    WINNER_ENTRY,
    Figure,
    Section,
    finished_trials,
    lane_for,
    state_entries,
    trial_marks,
    winner_ring,
)
from packtune.report.page.words import STRETCHED, is_stretched, score_axis, value_text

N_BINS = 6
LEAST_TRIALS = 3
"""Of a part of an axis that is compared with others in words."""
ALIKE = 0.1
"""Medians of ranks that differ by less are not told apart."""
SPREAD = 0.7
"""The share of a word's part of the axis over which its trials are spread, so that they do not lie on each other."""
GOLDEN = 0.6180339887
"""Steps of this size spread evenly, however many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The trials of a part of an axis.

    Attributes:
        start, end: places on the axis, 0 to 1.
        least, largest: values of its trials.
        low, middle, high: quartiles of the ranks.
    """

    start: float
    end: float
    least: Value
    largest: Value
    trials: int
    low: float
    middle: float
    high: float


def slices_section(facts: ReportFacts, axes: Sequence[Axis]) -> Section:
    """Draw each hyperparameter that trials differ in.

    Args:
        axes: of `facts.hyperparameters`.
    """
    trials = finished_trials(facts)
    ranks = rank_trials(trials)
    order = {each.hyperparameter: place for place, each in reversed(list(enumerate(facts.importance)))}
    shown = sorted(enumerate(facts.hyperparameters), key=lambda item: order.get(item[1].name, len(order)))
    return Section(
        name="slices",
        title="Each hyperparameter by itself",
        lead=_lead(facts, trials) if shown and trials else "There is nothing to compare yet.",
        figures=tuple(_figure(facts, index, axes[index], trials, ranks) for index, _ in shown) if trials else (),
        legend=(*state_entries(trials), WINNER_ENTRY) if shown and trials else (),
        notes=tuple(facts.notes_on("hyperparameters")),
    )


def rank_trials(trials: Sequence[TrialFacts]) -> dict[int, float]:
    """Give for each trial the share of the others that it beats, 0 to 1; ties share the middle of their ranks.

    Diverged and failed trials are the worst. One that was stopped early is compared by its last score.
    """
    ordered = sorted(trials, key=lambda trial: trial.merit or 0.0)
    ranks: dict[int, float] = {}
    for group in _equal(ordered):
        first, last = group
        middle = (first + last) / 2 / max(1, len(ordered) - 1)
        ranks |= {trial.number: middle for trial in ordered[first : last + 1]}
    return ranks


def _equal(ordered: Sequence[TrialFacts]) -> Iterator[tuple[int, int]]:
    """Yield the first and last place of each group of equal merit."""
    first = 0
    for place in range(1, len(ordered) + 1):
        if place == len(ordered) or ordered[place].merit != ordered[first].merit:
            yield first, place - 1
            first = place


def _figure(
    facts: ReportFacts, index: int, axis: Axis, trials: Sequence[TrialFacts], ranks: dict[int, float]
) -> Figure:
    hyperparameter = facts.hyperparameters[index]
    having = [trial for trial in trials if trial.values[index] is not None]
    bins = rank_bins(axis, [(_value(trial, index), ranks[trial.number]) for trial in having])
    missing = len(trials) - len(having)
    beyond = f" In {missing:,} of {len(trials):,} trials it is not used." if missing else ""
    panel = _panel(facts, axis)
    return Figure(
        title=hyperparameter.name,
        reading=_finding(hyperparameter, axis, bins) + beyond,
        drawings=(
            _slice(facts, panel, index, axis, having),
            _rank_strip(hyperparameter, bins, panel.left),
        ),
    )


def _panel(facts: ReportFacts, axis: Axis) -> Panel:
    every = finished_trials(facts)
    scores = [trial.score for trial in every if trial.score is not None]
    return Panel(x=_spread(axis), y=score_axis(facts.metric, scores), lane=lane_for(every), height=440)


def _slice(facts: ReportFacts, panel: Panel, index: int, axis: Axis, trials: Sequence[TrialFacts]) -> Markup:
    return panel.draw(
        f"Validation {facts.metric.in_words} of every trial against {axis.label}",
        trial_marks(panel, trials, lambda trial: _spot(axis, trial, index)),
        winner_ring(panel, facts, lambda trial: None if trial.values[index] is None else _spot(axis, trial, index)),
    )


def _spread(axis: Axis) -> Axis:
    """Make an axis that takes places in the place of values, as its words are spread."""
    return Axis(label=axis.label, ticks=axis.ticks, place=float, categories=axis.categories)


def _spot(axis: Axis, trial: TrialFacts, index: int) -> float:
    middle = axis.place(_value(trial, index))
    if not axis.categories:
        return middle
    return middle + ((trial.number * GOLDEN) % 1 - 0.5) * SPREAD / axis.categories


def _value(trial: TrialFacts, index: int) -> Value:
    value = trial.values[index]
    assert value is not None  # only trials in which it applies are asked
    return value


def rank_bins(axis: Axis, ranked: Sequence[tuple[Value, float]]) -> list[Bin]:
    """Sort trials in parts of an axis: one for each word, or some of equal width; empty ones are left out.

    Args:
        ranked: the value of each trial, and its rank from 0 to 1.
    """
    n_bins = axis.categories or N_BINS
    places = sorted({axis.place(value) for value, _ in ranked})
    if not axis.categories and len(places) <= N_BINS:
        return [_bin(_around(place), [each for each in ranked if axis.place(each[0]) == place]) for place in places]
    members: dict[int, list[tuple[Value, float]]] = {}
    for value, rank in ranked:
        place = min(n_bins - 1, max(0, int(axis.place(value) * n_bins)))
        members.setdefault(place, []).append((value, rank))
    return [_bin((place / n_bins, (place + 1) / n_bins), inside) for place, inside in sorted(members.items())]


def _around(place: float) -> tuple[float, float]:
    """Give the part of the axis around the place of one of a few values, such as 1 to 3 hidden layers."""
    return place - 0.5 / N_BINS, place + 0.5 / N_BINS


def _bin(part: tuple[float, float], ranked: Sequence[tuple[Value, float]]) -> Bin:
    ranks, values = [rank for _, rank in ranked], [value for value, _ in ranked]
    ends = (values[0], values[0]) if isinstance(values[0], str) else (min(values), max(values))
    low, middle, high = statistics.quantiles(ranks, n=4, method="inclusive") if len(ranks) > 1 else [ranks[0]] * 3
    return Bin(
        start=part[0],
        end=part[1],
        least=ends[0],
        largest=ends[1],
        trials=len(ranks),
        low=low,
        middle=middle,
        high=high,
    )


def _rank_strip(hyperparameter: HyperparameterFacts, bins: Sequence[Bin], edge: float) -> Markup:
    y = linear_axis("rank", 0, 1, n_ticks=2)
    panel = Panel(x=Axis(label="", ticks=(), place=float), y=y, lane="trials", edge=edge, foot=16, height=170)
    return panel.draw(
        f"Ranks of trials by their value of {hyperparameter.name}: quartiles in each part of the axis",
        join([_box(panel, each) for each in bins]),
    )


def _box(panel: Panel, each: Bin) -> Markup:
    left, right = panel.across(each.start) + 6, panel.across(each.end) - 6
    top, bottom = panel.up(each.high), panel.up(each.low)
    box = element(
        "rect", class_="box", x=round(left), y=round(top), width=round(right - left), height=round(bottom - top) + 1
    )
    said = element("title", f"{each.trials:,} trials, half of them between {each.low:.2f} and {each.high:.2f}")
    middle = rule((left, panel.up(each.middle)), (right, panel.up(each.middle)), "median")
    number = label(((left + right) / 2, panel.lane_height + 7), f"{each.trials:,}", anchor="middle")
    return element("g", said, box, middle, number)


def _finding(hyperparameter: HyperparameterFacts, axis: Axis, bins: Sequence[Bin]) -> str:
    known = [each for each in bins if each.trials >= LEAST_TRIALS]
    if len(known) < 2:
        return "There are too few trials to compare its values."
    best, worst = max(known, key=lambda each: each.middle), min(known, key=lambda each: each.middle)
    if best.middle - worst.middle < ALIKE:
        return f"Of values with {LEAST_TRIALS} trials or more, none stands out: they rank about alike."
    return (
        f"Trials {_where(axis, best)} do best: half of them beat {best.middle:.0%} of all trials or more. Of those "
        f"{_where(axis, worst)}, half beat {worst.middle:.0%} or more."
    )


def _where(axis: Axis, each: Bin) -> str:
    if axis.categories:
        return f"with {min(axis.ticks, key=lambda tick: abs(tick.at - (each.start + each.end) / 2)).label}"
    if each.least == each.largest:
        return f"with {value_text(each.least)}"
    return f"with values from {value_text(each.least)} to {value_text(each.largest)}"


def _lead(facts: ReportFacts, trials: Sequence[TrialFacts]) -> str:
    scores = [trial.score for trial in trials if trial.score is not None]
    stretched = f" {STRETCHED}" if is_stretched(facts.metric, scores) else ""
    return (
        "The upper chart shows every trial that has the hyperparameter, by its value and its score. The lower one "
        "shows ranks: a trial of rank 0.9 beats 90% of all. Each box holds the middle half of the trials in its part "
        "of the axis, and its line is their median. Boxes at different heights mean that the value matters. The search "
        f"looks more often where it found good trials, so that other hyperparameters differ as well.{stretched}"
    )
