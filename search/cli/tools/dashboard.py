"""The command `dashboard`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.options import Results, RunName, Storage, storage_of
from packtune.cli.parsing import whole_number
from packtune.report.console import print_result, try_to_print

EXAMPLE = "Example: packtune dashboard digits-wide-001 --port 8080"


def dashboard(
    context: typer.Context,
    run: RunName,
    port: Annotated[
        int | None,
        typer.Option(parser=whole_number, metavar="N", help="Port of 127.0.0.1. [default: one that is free]"),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    results: Results = Path("results"),
    storage: Storage = None,
) -> None:
    """Show a run in Optuna's dashboard, also while it searches; nothing can be changed there."""
    with errors_shown():
        from packtune.interface.dashboard import check_dashboard, serve_dashboard
        from packtune.run.find import find_run
        from packtune.tools.dashboard.server import show_in_browser

        check_dashboard()
        asked, fallback = storage_of(context)
        found = find_run(run, results, storage=asked, fallback=fallback)

        def tell(url: str) -> None:
            print_result(url)
            try_to_print("Ctrl-C ends the dashboard; the search is left alone.")
            if browser:
                show_in_browser(url)

        try:
            serve_dashboard(found, port=port or 0, on_ready=tell)
        except KeyboardInterrupt as stop:
            if stop.args != (signal.SIGINT,):
                raise
            try_to_print(f"The dashboard has ended. Again: {found.folder.command('dashboard')}")
