"""The command `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.options import Json, Results, RunName, Storage, storage_of
from packtune.cli.parsing import whole_number
from packtune.report.console import print_result, width_of_stdout

EXAMPLES = """Examples:

  packtune show digits-wide-001

  packtune show digits-wide-001 25                           one trial: its curve, and why it ended
"""


def show(
    context: typer.Context,
    run: RunName,
    trial: Annotated[
        int | None, typer.Argument(parser=whole_number, metavar="[TRIAL]", help="Number of one of its trials.")
    ] = None,
    results: Results = Path("results"),
    storage: Storage = None,
    json: Json = False,
) -> None:
    """Show a run: what was searched, how it stands, and what goes on with it; or one of its trials."""
    with errors_shown():
        from datetime import UTC, datetime

        from packtune.interface.looking.details import details_of, trial_details
        from packtune.interface.looking.reading import read_run
        from packtune.report.looking.plain import to_json
        from packtune.report.looking.show import run_in_words, trial_in_words
        from packtune.run.find import find_run

        asked, fallback = storage_of(context)
        found = read_run(find_run(run, results, storage=asked, fallback=fallback))
        if trial is not None:
            one = trial_details(found, trial)
            print_result(to_json(one) if json else trial_in_words(one, width_of_stdout()))
            return
        details = details_of(found, datetime.now(UTC))
        print_result(to_json(details) if json else run_in_words(details, width_of_stdout()))
