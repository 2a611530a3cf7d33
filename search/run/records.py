"""The study of a run: opened for a search, or read while one may be going on."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from packtune.errors import RunError
from packtune.run.folder import Run
from packtune.study.storage import Storage, open_storage
from packtune.study.storage_url import hide_password
from packtune.study.study import SearchStudy, create_study, find_study, load_study
from packtune.trial import TrialRecord, TrialState


def open_study(run: Run, storage: Storage, *, read_only: bool = False) -> SearchStudy:
    """Open the study of a run, or make it if the run never began.

    Raises:
        RunError: the study is missing, or another run's, or cannot take the trials that are to follow.
    """
    settings = run.settings
    name = None if run.new else find_study(storage, settings.name, settings.run_id)
    if run.new or _never_began(run, name):
        study = create_study(storage, settings.name, run.space, settings.plan)
    elif name is not None:
        study = load_study(storage, name, run.space, settings.plan)
    else:
        url = settings.resources.storage
        where = run.folder.journal if url is None else f"the storage {hide_password(url)}"
        raise RunError(f"{where} has no study named {settings.name!r}: was it moved or deleted?")
    if read_only:
        study.check_owner(settings.run_id)
    else:
        study.claim(settings.run_id)
        if len(study.trials) < settings.plan.trials:
            study.trials.check_own()
    return study


def read_records(run: Run) -> list[TrialRecord]:
    """Read the trials of a run from its study.

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
            f"{run.folder.trials_csv} was written: restore it from a copy; or remove that file to go on from what is "
            "left"
        )
    return records


def check_extendable(run: Run) -> None:
    """Make sure that further trials can follow those of a run.

    Raises:
        RunError: another program has added trials to the study.
    """
    with open_storage(run.folder.journal, run.settings.resources.storage, read_only=True) as storage:
        if find_study(storage, run.settings.name, run.settings.run_id) is not None:
            open_study(replace(run, new=False), storage, read_only=True).trials.check_own()


def count_finished(trials_csv: Path) -> int:
    """Count the trials with an outcome in a run's table of all trials; 0 if there is no such file."""
    try:
        with trials_csv.open(encoding="utf-8", newline="") as file:
            states = [row.get("state") for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error):
        return 0
    return sum(state not in (None, TrialState.WAITING.value, TrialState.RUNNING.value) for state in states)


def _never_began(run: Run, study: str | None) -> bool:
    """Tell whether the process that made the run's folder ended before it made the study."""
    return not run.folder.leaderboard_csv.exists() and study is None
