"""Parallel coordinates: a line a trial through one axis a hyperparameter, with lanes for what a trial does not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packtune.report.page.charts.axes import Axis, Value
from packtune.report.page.charts.marks import Point, label, lines, rule
from packtune.report.page.charts.markup import Markup, join
from packtune.report.page.charts.panel import cut, drawing

GAP = 150.0
"""Between two axes, in units of the drawing."""
TOP, FLOOR, LANE_HEIGHT, HEIGHT = 70.0, 430.0, 470.0, 520.0
EDGE = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinate:
    """An axis, with what its lane means: "not used" of a hyperparameter, "no score" of the score."""

    axis: Axis
    lane: str


Row = Sequence[Value | None]
"""The values of a trial, one for each axis; None where it lies in the lane."""


def draw_parallel(title: str, coordinates: Sequence[Coordinate], groups: Mapping[str, Sequence[Row]]) -> Markup:
    """Draw every row as a line.

    Args:
        groups: the rows by the class of their lines; later ones lie above earlier ones.
    """
    width = 2 * EDGE + GAP * (len(coordinates) - 1)
    has_lane = [any(row[index] is None for rows in groups.values() for row in rows) for index in _range(coordinates)]
    drawn = [lines([_points(row, coordinates) for row in rows], style) for style, rows in groups.items()]
    axes = [_axis(each, index, lane) for index, (each, lane) in enumerate(zip(coordinates, has_lane, strict=True))]
    return drawing(title, *drawn, *axes, width=width, height=HEIGHT, style="chart wide")


def _range(coordinates: Sequence[Coordinate]) -> range:
    return range(len(coordinates))


def _points(row: Row, coordinates: Sequence[Coordinate]) -> list[Point]:
    return [
        (EDGE + GAP * index, LANE_HEIGHT if value is None else _height(each.axis.place(value)))
        for index, (value, each) in enumerate(zip(row, coordinates, strict=True))
    ]


def _height(place: float) -> float:
    return FLOOR - place * (FLOOR - TOP)


def _axis(coordinate: Coordinate, index: int, has_lane: bool) -> Markup:
    x = EDGE + GAP * index
    name = cut(coordinate.axis.label, 22)
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
