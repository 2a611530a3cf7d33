"""The tables of a run as data frames: its leaderboard, and all its trials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from packtune.data.catalog import DATASETS
from packtune.files import write_text
from packtune.models.configuration import HYPERPARAMETERS
from packtune.report.ranking import Row
from packtune.report.rendering import to_csv
from packtune.trial import Accuracy, TrialRecord


class Leaderboard(pd.DataFrame):  # type: ignore[misc]  # pandas has no types here
    """A table of a run, which `to_csv` writes byte for byte as the run's own file. Its parts are plain data frames."""

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame  # type: ignore[no-any-return]  # pandas has no types here

    def to_csv(self, path_or_buf: Any = None, *, index: bool = False, **options: Any) -> str | None:
        """Write the table as CSV; with other options, as pandas does."""
        if index or options:
            written: str | None = super().to_csv(path_or_buf, index=index, **options)
            return written
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
    return _typed(frame)


def _cells(rank: int, row: Row) -> dict[str, object]:
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
        for index, head in enumerate(heads):
            cells[f"{split}_{head}"] = accuracy.heads[index] if accuracy else None
    return cells


def trials_frame(records: Iterable[TrialRecord]) -> Leaderboard:
    """Make the table of every trial, with its seconds of training and how its validation accuracy went."""
    return _typed(pd.DataFrame([_trial_cells(record) for record in records], dtype=object))


def _trial_cells(record: TrialRecord) -> dict[str, object]:
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


WHOLE = "Int64"
"""The dtype of whole numbers, which has a place for missing ones."""
DTYPES: dict[type, str] = {int: WHOLE, float: "float64", bool: "boolean", str: "str"}
WHOLE_COLUMNS = ("rank", "trial", "epochs", "replicates", "diverged", "parameters", "seed")
SHARES = ("validation_", "test_")


def _typed(frame: pd.DataFrame) -> Leaderboard:
    """Give each column the dtype of what it holds, so that a program can compute with it."""
    return Leaderboard(frame.astype({name: _dtype_of(name) for name in frame.columns}))


def _dtype_of(column: str) -> str:
    if column in HYPERPARAMETERS:
        return DTYPES[HYPERPARAMETERS[column].kind]
    if column in WHOLE_COLUMNS:
        return WHOLE
    is_share = column.startswith(SHARES) and column != "validation_by_epoch"
    return "float64" if is_share or column == "seconds" else "str"
