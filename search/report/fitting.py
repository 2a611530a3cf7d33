"""Fits text into the lines of a terminal: tables lose columns, sentences are wrapped, and no word is broken."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tabulate as tabulate_module
from tabulate import tabulate

tabulate_module.MIN_PADDING = 0  # its default widens every column by the two blanks around a header


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A table that fits.

    Attributes:
        text: the table.
        hidden: the names of the columns that were left out, in the order of the table.
    """

    text: str
    hidden: tuple[str, ...]


def fit_table(
    names: Sequence[str], write: Callable[[Sequence[str]], str], *, first_out: Sequence[str], width: int | None
) -> Fitted:
    """Write as many columns as fit.

    Args:
        names: of all columns, from the left.
        write: writes a table of the columns with some of these names.
        first_out: the columns that are left out first, in this order; the others follow from the right. The first
            column always stays.
        width: characters in a line; none for no limit.
    """
    others = [name for name in reversed(names[1:]) if name not in first_out]
    kept, leaving = list(names), [*first_out, *others]
    text = write(kept)
    while leaving and width is not None and _width_of(text) > width:
        kept.remove(leaving.pop(0))
        text = write(kept)
    return Fitted(text=text, hidden=tuple(name for name in names if name not in kept))


def write_table(
    headers: Sequence[str], cells: Sequence[Sequence[str]], *, style: str = "simple", sides: Sequence[str] = ()
) -> str:
    """Write a table of texts as they are.

    Args:
        style: one of tabulate's formats.
        sides: "left" or "right" for each column; empty for left.
    """
    text: str = tabulate(cells, headers=headers, tablefmt=style, disable_numparse=True, colalign=sides or None)
    return text


def write_list(headers: Sequence[str], rows: Sequence[Sequence[object]], width: int | None) -> str:
    """Write a table whose widest columns are wrapped between words where the lines of a terminal are short.

    Args:
        width: characters in a line; none for no limit.
    """
    widths = column_widths([headers, *rows], width)
    text: str = tabulate(rows, headers=headers, maxcolwidths=widths, break_long_words=False, break_on_hyphens=False)
    return text


def column_widths(rows: Sequence[Sequence[object]], width: int | None, *, gap: int = 2) -> list[int] | None:
    """Give the widths of columns that are wrapped to fit: the widest ones give way, none below its longest word.

    Args:
        rows: the cells, with the headers as the first row.
        width: characters in a line; none for no limit.
        gap: blanks between two columns.

    Returns:
        None where nothing need be wrapped.
    """
    columns = [[str(cell) for cell in column] for column in zip(*rows, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    least = [max(len(word) for cell in column for word in [*cell.split(), ""]) for column in columns]
    room = None if width is None else width - gap * (len(columns) - 1)
    if room is None or sum(widths) <= room:
        return None
    while sum(widths) > room and widths != least:
        index = max(range(len(widths)), key=lambda i: widths[i] if widths[i] > least[i] else 0)
        widths[index] -= 1
    return widths


def wrap(text: str, width: int | None) -> str:
    """Wrap each line of a text between its words; later lines are indented. A word that is too long stays whole.

    Args:
        width: characters in a line; none for no limit.
    """
    return text if width is None else "\n".join(_wrap_line(line, width) for line in text.splitlines())


def _wrap_line(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line, max(width, len(indent) + 1), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _width_of(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)
