"""Horizontal bars with names and numbers, one below the other, perhaps with an interval each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packtune.report.page.charts.marks import label, rule
from packtune.report.page.charts.markup import Markup, element, join
from packtune.report.page.charts.panel import cut, drawing, width_of

ROW = 44.0
LONGEST_NAME = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar.

    Attributes:
        value: its length, 0 or more; a smaller one is drawn as 0.
        shown: the number beside it, in words.
        interval: what the value may be as well, drawn as a line across the end of the bar.
    """

    name: str
    value: float
    shown: str
    interval: tuple[float, float] | None = None


def draw_bars(title: str, bars: Sequence[Bar], *, longest: float | None = None) -> Markup:
    """Draw bars, the first one on top.

    Args:
        longest: the value of a bar of full length; the largest one if it is not given.
    """
    largest = [longest] if longest else [bar.interval[1] if bar.interval else bar.value for bar in bars]
    scale = max([*largest, 1e-12])
    left = 16 + max((width_of(cut(bar.name, LONGEST_NAME)) for bar in bars), default=0)
    room = 800 - left - 24 - 1.1 * max((width_of(bar.shown) for bar in bars), default=0)
    rows = [_row(bar, index, left, room / scale) for index, bar in enumerate(bars)]
    height = ROW * len(bars) + 8
    axis = rule((left, 2), (left, height - 2), "frame")
    return drawing(title, *rows, axis, width=800, height=height)


def _row(bar: Bar, index: int, left: float, scale: float) -> Markup:
    top = 6 + index * ROW
    length = max(0.0, bar.value) * scale
    parts = [
        label((left - 10, top + 24), cut(bar.name, LONGEST_NAME), anchor="end"),
        element("rect", class_="bar", x=round(left), y=top + 4, width=round(length, 1), height=26),
    ]
    end = length
    if bar.interval:
        low, high = (max(0.0, edge) * scale for edge in bar.interval)
        end = max(end, high)
        parts.append(_whisker(left + low, left + high, top + 17))
    parts.append(label((left + end + 10, top + 24), bar.shown, style="strong"))
    return element("g", *parts)


def _whisker(low: float, high: float, y: float) -> Markup:
    edges = [rule((x, y - 7), (x, y + 7), "whisker") for x in (low, high)]
    return join([rule((low, y), (high, y), "whisker"), *edges])
