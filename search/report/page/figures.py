"""The parts of a page: sections with figures and tables, and the marks that stand for trials in every chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packtune.report.facts.report import ReportFacts
from packtune.report.facts.trainings import TrialFacts
from packtune.report.page.charts.axes import Value
from packtune.report.page.charts.marks import Shape, line, marks, named_mark
from packtune.report.page.charts.markup import Markup, element, join
from packtune.report.page.charts.panel import Panel

N_SERIES = 8
"""Colours of lines that are told apart, each with a pattern of dashes of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a legend: a sample of the mark, and what it stands for."""

    sample: Markup
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Drawings with a title.

    Attributes:
        reading: how to read them, and what they show.
        is_wide: whether it takes the whole width of the page.
    """

    title: str
    reading: str
    drawings: tuple[Markup, ...]
    legend: tuple[Entry, ...] = ()
    is_wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A small table; a column is aligned to the right if its name is in `numbers`."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the page.

    Attributes:
        name: of its anchor.
        legend: of all its figures.
        notes: why it lacks something.
    """

    name: str
    title: str
    lead: str = ""
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    legend: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StateLook:
    """How the trials of a state are drawn."""

    shape: Shape
    style: str
    words: str


STATES = {
    "PRUNED": StateLook(shape=Shape.SQUARE, style="pruned", words="stopped early: its score when it was stopped"),
    "COMPLETE": StateLook(shape=Shape.DOT, style="complete", words="trained to the end"),
    "DIVERGED": StateLook(shape=Shape.CROSS, style="diverged", words="diverged: no score"),
    "FAIL": StateLook(shape=Shape.TRIANGLE, style="failed", words="failed: no score"),
}
"""In the order in which they are drawn: what comes later lies above."""
NO_SCORE = "no score"


def finished_trials(facts: ReportFacts) -> list[TrialFacts]:
    """List the trials that have an outcome."""
    return [trial for trial in facts.trials if trial.state in STATES]


def lane_for(trials: Sequence[TrialFacts]) -> str | None:
    """Name the lane for trials without a score; none where all have one."""
    return NO_SCORE if any(trial.score is None for trial in trials) else None


def trial_marks(panel: Panel, trials: Sequence[TrialFacts], across: Callable[[TrialFacts], Value]) -> Markup:
    """Draw trials by their score, each state by marks of its own."""
    return join(
        [
            marks(
                [panel.at(across(trial), trial.score) for trial in trials if trial.state == state],
                look.shape,
                look.style,
            )
            for state, look in STATES.items()
        ]
    )


def winner_ring(panel: Panel, facts: ReportFacts, across: Callable[[TrialFacts], Value | None]) -> Markup:
    """Draw a ring around the trial of the winner, where it lies in the panel."""
    winner = None if facts.winner is None else facts.winner.trial
    found = next((trial for trial in facts.trials if trial.number == winner and trial.score is not None), None)
    if found is None or (x := across(found)) is None:
        return Markup()
    return named_mark(panel.at(x, found.score), "winner", f"trial {found.number}: the winner", radius=13)


def state_entries(trials: Sequence[TrialFacts]) -> list[Entry]:
    """Give the legend of the states that occur."""
    present = {trial.state for trial in trials}
    return [
        Entry(sample=shape_sample(look.shape, look.style), words=look.words)
        for state, look in STATES.items()
        if state in present
    ]


def shape_sample(shape: Shape, style: str) -> Markup:
    """Draw one mark for a legend."""
    return _sample(marks([(20, 14)], shape, style))


def line_sample(style: str) -> Markup:
    """Draw a piece of a line for a legend."""
    return _sample(line([(2, 14), (50, 14)], style), width=52)


WINNER_ENTRY = Entry(
    sample=element(
        "svg",
        element("circle", class_="winner", cx=20, cy=14, r=10),
        class_="sample",
        viewBox="0 0 40 28",
        aria_hidden="true",
    ),
    words="the winner",
)


def _sample(mark: Markup, width: float = 40) -> Markup:
    return element("svg", mark, class_="sample", viewBox=f"0 0 {width:g} 28", aria_hidden="true")
