"""The command that writes reports: `report`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.options import DataDir, Model, Results, Storage, storage_of
from packtune.report.console import print_result

EXAMPLE = "Example: packtune report digits-wide-001"


def report(
    context: typer.Context,
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Names of runs, or their folders.")],
    results: Results = Path("results"),
    model: Model = None,
    data_dir: DataDir = None,
    storage: Storage = None,
) -> None:
    """Write the report of each run into its folder, and print its path."""
    with errors_shown():
        from packtune.run.ending import read_ending
        from packtune.run.find import find_run
        from packtune.run.network.finding import name_network
        from packtune.run.own.keeping import load_data
        from packtune.run.reporting.writing import write_report

        asked, fallback = storage_of(context)
        found = [find_run(name, results, storage=asked, fallback=fallback, data_dir=data_dir) for name in runs]
        for run in found:
            if model is not None:
                name_network(run, model)
            written = write_report(run, read_ending(run), partial(load_data, run))
            print_result("\n".join(map(str, written)))
