"""Parallel coordinates: a line a trial through one axis a hyperparameter, with lanes for what a trial does not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packtune.report.page.charts.axes import Axis, Value
from packtune.report.page.charts.marks import Point, label, lines, rule
from packtune.report.page.charts.markup import Markup, join
from packtune.report.page.charts.panel import cut, wide_drawing

LEAST_GAP, FULL_WIDTH = 165.0, 1640.0
"""Between two axes; where there is room, they fill the width of a page. In units of the drawing."""
LONGEST_NAME = 22
TOP, FLOOR, LANE_HEIGHT, HEIGHT = 70.0, 430.0, 470.0, 520.0
EDGE = 125.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinate:
    """An axis with its name, and what its lane means: "not used" of a hyperparameter, "no score" of the score."""

    name: str
    axis: Axis
    lane: str


Row = Sequence[Value | None]
"""The values of a trial, one for each axis; None where it lies in the lane."""


def draw_parallel(title: str, coordinates: Sequence[Coordinate], groups: Mapping[str, Sequence[Row]]) -> Markup:
    """Draw every row as a line.

    Args:
        groups: the rows by the class of their lines; later ones lie above earlier ones.
    """
    gap = max(LEAST_GAP, (FULL_WIDTH - 2 * EDGE) / max(1, len(coordinates) - 1))
    drawn = [
        lines([_points(row, coordinates, gap) for row in rows], style, n_marks=len(rows))
        for style, rows in groups.items()
    ]
    axes = [
        _axis(each, EDGE + gap * index, index, any(row[index] is None for rows in groups.values() for row in rows))
        for index, each in enumerate(coordinates)
    ]
    return wide_drawing(title, *drawn, *axes, width=2 * EDGE + gap * (len(coordinates) - 1), height=HEIGHT)


def _points(row: Row, coordinates: Sequence[Coordinate], gap: float) -> list[Point]:
    return [
        (EDGE + gap * index, LANE_HEIGHT if value is None else _height(each.axis.place(value)))
        for index, (value, each) in enumerate(zip(row, coordinates, strict=True))
    ]


def _height(place: float) -> float:
    return FLOOR - place * (FLOOR - TOP)


def _axis(coordinate: Coordinate, x: float, index: int, has_lane: bool) -> Markup:
    name = cut(coordinate.name, LONGEST_NAME)
    parts = [
        rule((x, TOP), (x, FLOOR), "frame"),
        label((x, TOP - 22 - 26 * (index % 2)), name, style="axis halo", anchor="middle"),
    ]
    for tick in coordinate.axis.ticks:
        parts.append(rule((x - 5, _height(tick.at)), (x + 5, _height(tick.at)), "frame"))
        parts.append(label((x - 9, _height(tick.at) + 7), cut(tick.label, 11), style="halo", anchor="end"))
    if has_lane:
        parts.append(rule((x - 8, LANE_HEIGHT), (x + 8, LANE_HEIGHT), "frame"))
        parts.append(label((x, LANE_HEIGHT + 32), coordinate.lane, style="halo", anchor="middle"))
    return join(parts)
