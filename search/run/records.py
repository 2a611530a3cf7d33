"""The study of a run: opened for a search, or read while one may be going on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from packtune.errors import RunError, SettingsError
from packtune.run.folder import Run, RunFolder
from packtune.run.overview.nearby import SETTINGS
from packtune.run.overview.tables import count_finished
from packtune.run.settings_file import read_settings
from packtune.study.records import explored_seeds
from packtune.study.storage import Storage, open_storage
from packtune.study.storage_url import hide_password
from packtune.study.study import SearchStudy, create_study, find_study, load_study
from packtune.trial import TrialRecord


def open_study(run: Run, storage: Storage, *, read_only: bool = False) -> SearchStudy:
    """Open the study of a run, or make it if the run never began.

    Raises:
        RunError: the study is missing, or another run's, or cannot take the trials that are to follow; or the run is a
            copy that would write to the study of another one.
    """
    settings = run.settings
    name = None if run.new else find_study(storage, settings.name, settings.run_id)
    seed_of = explored_seeds(run.space, settings.plan, run.given)
    if run.new or _never_began(run, name):
        study = create_study(storage, settings.name, run.space, settings.plan, seed_of=seed_of)
    elif name is not None:
        study = load_study(storage, name, run.space, settings.plan, seed_of=seed_of)
    else:
        url = settings.resources.storage
        where = run.folder.journal if url is None else f"the storage {hide_password(url)}"
        raise RunError(f"{where} has no study named {settings.name!r}: was it moved or deleted?")
    if read_only:
        study.check_owner(settings.run_id)
    else:
        study.claim(settings.run_id)
        _claim_for_folder(run, study)
        if len(study.trials) < settings.plan.trials:
            study.trials.check_own()
    return study


@contextmanager
def open_records(run: Run) -> Iterator[tuple[list[TrialRecord], Storage]]:
    """Read the trials of a run from its study: the trials, and the storage that has them, for as long as it is open.

    Raises:
        RunError: the study is missing, damaged or another run's, or has fewer finished trials than it had.
    """
    # The table is read first, as a search may be writing to both.
    noted = count_finished(run.folder.trials_csv)
    records: list[TrialRecord] = []
    with open_storage(run.folder.journal, run.settings.resources.storage, read_only=True) as storage:
        if not _never_began(run, find_study(storage, run.settings.name, run.settings.run_id)):
            records = open_study(replace(run, new=False), storage, read_only=True).records()
        finished = sum(record.outcome is not None for record in records)
        if finished < noted:
            raise RunError(
                f"the study of the run {run.folder.name!r} has {finished} finished trials, but had {noted} when "
                f"{run.folder.trials_csv} was written: restore it from a copy; or remove that file to go on from what "
                f"is left with `{run.command('resume')}`"
            )
        yield records, storage


def read_records(run: Run) -> list[TrialRecord]:
    """Read the trials of a run from its study.

    Raises:
        RunError: see `open_records`.
    """
    with open_records(run) as (records, _):
        return records


def check_extendable(run: Run) -> None:
    """Make sure that further trials can follow those of a run.

    Raises:
        RunError: another program has added trials to the study, or the run is a copy of another one.
    """
    with open_storage(run.folder.journal, run.settings.resources.storage, read_only=True) as storage:
        if find_study(storage, run.settings.name, run.settings.run_id) is not None:
            study = open_study(replace(run, new=False), storage, read_only=True)
            study.trials.check_own()
            _check_original(run, study)


def _claim_for_folder(run: Run, study: SearchStudy) -> None:
    """Note in a database where the run lies. The journal lies in its folder, and is copied with it.

    Raises:
        RunError: the run is a copy, and would write to the study of another one.
    """
    if run.settings.resources.storage is not None:
        _check_original(run, study)
        study.folder_note.write(run.folder.path)


def _check_original(run: Run, study: SearchStudy) -> None:
    """Make sure that no other folder has the same run on the same study, as copies have. A moved folder is no copy.

    Raises:
        RunError: the folder that the study notes is another one, and is still there.
    """
    url, noted = run.settings.resources.storage, study.folder_note.read()
    if url is None or noted is None or not has_run(noted, run.settings.run_id, hide_password(url)):
        return
    if not noted.samefile(run.folder.path):
        raise RunError(
            f"{run.folder.path} is a copy of the run in {noted}, and both have their study in {hide_password(url)}, so "
            f"that they would disturb each other: go on with `{RunFolder.at(noted).command('resume')}`; or remove that "
            "folder, if the copy is to take its place; or copy the database too, and name that with --storage"
        )


def has_run(folder: Path, run_id: str, storage: str) -> bool:
    """Tell whether a folder is that of a run with this id, on this storage."""
    with suppress(SettingsError):
        settings = read_settings(folder / SETTINGS)
        return settings.run_id == run_id and settings.resources.storage == storage
    return False


def _never_began(run: Run, study: str | None) -> bool:
    """Tell whether the process that made the run's folder ended before it made the study."""
    return not run.folder.leaderboard_csv.exists() and study is None
