"""The tables of a run as data frames, and as CSV, Markdown and text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import tabulate as tabulate_module
from tabulate import tabulate

from packtune.data.catalog import DATASETS
from packtune.files import write_text
from packtune.models.configuration import HYPERPARAMETERS
from packtune.report.escaping import defuse_formula, escape_markdown
from packtune.report.rows import Row
from packtune.trial import Accuracy, TrialRecord

tabulate_module.MIN_PADDING = 0  # its default widens every column by the two blanks around a header


class Leaderboard(pd.DataFrame):
    """A table of a run, which `to_csv` writes byte for byte as the run's own file. Its parts are plain data frames."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def to_csv(self, path_or_buf: Any = None, *, index: bool = False, **options: Any) -> str | None:
        """Write the table as CSV; with other options, as pandas does."""
        if index or options:
            return super().to_csv(path_or_buf, index=index, **options)
        if path_or_buf is None:
            return to_csv(self)
        if hasattr(path_or_buf, "write"):
            path_or_buf.write(to_csv(self))
        else:
            write_text(Path(path_or_buf), to_csv(self))
        return None


def leaderboard_frame(rows: Sequence[Row], *, several_runs: bool = False) -> Leaderboard:
    """Make the table: rank, trial, state, epochs, accuracies, parameters, hyperparameters, seed."""
    frame = pd.DataFrame([_cells(rank, row) for rank, row in enumerate(rows, start=1)], dtype=object)
    if frame.empty:
        frame = pd.DataFrame(columns=["rank", "run", "data", "trial", "state", "epochs", "validation_accuracy"])
    if not several_runs:
        frame = frame.drop(columns=["run", "data"])
    if "replicates" in frame and all(row.replicates == 1 for row in rows):
        frame = frame.drop(columns=["replicates"])
    if "diverged" in frame and all(row.replicates == 1 or not row.diverged for row in rows):
        frame = frame.drop(columns=["diverged"])
    return Leaderboard(frame)


def _cells(rank: int, row: Row) -> dict[str, Any]:
    used = row.configuration.used()
    return {
        "rank": rank,
        "run": row.run,
        "data": row.data,
        "trial": row.trial,
        "state": row.state.value,
        "epochs": row.epochs,
        "replicates": row.replicates,
        "diverged": row.diverged,
        **_accuracy_cells("validation", row.validation, row.data),
        **_accuracy_cells("test", row.test, row.data),
        "parameters": row.parameters,
        **{name: used.get(name) for name in HYPERPARAMETERS},
        "seed": row.seed,
    }


def _accuracy_cells(split: str, accuracy: Accuracy | None, data: str) -> dict[str, float | None]:
    cells = {f"{split}_accuracy": accuracy.joint if accuracy else None}
    heads = DATASETS[data].head_names
    if len(heads) > 1:
        for place, head in enumerate(heads):
            cells[f"{split}_{head}"] = accuracy.heads[place] if accuracy else None
    return cells


def to_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV; text that a spreadsheet would run as a formula is quoted with an apostrophe."""
    plain = pd.DataFrame(frame).rename(columns=defuse_formula)
    return plain.map(defuse_formula).map(_exact).to_csv(index=False, lineterminator="\n")


def to_markdown(frame: pd.DataFrame) -> str:
    """Write a table as Markdown."""
    cells = [[escape_markdown(cell) for cell in row] for row in _shown(frame)]
    return tabulate(cells, headers=list(frame.columns), tablefmt="github", disable_numparse=True) + "\n"


def to_screen(frame: pd.DataFrame, *, limit: int = 20, width: int | None = None) -> str:
    """Write the first rows of a leaderboard for a terminal, hyperparameters that never vary below the table.

    Args:
        limit: rows to show.
        width: characters in a line; the last columns give way. None for no limit.
    """
    names = [name for name in HYPERPARAMETERS if name in frame]
    constant = [name for name in names if frame[name].map(repr).nunique() <= 1]
    told = [f"{name} {_short(frame[name].iloc[0])}" for name in constant if _short(frame[name].iloc[0])]
    table = frame.drop(columns=[*constant, "seed"], errors="ignore").head(limit)
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
    """Write as many columns, from the left, as fit; name the others."""
    for n in range(len(table.columns), 0, -1):
        part = table.iloc[:, :n]
        headers = [str(name).replace("_accuracy", "").replace("_", "\n") for name in part.columns]
        text = tabulate(_shown(part), headers=headers, tablefmt="simple", disable_numparse=True)
        if width is None or n == 1 or max(map(len, text.splitlines())) <= width:
            return text, [str(name) for name in table.columns[n:]]
    return "", []


def _shown(frame: pd.DataFrame) -> list[list[str]]:
    return [[_short(cell, name) for name, cell in zip(frame.columns, row, strict=True)] for row in frame.to_numpy()]


def _short(value: Any, column: Any = "") -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        accuracy = str(column).startswith(("validation", "test"))
        return f"{value:.4f}" if accuracy else f"{value:.4g}"
    return " ".join(str(value).split())


def _exact(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else value


def trials_frame(records: Iterable[TrialRecord]) -> Leaderboard:
    """Make the table of every trial, with its seconds of training and how its validation accuracy went."""
    return Leaderboard(pd.DataFrame([_trial_cells(record) for record in records], dtype=object))


def _trial_cells(record: TrialRecord) -> dict[str, Any]:
    outcome = record.outcome
    used = record.proposal.configuration.used()
    return {
        "trial": record.proposal.number,
        "state": record.state.value,
        "epochs": outcome.epochs if outcome else 0,
        "seconds": round(outcome.seconds, 3) if outcome else None,
        "device": outcome.device if outcome else "",
        "validation_accuracy": outcome.validation.joint if outcome and outcome.validation else None,
        "test_accuracy": outcome.test.joint if outcome and outcome.test else None,
        **{name: used.get(name) for name in HYPERPARAMETERS},
        "seed": record.proposal.seed,
        "validation_by_epoch": " ".join(f"{value:.4f}" for _, value in outcome.curve) if outcome else "",
        "reason": outcome.reason if outcome else "",
    }
