"""The command that watches a run which goes on elsewhere: `watch`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.options import Json, Results, RunName, Storage, storage_of
from packtune.report.console import (
    print_result,
    result_console,
    try_to_print,
    width_of_stdout,
    writing_results,
)

if TYPE_CHECKING:
    from packtune.run.folder import Run

EXAMPLES = """Examples:

  packtune watch digits-wide-001                             until it ends; Ctrl-C leaves, and the run goes on

  packtune watch digits-wide-001 --once                      how far it is now
"""
LOOK_S = 1.0
"""Between two looks."""


def watch(
    context: typer.Context,
    run: RunName,
    once: Annotated[bool, typer.Option("--once", help="Print how far the run is, and leave.")] = False,
    json: Json = False,
    results: Results = Path("results"),
    storage: Storage = None,
) -> None:
    """Watch a run that goes on elsewhere, until it ends. It is only read, by any number of watchers."""
    with errors_shown():
        from packtune.run.find import find_run

        asked, fallback = storage_of(context)

        def find() -> Run:
            return find_run(run, results, storage=asked, fallback=fallback)

        if once or json:
            _print_once(find(), as_json=json)
        else:
            _watch(find)


def _watch(find: Callable[[], Run]) -> None:
    """Show a run until it is not going on, then say how it stands.

    Args:
        find: reads the run, whose settings may be completed while it goes on.
    """
    from packtune.report.fitting import wrap
    from packtune.report.live.views import view_on
    from packtune.run.watching.follow import follow
    from packtune.run.watching.looks import Watcher

    found = find()
    try:
        with writing_results(), closing(view_on(result_console())) as view:
            follow(Watcher(found), view, lambda: time.sleep(LOOK_S))
            from packtune.run.watching.recorded import recorded_standing  # PyTorch and pandas
            from packtune.run.watching.words import describe_rest

            ended = find()
            standing, ending = recorded_standing(ended)
            view.show(standing)
    except KeyboardInterrupt:
        try_to_print(f"The run {found.folder.name} goes on. Look at it again with: {found.folder.command('watch')}")
        raise
    print_result(wrap(describe_rest(ended, ending), width_of_stdout()))


def _print_once(found: Run, *, as_json: bool) -> None:
    from packtune.report.fitting import wrap
    from packtune.report.live.snapshot import to_text
    from packtune.report.looking.plain import to_json
    from packtune.run.watching.looks import look_once

    look, rest = look_once(found)
    if as_json:
        print_result(to_json({"run": found.folder.name, **look.to_json()}))
        return
    if look.standing is None:
        print_result(f"{look.stage} ...")
    else:
        print_result(to_text(look.standing, look.stage, width=width_of_stdout(), only_ascii=not _has_blocks()))
    print_result(wrap(rest, width_of_stdout()))


def _has_blocks() -> bool:
    """Tell whether stdout takes the letters of bars and curves."""
    return (sys.stdout.encoding or "").lower().startswith("utf")
