"""The studies of one run in a database that several runs share: found, and deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from packtune.study.folder_note import FolderNote
from packtune.study.storage import Storage
from packtune.study.study import CONFIRMED, RUN_ID


def studies_of(storage: Storage, name: str, run_id: str) -> list[str]:
    """List the studies of a run by name: that of its search, and those of its fresh trainings.

    Args:
        name: of the run.
        run_id: its id; studies of older runs have none, and are found by the name alone.
    """
    studies = ((study.study_name, study.user_attrs) for study in storage.optuna.get_all_studies())
    return sorted(found for found, attributes in studies if _is_of(found, attributes, name, run_id))


def noted_folders(storage: Storage, studies: Iterable[str]) -> list[Path]:
    """List the folders that these studies note as those of their run."""
    ids = [storage.optuna.get_study_id_from_name(name) for name in studies]
    return [noted for each in ids if (noted := FolderNote(storage.optuna, each).read()) is not None]


def delete_studies(storage: Storage, studies: Iterable[str]) -> None:
    """Delete studies with all their trials. One that is gone already is passed over."""
    for name in studies:
        with suppress(KeyError):
            storage.optuna.delete_study(storage.optuna.get_study_id_from_name(name))


def _is_of(study: str, attributes: Mapping[str, object], name: str, run_id: str) -> bool:
    owner = attributes.get(RUN_ID)
    if owner is not None:
        return bool(run_id) and owner == run_id
    return not run_id and (study == name or study.startswith(f"{name}{CONFIRMED}"))
