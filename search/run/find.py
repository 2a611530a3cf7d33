"""An existing run, found by its name or its folder, with its study where it was made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from packtune.errors import SettingsError
from packtune.run.folder import Run, RunFolder
from packtune.study.storage_url import HIDDEN, make_absolute

STORAGE_VARIABLE = "PACKTUNE_STORAGE"
"""The environment variable that the command line takes the URL of a database from."""


def find_run(
    run: str,
    results: Path,
    *,
    storage: str | None = None,
    fallback: str | None = None,
    data_dir: Path | None = None,
) -> Run:
    """Find a run by its name in `results`, or by its folder.

    Args:
        data_dir: the folder with the files of its data set; none for where they were. If that folder is there no more,
            as the run came from another machine, they are downloaded if they are needed.
        storage: URL of the database in which the study is now; none for where it was made.
        fallback: a URL that serves only to supply a password that was kept nowhere, such as the environment's.

    Raises:
        RunError: there is no such run.
        SettingsError: its storage needs a password, or is no database.
    """
    return _with_data(with_storage(RunFolder.find(results, run).load(), storage, fallback), data_dir)


def _with_data(run: Run, data_dir: Path | None) -> Run:
    known = run.settings.resources.data_dir
    there = known if known is None or known.is_dir() else None
    resources = replace(run.settings.resources, data_dir=there if data_dir is None else data_dir.absolute())
    return replace(run, settings=replace(run.settings, resources=resources))


def with_storage(run: Run, storage: str | None, fallback: str | None = None) -> Run:
    """Say where the study of a run is; see `find_run`."""
    known = run.settings.resources.storage
    needs_password = known is not None and HIDDEN in known
    url = storage or (fallback if needs_password else None)
    if url is None:
        if needs_password:
            raise SettingsError(
                f"the run's storage {known} needs its password, which is kept nowhere: give the whole URL with "
                f"--storage or in {STORAGE_VARIABLE}"
            )
        return run
    if known is None:
        raise SettingsError(
            f"the run {run.folder.name!r} keeps its study in {run.folder.journal}, not in a database: leave --storage "
            "out"
        )
    resources = replace(run.settings.resources, storage=make_absolute(url))
    return replace(run, settings=replace(run.settings, resources=resources))
