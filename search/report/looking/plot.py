"""Curves drawn with letters, for any terminal."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 8
WIDTH = 60
LEAST_WIDTH = 12
COLUMNS_OF_POINT = 4
"""Of a curve with few points, each is so many letters wide."""
BOTH = "*"
"""Where two curves meet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Points to be drawn, at least one.

    Attributes:
        mark: one letter.
        points: (x, y), in the order of x.
    """

    mark: str
    points: tuple[tuple[int, float], ...]

    def at(self, x: float) -> float | None:
        """Give the y of the last point up to x; none before the first one."""
        place = bisect_right(self.points, x, key=lambda point: point[0])
        return self.points[place - 1][1] if place else None


def plot(curves: Sequence[Curve], *, x_name: str, width: int | None = None) -> list[str]:
    """Draw curves over each other, as lines of text; nothing where there is no point.

    Args:
        x_name: what x counts, named below the axis.
        width: characters in a line; none for no limit.
    """
    points = [point for curve in curves for point in curve.points]
    if not points:
        return []
    (first, last), (low, high) = _range([x for x, _ in points]), _range([y for _, y in points])
    columns = _columns(int(last - first) + 1, width)
    grid = [[" "] * columns for _ in range(HEIGHT)]
    for curve in curves:
        for column in range(columns):
            value = curve.at(first + (last - first) * column / max(1, columns - 1))
            if value is not None:
                _draw(grid[_row(value, low, high)], column, curve.mark)
    return [*_with_scale(grid, low, high), *_axis(columns, int(first), int(last), x_name)]


def _range(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _columns(n: int, width: int | None) -> int:
    room = WIDTH if width is None else max(LEAST_WIDTH, min(WIDTH, width - len(_label(0.0)) - 3))
    return max(2, min(room, n * COLUMNS_OF_POINT))


def _row(value: float, low: float, high: float) -> int:
    """Give the row of a value, 0 at the bottom; the middle where all are the same."""
    return round((value - low) / (high - low) * (HEIGHT - 1)) if high > low else HEIGHT // 2


def _draw(row: list[str], column: int, mark: str) -> None:
    row[column] = mark if row[column] in (" ", mark) else BOTH


def _with_scale(grid: Sequence[Sequence[str]], low: float, high: float) -> list[str]:
    """Write the rows from the top, with the scale on the left."""
    labels = {HEIGHT - 1: _label(high), 0: _label(low)} if high > low else {HEIGHT // 2: _label(low)}
    blank = " " * len(_label(low))
    rows = [(labels.get(number, blank), "".join(row)) for number, row in enumerate(grid)]
    return [f"{label} | {row}".rstrip() for label, row in reversed(rows)]


def _axis(columns: int, first: int, last: int, x_name: str) -> list[str]:
    margin = " " * len(_label(0.0))
    ends = f"{first}{last:>{max(1, columns - len(str(first)))}}" if last > first else str(first)
    return [f"{margin} +-{'-' * columns}", f"{margin}   {ends}  {x_name}"]


def _label(value: float) -> str:
    return f"{value:7.4f}"
