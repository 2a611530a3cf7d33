"""Removes runs: all of a run, or nothing.

A run is taken away by renaming its folder, in one step. Then its studies in a database are deleted, then the files. A
process that is killed meanwhile leaves a hidden folder, of which the next removal finishes what is left.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packtune.errors import PacktuneError, RunError
from packtune.report.console import shell_word
from packtune.report.looking.removal import Removal
from packtune.run.find import with_storage
from packtune.run.folder import RunFolder
from packtune.run.overview.lock import in_use
from packtune.run.overview.nearby import HIDDEN, SETTINGS
from packtune.run.records import has_run
from packtune.run.settings_file import read_settings
from packtune.settings import Settings
from packtune.study.storage import open_storage
from packtune.study.storage_url import hide_password
from packtune.study.storages.removal import delete_studies, noted_folders, studies_of
from packtune.study.study import CONFIRMED

REMOVING = f"{HIDDEN}removing-"
"""How the name of a folder begins that is being removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The removal of one run.

    Attributes:
        url: of the database with its studies; none if none is to be deleted there.
    """

    folder: RunFolder
    told: Removal
    url: str | None = None


def plan_removal(folder: RunFolder, *, storage: str | None = None, fallback: str | None = None) -> Plan:
    """Find what is removed with a run; nothing is changed.

    Args:
        storage, fallback: URLs of its database, see `find_run`.

    Raises:
        RunError: a process holds the run, or its folder is a link.
    """
    if folder.path.is_symlink():
        raise RunError(
            f"{folder.path} is a link to {folder.path.resolve()}: give that folder, or remove the link with "
            f"rm {shell_word(str(folder.path))}"
        )
    if folder.is_in_use:
        raise RunError(in_use(folder.name, folder.command("watch")))
    return _plan(folder, storage, fallback)


def remove(plan: Plan) -> None:
    """Remove a run.

    Raises:
        RunError: a process holds the run, or something cannot be removed.
    """
    with plan.folder.locked():
        away = plan.folder.path.with_name(f"{REMOVING}{plan.folder.path.name}-{secrets.token_hex(4)}")
        with _naming(plan.folder.path):
            plan.folder.path.rename(away)
    _finish(plan, away)


def finish_removals(folder: Path, *, storage: str | None = None, fallback: str | None = None) -> list[Removal]:
    """Finish removals that were killed, among the folders in this one, and give what they were.

    Args:
        storage, fallback: see `plan_removal`.

    Raises:
        RunError: something cannot be removed.
    """
    plans = [_plan(RunFolder.at(path), storage, fallback) for path in sorted(folder.glob(f"{REMOVING}*"))]
    for plan in plans:
        _finish(plan, plan.folder.path)
    return [plan.told for plan in plans]


def _finish(plan: Plan, away: Path) -> None:
    if plan.url is not None:
        with open_storage(plan.folder.journal, plan.url) as opened:
            delete_studies(opened, plan.told.studies)
    with _naming(away):
        _delete(away)


def _plan(folder: RunFolder, storage: str | None, fallback: str | None) -> Plan:
    files, n_bytes = _measure(folder.path)
    url, studies, stays = _database(folder, storage, fallback)
    told = Removal(
        run=folder.name,
        folder=folder.path,
        files=files,
        n_bytes=n_bytes,
        studies=studies,
        storage="" if url is None else hide_password(url),
        stays=stays,
    )
    return Plan(folder=folder, told=told, url=url if studies else None)


def _database(folder: RunFolder, storage: str | None, fallback: str | None) -> tuple[str | None, tuple[str, ...], str]:
    """Give the URL of a run's database, the names of its studies there, and what stays there."""
    try:
        settings = read_settings(folder.settings)
    except PacktuneError:
        return None, (), "Its settings cannot be read: if its study is in a database, that stays."
    if settings.resources.storage is None:
        return None, (), ""
    try:
        url = with_storage(folder.load(), storage, fallback).settings.resources.storage
        with open_storage(folder.journal, url, read_only=True) as opened:
            studies = tuple(studies_of(opened, settings.name, settings.run_id))
            noted = noted_folders(opened, studies)
    except PacktuneError as error:
        return None, (), _stays(settings, f"it cannot be deleted: {error}")
    shown = hide_password(url or "")
    others = [each for each in noted if has_run(each, settings.run_id, shown) and not _is_same(each, folder.path)]
    if others:
        return None, (), f"Its study stays in {shown}: it is that of the run in {others[0]}, of which this is a copy."
    return url, studies, ""


def _stays(settings: Settings, why: str) -> str:
    name, shown = settings.name, hide_password(settings.resources.storage or "")
    return (
        f"Its study {name!r}, and those of its fresh trainings ({name}{CONFIRMED}...), stay in {shown}; {why}. To "
        f"remove one by hand: optuna delete-study --storage URL --study-name {shell_word(name)}"
    )


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _measure(folder: Path) -> tuple[int, int]:
    """Count the files below a folder, and their bytes; links are not followed."""
    sizes = [os.lstat(os.path.join(where, name)).st_size for where, _, names in os.walk(folder) for name in names]
    return len(sizes), sum(sizes)


def _delete(folder: Path) -> None:
    """Delete a folder, its settings last: with them a later removal knows what it was."""
    for path in [*(path for path in folder.iterdir() if path.name != SETTINGS), folder / SETTINGS]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    folder.rmdir()


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the folder that cannot be removed; one that is gone has been removed by another process."""
    try:
        yield
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunError(
            f"cannot remove {path}: {error.strerror}: check its permissions, then run `packtune remove` again, which "
            "finishes what is left"
        ) from error
