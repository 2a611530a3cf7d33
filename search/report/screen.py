"""Writes leaderboards for a terminal: what never varies is told once, and what has no room is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from packtune.models.configuration import HYPERPARAMETERS
from packtune.models.training.metrics.catalog import Metric
from packtune.report.fitting import fit_table, wrap, write_table
from packtune.report.rendering import plain_rows, shown, shown_rows

Columns = Mapping[str, Sequence[object]]
"""The cells of a table by the name of their column."""


def to_screen(frame: pd.DataFrame, *, limit: int = 20, width: int | None = None) -> str:
    """Write the first rows of a leaderboard. Rows of several data sets are in a table for each of them.

    Hyperparameters that never vary are listed below their table.

    Args:
        limit: rows to show of each table.
        width: characters in a line, none for no limit. Where there is no room, hyperparameters that never vary within
            their architecture are left out first, then the last columns.
    """
    rows = plain_rows(frame)
    columns = dict(zip(frame.columns, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(frame, ())
    names = list(dict.fromkeys(columns.get("data", ())))
    if len(names) < 2:
        return "\n".join(_lines(columns, limit, width))
    parts = (_lines(_without_empty(_only(columns, "data", name)), limit, width) for name in names)
    tables = ["\n".join([f"On {name}:", *lines]) for name, lines in zip(names, parts, strict=True)]
    return "\n\n".join([*tables, wrap("Ranks are of one data set: accuracies on others are not comparable.", width)])


def _lines(columns: Columns, limit: int, width: int | None) -> Iterator[str]:
    """Give the lines of one table: its first rows, and what is told below it."""
    names = [name for name in columns if name in HYPERPARAMETERS]
    alike = [name for name in names if _is_constant(columns[name])]
    others = [name for name in names if name not in ("architecture", *alike)]
    minor = [name for name in others if _is_constant_by_architecture(columns, name)]
    table = {name: cells for name, cells in columns.items() if name not in alike and name != "seed"}
    fitted = fit_table(
        list(table),
        lambda kept: _write({name: table[name][:limit] for name in kept}),
        first_out=minor[::-1],
        width=width,
    )
    yield fitted.text
    n_rows = len(next(iter(columns.values())))
    if n_rows > limit:
        yield f"... and {n_rows - limit} more"
    yield from (wrap(line, width) for line in _told(columns, alike, [name for name in minor if name in fitted.hidden]))
    no_room = [name for name in fitted.hidden if name not in minor]
    if no_room:
        yield wrap(f"No room here for: {', '.join(no_room)}", width)
    yield from (wrap(line, width) for line in _seen_once(columns))


def _write(table: Columns) -> str:
    rows = [list(row) for row in zip(*table.values(), strict=True)]
    others = {f"validation_{metric.column}" for metric in Metric if metric is not Metric.ACCURACY}
    plain = "_accuracy" if others.isdisjoint(table) else ""  # beside another score, an accuracy is named
    headers = [name.replace(plain, "").replace("_", "\n") for name in table]
    return write_table(headers, shown_rows(list(table), rows))


def _told(columns: Columns, alike: Sequence[str], minor: Sequence[str]) -> Iterator[str]:
    """Say what never varies: in the whole table, or within an architecture."""
    common = [f"{name} {shown(columns[name][0])}" for name in alike if columns[name] and shown(columns[name][0])]
    if common:
        yield f"The same for all: {', '.join(common)}"
    for architecture in dict.fromkeys(columns["architecture"]) if minor else ():
        part = _only(columns, "architecture", architecture)
        values = [f"{name} {shown(part[name][0])}" for name in minor if shown(part[name][0])]
        if values:
            yield f"The same for every {architecture}: {', '.join(values)}"


def _seen_once(columns: Columns) -> Iterator[str]:
    """Say which rows are of one trial alone, where others are means of several."""
    counts = columns.get("replicates", ())
    once = [str(rank) for rank, count in zip(columns["rank"], counts, strict=False) if count == 1]
    if once and len(once) < len(counts):
        many = f"{', '.join(once[:8])}{', ...' if len(once) > 8 else ''}"
        yield (
            f"Trained once only (replicates 1): rank{'s' * (len(once) > 1)} {many}. One seed may be lucky; the mean of "
            "several is surer."
        )


def _is_constant(cells: Sequence[object]) -> bool:
    return len(set(map(repr, cells))) <= 1


def _is_constant_by_architecture(columns: Columns, name: str) -> bool:
    pairs = set(zip(columns.get("architecture", ()), map(repr, columns[name]), strict=False))
    return bool(pairs) and len(pairs) == len({architecture for architecture, _ in pairs})


def _without_empty(columns: Columns) -> Columns:
    """Leave out what no row has, such as the accuracy of a second digit, except hyperparameters."""
    return {name: cells for name, cells in columns.items() if name in HYPERPARAMETERS or set(cells) != {None}}


def _only(columns: Columns, key: str, value: object) -> dict[str, list[object]]:
    """Keep the rows that have a value in the column `key`, without that column."""
    keep = [cell == value for cell in columns[key]]
    return {
        name: [cell for cell, kept in zip(cells, keep, strict=True) if kept]
        for name, cells in columns.items()
        if name != key
    }
