"""Marks: thousands of dots as one path, lines, bands, and few marks that say in words what they are.

Points are in the units of the drawing. Coordinates are rounded to whole units, and marks that fall on the same point
are written once: in one path they look the same. `data-marks` has the number of marks before that.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from enum import StrEnum

from packtune.report.page.charts.markup import Markup, element

Point = tuple[float, float]


class Shape(StrEnum):
    """The shapes of marks, so that none is told from another by its colour alone."""

    DOT = "dot"
    CROSS = "cross"
    TRIANGLE = "triangle"
    SQUARE = "square"


# Drawn from the middle of the mark, back to which no path needs to go: the next begins from where this one ended.
_STROKES = {
    Shape.DOT: ("h0", (0, 0)),
    Shape.SQUARE: ("h0", (0, 0)),
    Shape.CROSS: ("m-5-5l10 10m0-10l-10 10", (-5, 5)),
    Shape.TRIANGLE: ("m-6 5h12l-6-11z", (-6, 5)),
}


def marks(points: Sequence[Point], shape: Shape, style: str) -> Markup:
    """Draw marks of one shape as one path; nothing where there are no points."""
    if not points:
        return Markup()
    stroke, (dx, dy) = _STROKES[shape]
    parts, x, y = ["M0 0"], 0, 0
    for column, row in sorted({(round(px), round(py)) for px, py in points}):
        parts.append(f"m{column - x}{_signed(row - y)}{stroke}")
        x, y = column + dx, row + dy
    return element("path", class_=f"{shape} {style}", d="".join(parts), data_marks=str(len(points)))


def line(points: Sequence[Point], style: str) -> Markup:
    """Draw a line through points."""
    return element("path", class_=f"line {style}", d=_polyline(points))


def lines(many: Iterable[Sequence[Point]], style: str, *, n_marks: int | None = None) -> Markup:
    """Draw many lines as one path.

    Args:
        n_marks: how many there are, where it is not how many are given.
    """
    paths = [_polyline(points) for points in many]
    if not paths:
        return Markup()
    count = len(paths) if n_marks is None else n_marks
    return element("path", class_=f"line {style}", d="".join(dict.fromkeys(paths)), data_marks=str(count))


def steps(points: Sequence[Point], style: str) -> Markup:
    """Draw a line that keeps its height up to the next point."""
    corners = [points[0]] if points else []
    for (_, before), (x, y) in itertools.pairwise(points):
        corners += [(x, before), (x, y)]
    return line(corners, style)


def band(lower: Sequence[Point], upper: Sequence[Point], style: str) -> Markup:
    """Fill what lies between two lines."""
    return element("path", class_=f"band {style}", d=_polyline([*lower, *reversed(upper)]) + "z")


def named_mark(point: Point, style: str, name: str, *, radius: float = 9) -> Markup:
    """Draw a ring with words that are shown when it is pointed at."""
    return element(
        "circle", element("title", name), class_=style, cx=round(point[0], 1), cy=round(point[1], 1), r=radius
    )


def label(point: Point, content: str, *, style: str = "", anchor: str = "start") -> Markup:
    """Write a text beside a point.

    Args:
        anchor: which part of the text lies at the point: start, middle or end.
    """
    x, y = round(point[0], 1), round(point[1], 1)
    return element("text", content, class_=style or None, x=x, y=y, text_anchor=None if anchor == "start" else anchor)


def rule(start: Point, end: Point, style: str) -> Markup:
    """Draw a straight line."""
    (x, y), (x2, y2) = start, end
    return element("path", class_=style, d=f"M{x:.5g} {y:.5g}L{x2:.5g} {y2:.5g}")


def _polyline(points: Sequence[Point]) -> str:
    """Write a path of whole units, relative to its first point, without points that repeat."""
    whole = [(round(x), round(y)) for x, y in points]
    kept = [point for point, _ in itertools.groupby(whole)]
    if len(kept) == 1:
        return f"M{kept[0][0]} {kept[0][1]}h0"
    moves = (f"{x2 - x}{_signed(y2 - y)}" for (x, y), (x2, y2) in itertools.pairwise(kept))
    return f"M{kept[0][0]} {kept[0][1]}l{_spaced(moves)}" if kept else ""


def _spaced(moves: Iterable[str]) -> str:
    """Join pairs of numbers; a minus sign needs no blank before it."""
    joined = ""
    for move in moves:
        joined += move if not joined or move.startswith("-") else f" {move}"
    return joined


def _signed(number: int) -> str:
    return f"{number}" if number < 0 else f" {number}"
