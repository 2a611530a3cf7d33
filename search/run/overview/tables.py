"""How a run stands by the tables in its folder: quick to read, and right once a search has ended."""

from __future__ import annotations

import csv
from pathlib import Path

from packtune.confirmation.estimate import interval_of_one
from packtune.models.training.metrics.catalog import Metric
from packtune.report.looking.records import Best, Measured
from packtune.run.folder import RunFolder
from packtune.settings import SearchPlan
from packtune.trial import Accuracy, TrialState

OPEN = (TrialState.WAITING.value, TrialState.RUNNING.value)


def read_rows(table: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV file, each cell by its column; none if it is not there, or is no table.

    A row that lacks cells, as of a file that was cut off, is left out.
    """
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return [row for row in rows if None not in row and None not in row.values()]


def count_finished(trials_csv: Path) -> int:
    """Count the trials with an outcome in a run's table of all trials; 0 if there is no such file."""
    return sum(row.get("state") not in (None, *OPEN) for row in read_rows(trials_csv))


def tables_are_final(folder: RunFolder, plan: SearchPlan) -> bool:
    """Tell whether the tables of a run say all that its study does: it has ended, and nothing was recorded since."""
    if _changed_ns(folder.journal) > _changed_ns(folder.trials_csv):
        return False
    if count_finished(folder.trials_csv) != plan.trials:
        return False
    rows = read_rows(folder.leaderboard_csv)
    is_complete = any(row.get("state") == TrialState.COMPLETE for row in rows)
    return not plan.confirm or not is_complete or any(map(_is_reported, rows))


def best_of_tables(folder: RunFolder, plan: SearchPlan) -> Best | None:
    """Read the best configuration from the leaderboard of a run; none where that does not say enough.

    Of a winner that was not confirmed, its interval is told for accuracy alone: that by another metric needs the study.
    """
    rows = read_rows(folder.leaderboard_csv)
    try:
        reported = next(filter(_is_reported, rows), None)
        if reported is not None:
            return _expected(reported, plan.metric)
        first = next((row for row in rows if row.get("state") == TrialState.COMPLETE), None)
        return None if first is None or plan.metric is not Metric.ACCURACY else _seen(first, plan)
    except (KeyError, ValueError):
        return None


def _is_reported(row: dict[str, str]) -> bool:
    """Tell whether a row is that of a winner with its score on test examples."""
    return bool(row.get("test_low"))


def _expected(row: dict[str, str], metric: Metric) -> Best:
    return Best(
        trial=int(row["trial"]),
        score=float(row[f"test_{metric.column}"]),
        low=float(row["test_low"]),
        high=float(row["test_high"]),
        measured=Measured.EXPECTED,
    )


def _seen(row: dict[str, str], plan: SearchPlan) -> Best:
    score = float(row["validation_accuracy"])
    images = plan.protocol.evaluated(plan.description.n_validation, int(row["batch_size"]))
    low, high = interval_of_one(plan.metric, Accuracy(joint=score, heads=(score,)), images)
    return Best(trial=int(row["trial"]), score=score, low=low, high=high, measured=Measured.VALIDATION)


def _changed_ns(path: Path) -> int:
    """Give when a file was written, in nanoseconds; 0 if it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
