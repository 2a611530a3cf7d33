"""The command `runs`."""

from __future__ import annotations

from pathlib import Path

from packtune.cli.app import errors_shown
from packtune.cli.options import Json, Results
from packtune.report.console import print_result, try_to_print, width_of_stdout

EXAMPLE = "Example: packtune runs --results results"


def runs(results: Results = Path("results"), json: Json = False) -> None:
    """List all runs: data, space, how far they are, the best, and how long ago they changed."""
    with errors_shown():
        from datetime import UTC, datetime

        from packtune.report.looking.plain import to_json
        from packtune.report.looking.runs import passed_over_in_words, runs_in_words
        from packtune.run.overview.listing import list_runs

        found = list_runs(results, datetime.now(UTC))
        if json:
            print_result(to_json(found))
            return
        for line in passed_over_in_words(found):
            try_to_print(line)
        if found.runs:
            print_result(runs_in_words(found, width_of_stdout()))
        else:
            try_to_print(f"No runs in {results / 'runs'}: start one with `packtune run`, or name their --results.")
