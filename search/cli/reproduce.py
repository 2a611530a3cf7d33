"""The command `reproduce`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.options import (
    PRECISIONS,
    Address,
    CpusPerWorker,
    DataDir,
    DeviceName,
    GpusPerWorker,
    Results,
    TimeBudget,
    Workers,
)
from packtune.report.console import error_console, print_result, try_to_print, width_of_stdout
from packtune.run.settings_file import AUTO
from packtune.signals import exit_code

if TYPE_CHECKING:
    from packtune.run.ending import Ending

EXAMPLE = "Example: packtune reproduce --only numpy hidden-10 --data-dir mnist"


def reproduce(
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME ...",
            help="Some systems, or rows of the table: numpy, hidden-10, cnn/baseline ... [default: all]",
        ),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", hidden=True)] = None,
    data_dir: DataDir = None,
    workers: Workers = None,
    cpus_per_worker: CpusPerWorker = 1.0,
    gpus_per_worker: GpusPerWorker = None,
    device: DeviceName = AUTO,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar=PRECISIONS,
            help="Number format of the large products. [default: auto for the cnns, else float32]",
        ),
    ] = None,
    address: Address = None,
    results: Results = Path("results"),
    time_budget: TimeBudget = None,
) -> None:
    """Train the reference notebook's systems, and compare with its published numbers; again to continue."""
    with errors_shown() as guard:
        from packtune.report.live.views import view_for
        from packtune.reproduction.runs import reproduction_runs
        from packtune.reproduction.selection import select
        from packtune.run.planning import ResourceOptions, choose_resources
        from packtune.run.session import carried_out
        from packtune.run.stopping import stop_signals

        asked = select([*(only or []), *(more or [])])
        if asked.in_part:
            try_to_print(f"The configurations of a system train together: {', '.join(asked.in_part)} is trained whole.")
        resources = ResourceOptions(
            data_dir=data_dir,
            workers=workers,
            cpus_per_worker=cpus_per_worker,
            gpus_per_worker=gpus_per_worker,
            device=device,
            address=address,
            time_budget_s=time_budget,
        )
        runs = reproduction_runs(asked.systems, results, choose_resources(resources), precision)
        stop_source = partial(stop_signals, guard=guard, show=_say_what_is_left)
        with carried_out(runs, view_for(error_console()), stop_source=stop_source) as endings:
            from packtune.reproduction.table import to_screen
            from packtune.reproduction.writing import write_reproduction

            written = write_reproduction(asked, runs, results)
            print_result(to_screen(written.comparisons, width=width_of_stdout()))
            if written.left_out:
                try_to_print(written.left_out)
            of_all = " of all systems begun" if written.has_more else ""
            print_result(f"\nThe table{of_all}: {' and '.join(map(str, written.files))}")
            _say_what_is_left(endings)


def _say_what_is_left(endings: Sequence[Ending]) -> None:
    left = sum(ending.open_trials for ending in endings)
    if left:
        try_to_print(f"Stopped with {left} trials open. Continue with the same command.")
    for ending in endings:
        if ending.stopped_by:
            raise typer.Exit(exit_code(ending.stopped_by))
