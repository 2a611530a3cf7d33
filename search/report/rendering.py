"""Writes data frames as CSV, as Markdown, and as text for a terminal."""

from __future__ import annotations

import math

import pandas as pd
import tabulate as tabulate_module
from tabulate import tabulate

from packtune.models.configuration import HYPERPARAMETERS
from packtune.report.escaping import defuse_formula, escape_markdown

tabulate_module.MIN_PADDING = 0  # its default widens every column by the two blanks around a header


def to_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV. Text that a spreadsheet would take for a formula gets an apostrophe."""
    plain = _plain(frame).rename(columns=defuse_formula)
    text: str = plain.map(defuse_formula).map(_exact).to_csv(index=False, lineterminator="\n")
    return text


def to_markdown(frame: pd.DataFrame) -> str:
    """Write a table as Markdown."""
    cells = [[escape_markdown(cell) for cell in row] for row in _shown(_plain(frame))]
    table: str = tabulate(cells, headers=list(frame.columns), tablefmt="github", disable_numparse=True)
    return f"{table}\n"


def to_screen(frame: pd.DataFrame, *, limit: int = 20, width: int | None = None) -> str:
    """Write the first rows of a leaderboard for a terminal. Hyperparameters that never vary are listed below it.

    Args:
        limit: rows to show.
        width: characters in a line, none for no limit. Where there is no room, the last columns are left out.
    """
    plain = _plain(frame)
    names = [name for name in HYPERPARAMETERS if name in plain]
    constant = [name for name in names if plain[name].map(repr).nunique() <= 1]
    told = [f"{name} {_short(plain[name].iloc[0])}" for name in constant if _short(plain[name].iloc[0])]
    table = plain.drop(columns=[*constant, "seed"], errors="ignore").head(limit)
    text, hidden = _fit(table, width)
    lines = [text]
    if len(frame) > limit:
        lines.append(f"... and {len(frame) - limit} more")
    if told:
        lines.append(f"The same for all: {', '.join(told)}")
    if hidden:
        lines.append(f"No room here for: {', '.join(hidden)}")
    return "\n".join(lines)


def _fit(table: pd.DataFrame, width: int | None) -> tuple[str, list[str]]:
    """Write as many columns as fit, from the left; give the table, and the names of the columns left out."""
    for n in range(len(table.columns), 0, -1):
        part = table.iloc[:, :n]
        headers = [str(name).replace("_accuracy", "").replace("_", "\n") for name in part.columns]
        text = tabulate(_shown(part), headers=headers, tablefmt="simple", disable_numparse=True)
        if width is None or n == 1 or max(map(len, text.splitlines())) <= width:
            return text, [str(name) for name in table.columns[n:]]
    return "", []


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn the cells back into Python's own numbers and texts, and missing ones into None."""
    cells = pd.DataFrame(frame).astype(object)
    return cells.where(cells.notna(), None)


def _shown(frame: pd.DataFrame) -> list[list[str]]:
    return [[_short(cell, name) for name, cell in zip(frame.columns, row, strict=True)] for row in frame.to_numpy()]


def _short(value: object, column: object = "") -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        accuracy = str(column).startswith(("validation", "test"))
        return f"{value:.4f}" if accuracy else f"{value:.4g}"
    return " ".join(str(value).split())


def _exact(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else value
