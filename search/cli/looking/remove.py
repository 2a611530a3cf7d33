"""The command `remove`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.options import Results, RunNames, Storage, storage_of
from packtune.errors import SettingsError
from packtune.report.console import print_result, try_to_print

if TYPE_CHECKING:
    from packtune.run.overview.removal import Plan

YES = ("y", "yes")
EXAMPLE = "Example: packtune remove digits-wide-001 digits-wide-002"


def remove(
    context: typer.Context,
    runs: RunNames,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
    results: Results = Path("results"),
    storage: Storage = None,
) -> None:
    """Remove runs for good: their folders, and their studies in a database. Asks first."""
    with errors_shown():
        from packtune.report.looking.removal import removal_in_words
        from packtune.run.folder import RunFolder
        from packtune.run.overview.removal import finish_removals, plan_removal

        asked, fallback = storage_of(context)
        folders = [RunFolder.find(results, name) for name in dict.fromkeys(runs)]
        plans = [plan_removal(folder, storage=asked, fallback=fallback) for folder in folders]
        for line in removal_in_words([plan.told for plan in plans]):
            try_to_print(line)
        if not yes and not _agrees():
            try_to_print("Nothing was removed.")
            raise typer.Exit(1)
        for parent in dict.fromkeys(folder.path.parent for folder in folders):
            for left in finish_removals(parent, storage=asked, fallback=fallback):
                try_to_print(f"Finished a removal that was killed: {left.folder.name}. {left.stays}".rstrip())
        _remove(plans)


def _agrees() -> bool:
    if not sys.stdin.isatty():
        raise SettingsError("this removes runs for good, and there is no terminal to ask in: give --yes")
    try_to_print("Remove for good? [y/N]")
    return sys.stdin.readline().strip().lower() in YES


def _remove(plans: Sequence[Plan]) -> None:
    from packtune.run.overview.removal import remove as remove_run

    for plan in plans:
        remove_run(plan)
        print_result(f"Removed {plan.folder.name}")
