"""The command `compare`."""

from __future__ import annotations

from pathlib import Path

import typer

from packtune.cli.app import errors_shown
from packtune.cli.options import Json, Results, RunName, Storage, storage_of
from packtune.report.console import print_result, width_of_stdout

EXAMPLE = "Example: packtune compare digits-wide-001 digits-optimizers-001"


def compare(
    context: typer.Context,
    first: RunName,
    second: RunName,
    results: Results = Path("results"),
    storage: Storage = None,
    json: Json = False,
) -> None:
    """Compare two runs: settings that differ, which winner is better, and how the best score rose."""
    with errors_shown():
        from datetime import UTC, datetime

        from packtune.interface.looking.comparing import compare as compare_runs
        from packtune.interface.looking.reading import read_run
        from packtune.report.looking.compared import comparison_in_words
        from packtune.report.looking.plain import to_json
        from packtune.run.find import find_run

        asked, fallback = storage_of(context)
        one, other = (read_run(find_run(run, results, storage=asked, fallback=fallback)) for run in (first, second))
        found = compare_runs(one, other, datetime.now(UTC))
        print_result(to_json(found) if json else comparison_in_words(found, width_of_stdout()))
