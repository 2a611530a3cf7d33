"""Where a run lies, and on which machine its report was written."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

from packtune.data.files import readable
from packtune.machine import processor_name
from packtune.report.facts.place import PlaceFacts
from packtune.run.ending import Ending
from packtune.run.folder import Run, RunFolder
from packtune.run.reporting.commands import commands_of
from packtune.run.settings_file import resource_values

PACKAGES = ("packtune", "torch", "ray", "optuna", "numpy")


def place_of(run: Run, ending: Ending, *, now: datetime) -> PlaceFacts:
    """Say where a run lies, and what was at hand when its report was written.

    Args:
        now: with its time zone.
    """
    given = resource_values(run.settings.resources)
    return PlaceFacts(
        folder=readable(str(run.folder.path)),
        machine=f"{processor_name()}, {platform.system()}",
        versions=(("Python", platform.python_version()), *((name, version(name)) for name in PACKAGES)),
        began_with=run.settings.version,
        written=f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        resources=tuple((name, readable(str(value))) for name, value in given.items() if value is not None),
        commands=tuple(commands_of(run, ending)),
        files=tuple(_files(run.folder)),
    )


def _files(folder: RunFolder) -> Iterator[tuple[str, str]]:
    about = (
        (folder.leaderboard_csv, "the leaderboard in full"),
        (folder.trials_csv, "all trials"),
        (folder.curves_csv, "all learning curves"),
        (folder.winner_space, "the winner's configuration, as a space"),
        (folder.winner_model, "the winner's best network from its fresh trainings"),
        (folder.best_model, "the best network of the search"),
        (folder.settings, "the settings"),
    )
    for path, what in about:
        if path.is_file():
            yield path.name, what
