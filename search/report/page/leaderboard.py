"""The leaderboard of a page: the first rows as a table of HTML, and all rows as JSON for the script that sorts them."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from packtune.data.files import readable
from packtune.models.configuration import Value
from packtune.report.facts.leaders import LeaderFacts
from packtune.report.facts.report import ReportFacts
from packtune.report.page.charts.axes import Axis, linear_axis
from packtune.report.page.charts.interval import draw_interval, draw_interval_axis
from packtune.report.page.charts.markup import Markup, text
from packtune.report.page.words import capital, is_better, score_text, value_text

FIRST_ROWS = 100
"""Rows of HTML, which are there without the script; the script shows as many at once."""
ON_AXIS = 10
"""The axis fits the intervals of finalists, or of so many rows; an arrow at its end stands for a row below them."""

FARTHEST = 2.0
"""So many times the usual half of an interval the axis reaches beyond the means; wider ones leave it."""


class Kind(StrEnum):
    """How the cells of a column are written and sorted; the script knows the same words."""

    TEXT = "text"
    NUMBER = "number"
    SCORE = "score"
    INTERVAL = "interval"


Cell = Value | None | list[float]
"""The cell of a row: an interval is its mean and, where it is known, low and high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column, with what is sorted by in words."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of the table that belong together, under a heading of their own."""

    heading: str
    rows: tuple[tuple[Markup, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The leaderboard as the template shows it.

    Attributes:
        heads: (name, class of its cells, drawing instead of the name, if any) of each column.
        groups: of the first rows.
        data: all rows as JSON, safe inside of an element `script`.
        rows: how many there are.
    """

    heads: tuple[tuple[str, str, Markup | None], ...]
    groups: tuple[Group, ...]
    data: Markup
    rows: int
    states: tuple[str, ...]

    @property
    def is_cut(self) -> bool:
        """Tell whether there are more rows than those of HTML."""
        return self.rows > FIRST_ROWS


def make_board(facts: ReportFacts) -> Board:
    """Make the leaderboard of a page."""
    axis = interval_axis(facts)
    columns = board_columns(facts)
    shown = sorted(facts.leaderboard, key=lambda row: row.is_seen_once)[:FIRST_ROWS]
    return Board(
        heads=tuple((each.name, _style(each.kind), _head(each, axis)) for each in columns),
        groups=tuple(_groups(facts, columns, shown, axis)),
        data=board_data(facts, columns, axis),
        rows=len(facts.leaderboard),
        states=tuple(dict.fromkeys(row.state for row in facts.leaderboard)),
    )


def board_columns(facts: ReportFacts) -> list[Column]:
    """List the columns; those that are empty in every row are left out."""
    by, score = facts.metric.in_words, Kind.SCORE
    columns = [
        Column(name="rank", kind=Kind.NUMBER),
        Column(name="trial", kind=Kind.NUMBER),
        Column(name="standing", kind=Kind.TEXT),
        Column(name=f"validation {by}", kind=score),
        Column(name="95% interval", kind=Kind.INTERVAL),
        Column(name="accuracy", kind=score),
        Column(name=f"test {by}", kind=score),
        Column(name="trainings", kind=Kind.NUMBER),
        Column(name="collapsed", kind=Kind.NUMBER),
        Column(name="epochs", kind=Kind.NUMBER),
        Column(name="parameters", kind=Kind.NUMBER),
        *(Column(name=each.name, kind=_kind(facts, at)) for at, each in enumerate(facts.hyperparameters)),
    ]
    rows = [_all_cells(facts, row) for row in facts.leaderboard]
    return [column for at, column in enumerate(columns) if at < 4 or any(row[at] not in (None, "") for row in rows)]


def _kind(facts: ReportFacts, index: int) -> Kind:
    values = [row.values[index] for row in facts.leaderboard if row.values[index] is not None]
    return Kind.TEXT if any(isinstance(value, str | bool) for value in values) else Kind.NUMBER


def row_cells(facts: ReportFacts, row: LeaderFacts, columns: Sequence[Column]) -> list[Cell]:
    """Give the cells of the columns that are shown."""
    names = [
        *("rank", "trial", "standing", f"validation {facts.metric.in_words}", "95% interval", "accuracy"),
        *(f"test {facts.metric.in_words}", "trainings", "collapsed", "epochs", "parameters"),
        *(each.name for each in facts.hyperparameters),
    ]
    cells = dict(zip(names, _all_cells(facts, row), strict=True))
    return [cells[column.name] for column in columns]


def _all_cells(facts: ReportFacts, row: LeaderFacts) -> list[Cell]:
    score = row.score
    return [
        row.rank,
        row.trial,
        standing(row),
        score.mean if score else None,
        [score.mean, score.low, score.high] if score else None,
        row.accuracy if facts.metric.name != "accuracy" else None,
        row.test,
        score.trainings if score else None,
        score.collapsed or None if score else None,
        row.epochs,
        row.parameters,
        *row.values,
    ]


def standing(row: LeaderFacts) -> str:
    """Say in a word or two what became of a configuration."""
    if row.is_winner:
        return "★ winner"
    if row.is_finalist:
        return "≈ tied with it" if row.is_tied else "finalist"
    return {"COMPLETE": "trained to the end", "PRUNED": "stopped early", "DIVERGED": "✕ diverged", "FAIL": "✕ failed"}[
        row.state
    ]


def interval_axis(facts: ReportFacts) -> Axis:
    """Make the axis of the intervals of the first rows."""
    finalists = [row for row in facts.leaderboard if row.is_finalist]
    scores = [row.score for row in (finalists if len(finalists) > 1 else facts.leaderboard[:ON_AXIS]) if row.score]
    if not scores:
        return linear_axis("axis from 0 to 1", 0.0, 1.0, n_ticks=2)
    means = [score.mean for score in scores]
    room = FARTHEST * statistics.median((score.high - score.low) / 2 for score in scores)
    low = max(min(score.low for score in scores), min(means) - room)
    high = min(max(score.high for score in scores), max(means) + room)
    return linear_axis(f"axis from {low:.3g} to {high:.3g}", low, high, n_ticks=3)


def _groups(facts: ReportFacts, columns: Sequence[Column], rows: Sequence[LeaderFacts], axis: Axis) -> Iterator[Group]:
    for once in (False, True):
        members = [row for row in rows if row.is_seen_once is once]
        if members:
            cells = tuple(_shown(columns, row_cells(facts, row, columns), axis, row) for row in members)
            yield Group(heading=HEADINGS[once], rows=cells)


HEADINGS = {
    False: "Trained several times from different seeds",
    True: "Seen once in the search: the best of these are lucky, and their scores too high",
}


def _shown(columns: Sequence[Column], cells: Sequence[Cell], axis: Axis, row: LeaderFacts) -> tuple[Markup, ...]:
    style = "winner" if row.is_winner else "once" if row.is_seen_once else "tied" if row.is_tied else "finalist"
    return tuple(_show(column.kind, cell, axis, style) for column, cell in zip(columns, cells, strict=True))


def _show(kind: Kind, cell: Cell, axis: Axis, style: str) -> Markup:
    if isinstance(cell, list):
        mean, low, high = cell
        return draw_interval(f"{low:.4f} to {high:.4f}", axis, mean, (low, high), style)
    if kind is Kind.SCORE:
        return text(score_text(None if isinstance(cell, str) else cell))
    return text(value_text(cell))


def _style(kind: Kind) -> str:
    return "" if kind is Kind.TEXT else "number"


def _head(column: Column, axis: Axis) -> Markup | None:
    return draw_interval_axis(axis) if column.kind is Kind.INTERVAL else None


def board_data(facts: ReportFacts, columns: Sequence[Column], axis: Axis) -> Markup:
    """Write all rows as JSON that no browser takes for markup. A row begins with the number of its group, 0 or 1."""
    ordered = sorted(facts.leaderboard, key=lambda row: row.is_seen_once)
    content = {
        "columns": [{"name": readable(column.name), "kind": column.kind.value} for column in columns],
        "headings": [HEADINGS[False], HEADINGS[True]],
        "axis": [axis.place(0.0), axis.place(1.0)],
        "page": FIRST_ROWS,
        "rows": [[int(row.is_seen_once), *map(_compact, columns, row_cells(facts, row, columns))] for row in ordered],
        "states": [row.state for row in ordered],
    }
    return as_script(content)


def as_script(content: object) -> Markup:
    """Write a value as JSON inside of an element `script`: without the letter that would end or begin an element."""
    return Markup(json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


def _compact(column: Column, cell: Cell) -> Cell:
    if isinstance(cell, list):
        return [_as_shown(number) for number in cell]
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, str):
        return readable(cell)
    if not isinstance(cell, float):
        return cell
    if not math.isfinite(cell):
        return str(cell)
    return _as_shown(cell) if column.kind is Kind.SCORE else float(f"{cell:.6g}")


def _as_shown(score: float) -> float:
    """Round a score as it is shown, so that the script shows the same; equal ones stay in the order of the rows."""
    return float(score_text(score))


def order_words(facts: ReportFacts) -> str:
    """Say how the rows are ordered, and why a higher mean may stand below a lower one."""
    examples, by = facts.data.examples, facts.metric.in_words
    if not facts.run.is_decided:
        return f"The order is by {by} on validation; nothing was looked at on test {examples} yet."
    order = f"The order is by {by} on validation alone; test {examples} decide nothing."
    means = [row.score.mean for row in facts.leaderboard if row.is_finalist and row.score]
    if not any(is_better(facts.metric, mean, means[0]) for mean in means):
        return order
    return (
        f"{order} Finalists are compared in rounds, and one that falls behind is not trained again: its mean over "
        "fewer trainings may be above that of the winner."
    )


def board_title(facts: ReportFacts) -> str:
    """Name the table."""
    return capital(f"leaderboard: {len(facts.leaderboard):,} configurations, the best first")
