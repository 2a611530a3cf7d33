"""All runs, for a Python program."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from packtune.report.looking.records import RunSummary
from packtune.run.overview.listing import list_runs


def runs(results: str | Path = "results") -> tuple[RunSummary, ...]:
    """List the runs in a folder of results: name, data, state, best and more, those that wrote last first.

    Nothing is written, so that searches may be going on. What is no run is left out; `packtune runs` names it.
    """
    return list_runs(Path(results), datetime.now(UTC)).runs
