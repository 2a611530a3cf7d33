"""Writes data frames as CSV and as Markdown."""

from __future__ import annotations

import csv
import io
import math

import pandas as pd

from packtune.report.escaping import defuse_formula, escape_markdown
from packtune.report.fitting import write_table


def to_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV. A missing value is an empty cell, and a whole number has no decimal point.

    Text that a spreadsheet would take for a formula gets an apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([defuse_formula(str(name)) for name in frame.columns])
    writer.writerows([_exact(defuse_formula(cell)) for cell in row] for row in plain_rows(frame))
    return text.getvalue()


def to_markdown(frame: pd.DataFrame) -> str:
    """Write a table as Markdown. Columns of numbers are aligned to the right."""
    rows = plain_rows(frame)
    cells = [[escape_markdown(cell) for cell in row] for row in shown_rows(list(frame.columns), rows)]
    sides = ["right" if _has_numbers(column) else "left" for column in zip(*rows, strict=True)]
    return write_table(list(frame.columns), cells, style="pipe", sides=sides) + "\n"


def plain_rows(frame: pd.DataFrame) -> list[list[object]]:
    """Give the cells of a table, row by row, as Python's own numbers and texts; missing ones are None.

    pandas must not touch them again: it turns a column of whole numbers and None into floats and NaN.
    """
    columns = [column.astype(object) for _, column in frame.items()]
    return [list(row) for row in zip(*(column.where(column.notna(), None) for column in columns), strict=True)]


def shown_rows(names: list[str], rows: list[list[object]]) -> list[list[str]]:
    """Write cells for people: accuracies with four places, other numbers with four digits, none as nothing."""
    return [[shown(cell, name) for name, cell in zip(names, row, strict=True)] for row in rows]


def shown(value: object, column: str = "") -> str:
    """Write the cell of a column for people; see `shown_rows`."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        accuracy = column.startswith(("validation", "test"))
        return f"{value:.4f}" if accuracy else f"{value:.4g}"
    return " ".join(str(value).split())


def _exact(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else value


def _has_numbers(column: tuple[object, ...]) -> bool:
    known = [cell for cell in column if cell is not None]
    return bool(known) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known)
