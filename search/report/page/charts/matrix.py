"""A matrix of counts as a heat map: what is right on its diagonal, what is wrong beside it."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.report.page.charts.marks import label
from packtune.report.page.charts.markup import Markup, element, join
from packtune.report.page.charts.panel import cut, drawing, wide_drawing, width_of

MOST_NUMBERS = 12
"""Classes; of more, the cells have no numbers, but say them when they are pointed at."""
LONGEST_NAME = 14
NARROW = 1000.0
"""Units up to which a matrix is scaled to the page."""
LEAST_WIDTH = 720.0
"""Of a drawing: that of a few classes would otherwise be scaled up."""
DARKEST = 0.62
"""Opacity of a full cell: the number in it must still be readable."""


def draw_matrix(title: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    """Draw a confusion matrix; a row is a true class, and a column what was predicted.

    Args:
        names: of the n classes.
        counts: n rows of n numbers.
    """
    n = len(names)
    left = 60 + max((width_of(cut(name, LONGEST_NAME)) for name in names), default=0)
    top = left if n > MOST_NUMBERS or left > 150 else 70.0
    cell = min(72.0, max(12.0, (1000 - left) / max(1, n)))
    wrong = max((count for i, row in enumerate(counts) for j, count in enumerate(row) if i != j), default=0)
    rows = [_row(names, counts[i], i, (left, top, cell, wrong)) for i in range(n)]
    heads = [_head(name, left + (j + 0.5) * cell, top - 10, upright=top > 70) for j, name in enumerate(names)]
    width, height = max(LEAST_WIDTH, left + n * cell + 16), top + n * cell + 16
    words = [
        label((left + n * cell / 2, 22), "predicted", style="axis", anchor="middle"),
        element(
            "text",
            "true class",
            class_="axis",
            transform=f"translate(22 {top + n * cell / 2:g}) rotate(-90)",
            text_anchor="middle",
        ),
    ]
    draw = wide_drawing if width > NARROW else drawing
    return draw(title, *words, *heads, *rows, width=width, height=height)


def _head(name: str, x: float, y: float, *, upright: bool) -> Markup:
    shown = cut(name, LONGEST_NAME)
    if not upright:
        return label((x, y), shown, anchor="middle")
    return element("text", shown, transform=f"translate({x + 7:g} {y:g}) rotate(-90)")


def _row(names: Sequence[str], counts: Sequence[int], index: int, place: tuple[float, float, float, int]) -> Markup:
    left, top, cell, wrong = place
    y, total = top + index * cell, max(1, sum(counts))
    parts = [label((left - 10, y + cell / 2 + 7), cut(names[index], LONGEST_NAME), anchor="end")]
    for column, count in enumerate(counts):
        x = left + column * cell
        is_right = column == index
        share = count / total if is_right else count / max(1, wrong)
        if count:
            said = f"{names[index]} labelled {names[column]}: {count:,}"
            parts.append(_cell((x, y), cell, "right" if is_right else "wrong", share * DARKEST, said))
        if count and len(names) <= MOST_NUMBERS:
            parts.append(label((x + cell / 2, y + cell / 2 + 7), f"{count:,}", style="halo", anchor="middle"))
    return join(parts)


def _cell(corner: tuple[float, float], side: float, style: str, opacity: float, said: str) -> Markup:
    return element(
        "rect",
        element("title", said),
        class_=f"cell {style}",
        x=round(corner[0], 1),
        y=round(corner[1], 1),
        width=round(side - 1, 1),
        height=round(side - 1, 1),
        fill_opacity=round(max(0.08, opacity), 2),
    )
