"""The panel that marks are drawn in: its size, its axes with ticks and labels, and a lane for what has no height."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from packtune.report.page.charts.axes import Axis, Value
from packtune.report.page.charts.marks import Point, label, rule
from packtune.report.page.charts.markup import Markup, element, join

LETTER = 12.0
"""About the width of a letter, in units of the drawing; half as much again of a wide one."""
WIDE_LETTERS = frozenset("mwMW@%&<>=+~…—") | frozenset("ABCDGHKNOQRUVXY")
FIRST_SQUARE = "\u1100"
"""From here on, most letters are as wide as they are high."""
CROWDED = 14.0
"""More room below the axes, where every other label stands lower."""
LANE = 34.0
"""The height of a lane, in units of the drawing."""


@dataclass(frozen=True, kw_only=True)  # without slots: the edges are asked for with every mark, and kept
class Panel:
    """A chart of 800 units by 500, unless said otherwise; a page shows it about 500 pixels wide.

    Attributes:
        lane: what lies below the axes, as "no score"; none for no such lane.
        foot: room below the axes, for the labels of the horizontal one.
        edge: where the axes begin, if not where the labels leave room; for panels that stand below each other.
    """

    x: Axis
    y: Axis
    lane: str | None = None
    edge: float | None = None
    foot: float = 82
    width: float = 800
    height: float = 500

    @cached_property
    def left(self) -> float:
        """Where the axes begin."""
        labels = [tick.label for tick in self.y.ticks] + ([self.lane] if self.lane else [])
        return 52 + max(map(width_of, labels), default=0) if self.edge is None else self.edge

    @cached_property
    def right(self) -> float:
        """Where they end."""
        return self.width - 26

    @property
    def top(self) -> float:
        """Their upper end."""
        return 18

    @cached_property
    def bottom(self) -> float:
        """Their lower end."""
        return self.height - self.foot - (CROWDED if _is_crowded(self) else 0) - (LANE if self.lane else 0)

    def at(self, x: Value, y: Value | None) -> Point:
        """Give the point of two values; without a height it lies in the lane."""
        return self.across(self.x.place(x)), self.lane_height if y is None else self.up(self.y.place(y))

    def across(self, place: float) -> float:
        """Give the coordinate of a place on the horizontal axis, 0 to 1."""
        return self.left + place * (self.right - self.left)

    def up(self, place: float) -> float:
        """Give the coordinate of a place on the vertical axis, 0 to 1."""
        return self.bottom - place * (self.bottom - self.top)

    @property
    def lane_height(self) -> float:
        """The middle of the lane."""
        return self.bottom + LANE / 2 + 6

    def draw(self, title: str, *contents: Markup) -> Markup:
        """Draw the axes, and what lies in them.

        Args:
            title: says to those who cannot see the chart what it shows.
        """
        parts = join([_upright(self), _level(self), *contents])
        return drawing(title, parts, width=self.width, height=self.height)


def drawing(title: str, *contents: Markup, width: float, height: float, style: str = "chart") -> Markup:
    """Put parts into a drawing with a title for those who cannot see it."""
    return element(
        "svg",
        *contents,
        class_=style,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=title,
    )


WIDE_SCALE = 0.7
"""Pixels of a unit of a wide drawing: it is not scaled to the page, but moved sideways where the page is narrow."""


def wide_drawing(title: str, *contents: Markup, width: float, height: float) -> Markup:
    """Put parts into a drawing whose size does not depend on that of the page."""
    return element(
        "svg",
        *contents,
        class_="chart wide",
        viewBox=f"0 0 {width:g} {height:g}",
        width=str(round(width * WIDE_SCALE)),
        height=str(round(height * WIDE_SCALE)),
        role="img",
        aria_label=title,
    )


def _upright(panel: Panel) -> Markup:
    middle = (panel.top + panel.bottom) / 2
    parts = [
        element(
            "text",
            panel.y.label,
            class_="axis",
            transform=f"translate(22 {middle:g}) rotate(-90)",
            text_anchor="middle",
        )
    ]
    for tick in panel.y.ticks:
        height = panel.up(tick.at)
        parts.append(rule((panel.left, height), (panel.right, height), "grid"))
        parts.append(label((panel.left - 10, height + 7), tick.label, anchor="end"))
    if panel.lane:
        parts.append(rule((panel.left, panel.bottom + 6), (panel.right, panel.bottom + 6), "frame"))
        parts.append(label((panel.left - 10, panel.lane_height + 7), panel.lane, anchor="end"))
    return join(parts)


def _level(panel: Panel) -> Markup:
    floor = panel.bottom + (LANE + 6 if panel.lane else 0)
    parts = [rule((panel.left, floor), (panel.right, floor), "frame")]
    crowded, most = _is_crowded(panel), _most_letters(panel)
    for index, tick in enumerate(panel.x.ticks):
        x = panel.across(tick.at)
        parts.append(rule((x, floor), (x, floor + 6), "frame"))
        lower = 22 if crowded and index % 2 else 0
        parts.append(label((x, floor + 26 + lower), cut(tick.label, most), anchor="middle"))
    parts.append(
        label(((panel.left + panel.right) / 2, panel.height - 8), panel.x.label, style="axis", anchor="middle")
    )
    return join(parts)


def width_of(content: str) -> float:
    """Estimate the width of a text of the usual size, in units of the drawing."""
    squares = sum(letter >= FIRST_SQUARE for letter in content)
    wide = sum(letter in WIDE_LETTERS for letter in content)
    return LETTER * (len(content) + 0.5 * wide + 0.8 * squares)


def cut(content: str, most: int) -> str:
    """Cut a text to so many letters, the last of which then is three dots."""
    return content if len(content) <= most else content[: max(1, most - 1)] + "…"


def _most_letters(panel: Panel) -> int:
    """Give how many letters fit where every other label stands lower."""
    return max(2, int(2 * (panel.right - panel.left) / max(1, len(panel.x.ticks)) / LETTER))


def _is_crowded(panel: Panel) -> bool:
    """Tell whether labels beside each other would touch: then every other one stands lower."""
    room = (panel.right - panel.left) / max(1, len(panel.x.ticks))  # neither depends on the height
    return panel.x.categories > 0 and any(width_of(tick.label) > room for tick in panel.x.ticks)
