"""Two small pictures of a report, each an SVG file of its own that GitHub shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packtune.report.facts.leaders import Interval, LeaderFacts
from packtune.report.facts.report import ReportFacts
from packtune.report.page.charts.axes import category_axis, fitting_axis
from packtune.report.page.charts.marks import rule
from packtune.report.page.charts.markup import Markup, element, join
from packtune.report.page.charts.panel import Panel
from packtune.report.page.page import read_assets
from packtune.report.page.sections.progress import progress_drawing

MOST_ROWS = 10
ROW = 44.0
WIDTH = 640
"""Of a picture, in pixels, where there is room for it."""
SIZE = re.compile(r'viewBox="0 0 (\S+) (\S+)"')


def progress_picture(facts: ReportFacts) -> str:
    """Draw the best score so far, as an SVG file."""
    return _file(progress_drawing(facts))


def leaders_picture(facts: ReportFacts) -> str | None:
    """Draw the first configurations with their intervals, as an SVG file; none if none has a score.

    Where several were trained again from fresh seeds, these alone are shown: scores that were seen once are too high.
    """
    finalists = [row for row in facts.leaderboard if row.is_finalist]
    shown = (finalists if len(finalists) > 1 else facts.leaderboard)[:MOST_ROWS]
    rows = [(row, row.score) for row in shown if row.score is not None]
    return _file(_leaders(facts, rows)) if rows else None


def _leaders(facts: ReportFacts, rows: Sequence[tuple[LeaderFacts, Interval]]) -> Markup:
    edges = [edge for _, score in rows for edge in (score.low, score.high)]
    scores = fitting_axis(f"validation {facts.metric.in_words}, with its 95% interval", edges)
    names = category_axis("", [_name(row) for row, _ in reversed(rows)])
    panel = Panel(x=scores, y=names, height=130 + ROW * len(rows))
    return panel.draw("The first configurations", *(_row(panel, row, score) for row, score in rows))


def _name(row: LeaderFacts) -> str:
    return f"trial {row.trial}{' ★' if row.is_winner else ' ≈' if row.is_tied else ''}"


def _row(panel: Panel, row: LeaderFacts, score: Interval) -> Markup:
    y = panel.up(panel.y.place(_name(row)))
    low, x, high = (panel.across(panel.x.place(value)) for value in (score.low, score.mean, score.high))
    whiskers = [rule((low, y), (high, y), "whisker"), *(rule((e, y - 7), (e, y + 7), "whisker") for e in (low, high))]
    style = "winner" if row.is_winner else "once" if row.is_seen_once else "tied" if row.is_tied else "finalist"
    return join([*whiskers, element("circle", class_=f"mean {style}", cx=x, cy=y, r=7)])


def _file(drawing: Markup) -> str:
    """Make a file of a drawing: with the style of the page, and its background, which a dark reader may lack."""
    found = SIZE.search(drawing)
    assert found is not None  # every drawing has its size
    width, height = map(float, found.groups())
    style = Markup(f"<style><![CDATA[{read_assets().style}]]></style>")
    ground = element("rect", width=width, height=height, style="fill: var(--page)")
    return element(
        "svg",
        style,
        ground,
        drawing,
        xmlns="http://www.w3.org/2000/svg",
        width=str(WIDTH),
        height=str(round(WIDTH * height / width)),
        viewBox=f"0 0 {width:g} {height:g}",
    )
