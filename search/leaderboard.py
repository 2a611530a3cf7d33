"""The leaderboard: one row a configuration, ordered by validation accuracy alone; a pure function of the study."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import tabulate as tabulate_module
from tabulate import tabulate

from data.catalog import DATASETS
from models.catalog import count_parameters
from models.configuration import HYPERPARAMETERS, Configuration
from search.escaping import defuse_formula, escape_markdown
from search.trial import Accuracy, TrialRecord, TrialState

tabulate_module.MIN_PADDING = 0  # its default widens every column by the two blanks around a header


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One configuration of one run.

    Attributes:
        trial, seed: of its first trial among those averaged that did not diverge, if any.
        replicates: trials of the configuration that are averaged here.
        diverged: those of them that diverged; their accuracies count as 0 if others did not.
        validation, test: means over the replicates; none if all failed or diverged.
        parameters: trainable numbers; none if the network cannot be built.
    """

    run: str
    data: str
    trial: int
    state: TrialState
    epochs: int
    replicates: int
    diverged: int = 0
    validation: Accuracy | None
    test: Accuracy | None
    parameters: int | None
    configuration: Configuration
    seed: int

    @property
    def score(self) -> float:
        """What rows are ordered by: joint validation accuracy, below zero if there is none."""
        return self.validation.joint if self.validation else -1.0


def rank_rows(records: Iterable[TrialRecord], *, run: str, data: str) -> list[Row]:
    """Make the ordered rows of one run from its finished trials.

    Repeated proposals of a configuration share a row, which averages those of them that trained longest, and those that
    diverged: a configuration that trains well by luck only is not a good one.
    """
    groups: dict[tuple[Any, ...], list[TrialRecord]] = {}
    for record in records:
        if record.outcome is not None:
            groups.setdefault(tuple(record.proposal.configuration.used().items()), []).append(record)
    return order_rows(_row(group, run=run, data=data) for group in groups.values())


def order_rows(rows: Iterable[Row]) -> list[Row]:
    """Order by validation accuracy, ties by trial number; test accuracy plays no part."""
    return sorted(rows, key=lambda row: (-row.score, row.trial, row.run))


def _row(records: Sequence[TrialRecord], *, run: str, data: str) -> Row:
    farthest = max(map(_depth, records))
    peers = [record for record in records if _depth(record) == farthest]
    first = peers[0]
    assert first.outcome is not None
    diverged = sum(record.state is TrialState.DIVERGED for record in records)
    alike = sum(record.state is first.state for record in records)
    # Of all trials of the configuration, however long: those it diverged in say how often it trains at all.
    sound = alike / (alike + diverged) if first.state in (TrialState.PRUNED, TrialState.COMPLETE) else 1.0
    replicates = len(peers) + (diverged if sound < 1 else 0)
    return Row(
        run=run,
        data=data,
        trial=first.proposal.number,
        state=first.state,
        epochs=first.outcome.epochs,
        replicates=replicates,
        diverged=0 if first.state is TrialState.FAIL else diverged,
        validation=_mean([record.outcome.validation for record in peers if record.outcome], sound),
        test=_mean([record.outcome.test for record in peers if record.outcome], sound),
        parameters=_parameters(first.proposal.configuration, data),
        configuration=first.proposal.configuration,
        seed=first.proposal.seed,
    )


# What says most about a configuration comes last.
STATES = (TrialState.FAIL, TrialState.DIVERGED, TrialState.PRUNED, TrialState.COMPLETE)


def _depth(record: TrialRecord) -> tuple[int, int]:
    """Order trials by how far they came; those without accuracies by their state alone."""
    assert record.outcome is not None
    measured = record.state in (TrialState.PRUNED, TrialState.COMPLETE)
    return STATES.index(record.state), record.outcome.epochs if measured else 0


def _mean(accuracies: Sequence[Accuracy | None], share: float) -> Accuracy | None:
    """Average over trials that are so large a share of all; the accuracy of the others counts as 0."""
    known = [accuracy for accuracy in accuracies if accuracy is not None]
    if len(known) < len(accuracies) or not known:
        return None
    heads = zip(*(accuracy.heads for accuracy in known), strict=True)
    return Accuracy(
        joint=share * math.fsum(accuracy.joint for accuracy in known) / len(known),
        heads=tuple(share * math.fsum(values) / len(known) for values in heads),
    )


def _parameters(configuration: Configuration, data: str) -> int | None:
    entry = DATASETS[data]
    try:
        return count_parameters(configuration, height=entry.height, width=entry.width, outputs=10 * entry.heads)
    except ValueError:
        return None


def to_frame(rows: Sequence[Row], *, several_runs: bool = False) -> pd.DataFrame:
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
    return frame


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
    return frame.map(defuse_formula).map(_exact).to_csv(index=False, lineterminator="\n")


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


def trials_frame(records: Iterable[TrialRecord]) -> pd.DataFrame:
    """Make the table of every trial, with its seconds of training and how its validation accuracy went."""
    return pd.DataFrame([_trial_cells(record) for record in records], dtype=object)


def count_finished(trials_csv: Path) -> int:
    """Count the trials with an outcome in a table that `trials_frame` made; none if there is no such file."""
    try:
        with trials_csv.open(encoding="utf-8", newline="") as file:
            states = [row.get("state") for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error):
        return 0
    return sum(state not in (None, TrialState.WAITING.value, TrialState.RUNNING.value) for state in states)


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
