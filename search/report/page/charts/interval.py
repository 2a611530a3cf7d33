"""An interval on one line, for the cell of a table; all of a column lie on the same axis."""

from __future__ import annotations

from packtune.report.page.charts.axes import Axis
from packtune.report.page.charts.marks import label, rule
from packtune.report.page.charts.markup import Markup, element, join
from packtune.report.page.charts.panel import drawing

WIDTH, HEIGHT, EDGE = 180.0, 24.0, 8.0


def draw_interval(title: str, axis: Axis, mean: float, interval: tuple[float, float] | None, style: str) -> Markup:
    """Draw a mean as a dot, and its interval as a line; an end that lies off the axis has no stroke."""
    middle = HEIGHT / 2
    parts = []
    if interval:
        places = [axis.place(edge) for edge in interval]
        parts = [rule((_across(places[0]), middle), (_across(places[1]), middle), "whisker")]
        inside = [_across(place) for place in places if 0 <= place <= 1]
        parts += [rule((x, middle - 6), (x, middle + 6), "whisker") for x in inside]
    if axis.place(mean) < 0:  # below the axis: an arrow at its edge
        return drawing(title, label((0, middle + 4), "◂", style="below"), width=WIDTH, height=HEIGHT, style="interval")
    dot = element("circle", class_=f"mean {style}", cx=round(_across(axis.place(mean)), 1), cy=middle, r=5)
    return drawing(title, join(parts), dot, width=WIDTH, height=HEIGHT, style="interval")


def draw_interval_axis(axis: Axis) -> Markup:
    """Draw the axis of such a column, for its head."""
    parts = [rule((EDGE, 20), (WIDTH - EDGE, 20), "frame")]
    for tick in axis.ticks:
        x = _across(tick.at)
        parts += [rule((x, 17), (x, 23), "frame"), label((x, 13), tick.label, anchor="middle")]
    return drawing(axis.label, *parts, width=WIDTH, height=HEIGHT, style="interval")


def _across(place: float) -> float:
    return EDGE + min(1.0, max(0.0, place)) * (WIDTH - 2 * EDGE)
