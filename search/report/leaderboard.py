"""The tables of a run as data frames: its leaderboard, and all its trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from packtune.data.description import Description
from packtune.files import write_text
from packtune.models.training.metrics.catalog import Metric
from packtune.report.columns.hyperparameters import DTYPES, WHOLE, dtype_of, hyperparameter_columns
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


def leaderboard_frame(
    rows: Sequence[Row], *, several_runs: bool = False, metric: Metric = Metric.ACCURACY
) -> Leaderboard:
    """Make the table: rank, trial, state, epochs, scores, accuracies, parameters, hyperparameters, seed.

    Whole numbers are Int64, which has a place for a missing one, shares and rates float64, truth values boolean.

    Args:
        rows: ordered, those of one data set together. Ranks count from 1 in each data set.
        metric: that names the column of the scores where there are no rows.
    """
    ranks: Counter[Description] = Counter()
    heads = list(dict.fromkeys(head for row in rows for head in _heads(row.data)))
    metrics = [row.metric for row in rows] or [metric]
    names = hyperparameter_columns(row.configuration for row in rows)
    frame = _frame([_cells(_next(ranks, row.data), row) for row in rows], _columns(heads, metrics, names))
    if not several_runs:
        frame = frame.drop(columns=["run", "data"])
    if all(row.confirmed is None for row in rows):
        frame = frame.drop(columns=list(CONFIRMED), errors="ignore")
    if "replicates" in frame and all(row.replicates == 1 for row in rows):
        frame = frame.drop(columns=["replicates"])
    if "diverged" in frame and all(row.replicates == 1 or not row.diverged for row in rows):
        frame = frame.drop(columns=["diverged"])
    return _typed(frame)


def _next(ranks: Counter[Description], data: Description) -> int:
    ranks[data] += 1
    return ranks[data]


def _cells(rank: int, row: Row) -> dict[str, object]:
    counting = row.configuration.counting()
    return {
        "rank": rank,
        "run": row.run,
        "data": row.data.name,
        "trial": row.trial,
        "state": row.state.value,
        "epochs": row.epochs,
        "replicates": row.replicates,
        "diverged": row.diverged,
        **_accuracy_cells("validation", row.validation, row),
        **_accuracy_cells("test", row.test, row),
        **_confirmed_cells(row),
        "parameters": row.parameters,
        **counting,
        "seed": row.seed,
    }


CONFIRMED = (
    *("trainings", "collapsed", "validation_deviation", "validation_low", "validation_high"),
    *("test_low", "test_high", "tie"),
)
"""Columns of what trainings from fresh seeds say; empty for a configuration that was trained by the search alone."""


def _confirmed_cells(row: Row) -> dict[str, object]:
    confirmed = row.confirmed
    spread, test = (confirmed.spread, confirmed.test) if confirmed else (None, None)
    cells = (
        spread and spread.trainings,
        spread and spread.collapsed,
        spread and spread.deviation,
        spread and spread.low,
        spread and spread.high,
        test and test.low,
        test and test.high,
        confirmed and confirmed.tied,
    )
    return dict(zip(CONFIRMED, cells, strict=True))


def _accuracy_cells(split: str, accuracy: Accuracy | None, row: Row) -> dict[str, float | None]:
    """Give the cells of a split: the score under the name of its metric, the accuracy, and that of each head."""
    heads = enumerate(_heads(row.data))
    return {
        f"{split}_{row.metric.column}": accuracy.score if accuracy else None,
        f"{split}_accuracy": accuracy.joint if accuracy else None,
        **{f"{split}_{head}": accuracy.heads[index] if accuracy else None for index, head in heads},
    }


def _heads(data: Description) -> Sequence[str]:
    """List the heads that have columns of their own: where there is one head, its accuracy is the joint one."""
    return data.head_names if len(data.heads) > 1 else ()


def _columns(heads: Sequence[str], metrics: Sequence[Metric], names: Sequence[str]) -> list[str]:
    """List the columns of a leaderboard, in their order."""
    scores = dict.fromkeys([*(metric.column for metric in metrics), "accuracy"])
    return [
        *("rank", "run", "data", "trial", "state", "epochs", "replicates", "diverged"),
        *(f"{split}_{what}" for split in ("validation", "test") for what in (*scores, *heads)),
        *CONFIRMED,
        "parameters",
        *names,
        "seed",
    ]


def trials_frame(records: Iterable[TrialRecord], metric: Metric = Metric.ACCURACY) -> Leaderboard:
    """Make the table of every trial, with its seconds of training, how its score on validation went, and why it ended.

    The types are those of `leaderboard_frame`.

    Args:
        metric: of the scores.
    """
    shown = list(records)
    names = hyperparameter_columns(record.proposal.configuration for record in shown)
    return _typed(_frame([_trial_cells(record, metric) for record in shown], _trial_columns(metric, names)))


def _trial_cells(record: TrialRecord, metric: Metric) -> dict[str, object]:
    outcome = record.outcome
    counting = record.proposal.configuration.counting()
    return {
        "trial": record.proposal.number,
        "state": record.state.value,
        "epochs": outcome.epochs if outcome else 0,
        "seconds": round(outcome.seconds, 3) if outcome else None,
        "device": outcome.device if outcome else "",
        **_trial_scores("validation", outcome.validation if outcome else None, metric),
        **_trial_scores("test", outcome.test if outcome else None, metric),
        **counting,
        "seed": record.proposal.seed,
        "validation_by_epoch": " ".join(f"{value:.4f}" for _, value in outcome.curve) if outcome else "",
        "reason": outcome.reason if outcome else "",
    }


def _trial_scores(split: str, accuracy: Accuracy | None, metric: Metric) -> dict[str, object]:
    if accuracy is None:
        return {}
    return {f"{split}_{metric.column}": accuracy.score, f"{split}_accuracy": accuracy.joint}


def curves_frame(records: Iterable[TrialRecord], metric: Metric = Metric.ACCURACY) -> Leaderboard:
    """Make the table of all curves: a row for each epoch of each trial, with its score on validation.

    It is the worst score, 0 of an accuracy, at an epoch in which a trial diverged.

    Args:
        metric: of the scores, which names their column.
    """
    points = [
        {"trial": record.proposal.number, "epoch": epoch, metric.column: score}
        for record in records
        if record.outcome is not None
        for epoch, score in record.outcome.curve
    ]
    return _typed(_frame(points, ("trial", "epoch", metric.column)))


def _trial_columns(metric: Metric, names: Sequence[str]) -> list[str]:
    scores = dict.fromkeys((metric.column, "accuracy"))
    return [
        *("trial", "state", "epochs", "seconds", "device"),
        *(f"{split}_{score}" for split in ("validation", "test") for score in scores),
        *names,
        *("seed", "validation_by_epoch", "reason"),
    ]


def _frame(rows: Sequence[Mapping[str, object]], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Make a table that keeps each cell as it is, with its columns even where there are no rows."""
    return pd.DataFrame(rows, columns=columns, dtype=object)


WHOLE_COLUMNS = (
    "rank",
    "trial",
    "trainings",
    "collapsed",
    "epoch",
    "epochs",
    "replicates",
    "diverged",
    "parameters",
    "seed",
)
SCORES = ("validation_", "test_")
METRIC_COLUMNS = tuple(metric.column for metric in Metric)


def _typed(frame: pd.DataFrame) -> Leaderboard:
    """Give each column the dtype of what it holds, so that a program can compute with it."""
    return Leaderboard(frame.astype({name: _dtype_of(name, frame[name].tolist()) for name in frame.columns}))


def _dtype_of(column: str, cells: Sequence[object]) -> str:
    if column == "tie":
        return DTYPES[bool]
    if column in WHOLE_COLUMNS:
        return WHOLE
    is_score = column.startswith(SCORES) and column != "validation_by_epoch"
    if is_score or column in (*METRIC_COLUMNS, "seconds"):
        return DTYPES[float]
    return dtype_of(column, cells) or DTYPES[str]
