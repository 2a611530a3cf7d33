"""The study: Optuna's record of every trial, the only truth about a search. It records, and proposes nothing."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

import optuna
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning
from optuna.study import StudyDirection

from packtune.errors import RunError
from packtune.settings import SearchPlan
from packtune.space.space import Space
from packtune.study.attempts import Attempts
from packtune.study.folder_note import FolderNote
from packtune.study.outcomes import Outcomes
from packtune.study.pack_notes import PackNotes
from packtune.study.records import RecordReader, SeedOf, explored_seeds
from packtune.study.storage import Storage
from packtune.study.trial_ids import TrialIds
from packtune.study.trials import Trials
from packtune.trial import Pack, TrialRecord

REPEATED = "repeated:"
RUN_ID = "run_id"
NAMING = threading.Lock()
"""Held while warnings are off: they are off for all threads, and the first to leave would turn them on again."""
CONFIRMED = ":confirmed-"
"""In the name of a study of fresh trainings; no run's name has a colon."""


class SearchStudy:
    """The study of one search. Only one process writes to it.

    Attributes:
        space: what is searched.
        stage: the confirmation whose trainings it has; empty for the trials of the search itself.
        trials: opened with their values.
        outcomes: recorded, then told.
        pack_notes: which trials form which pack.
        attempts: confirmations in which no winner held the score that was asked for.
        folder_note: in which folder the run lies.
    """

    def __init__(self, storage: Storage, study_id: int, reader: RecordReader) -> None:
        self._storage = storage
        self._study_id = study_id
        self._reader = reader
        self.space = reader.space
        self.stage = reader.study.partition(CONFIRMED)[2]
        ids = TrialIds(storage.optuna, study_id)
        self.pack_notes = PackNotes(reader.study, self._notes, self._note)
        self.trials = Trials(storage, ids, reader, self.pack_notes.count_trials)
        self.outcomes = Outcomes(storage.optuna, ids)
        self.attempts = Attempts(reader.study, self._notes, self._note)
        self.folder_note = FolderNote(storage.optuna, study_id)

    def claim(self, run_id: str) -> None:
        """Note to which run the study belongs, once.

        Raises:
            RunError: it belongs to another run.
        """
        if RUN_ID not in self._attributes() and run_id and not len(self.trials):
            self._storage.optuna.set_study_user_attr(self._study_id, RUN_ID, run_id)
        else:
            self.check_owner(run_id)

    def check_owner(self, run_id: str) -> None:
        """Make sure that the study belongs to a run.

        Raises:
            RunError: it belongs to another run.
        """
        known = self._attributes().get(RUN_ID)
        # A study without an id was just made, or belongs to a run from before runs had ids.
        is_own = known == run_id or (known is None and not (run_id and len(self.trials)))
        if not is_own:
            raise RunError(
                f"the study named {self._reader.study!r} in this storage belongs to another run: start a new run "
                "under another --name"
            )

    def batch(self) -> AbstractContextManager[None]:
        """Make the records of a block durable together at its end; after a crash a first part of them is left."""
        return self._storage.batch()

    def check_written(self) -> None:
        """Make sure that each record is durable.

        Raises:
            RunError: one could not be written.
        """
        self._storage.check_written()

    def records(self) -> list[TrialRecord]:
        """List all trials by number.

        Raises:
            RunError: a trial is damaged.
        """
        return self.trials.records()

    def packs(self) -> list[Pack]:
        """List the packs assigned so far, in order.

        Raises:
            RunError: the study is damaged.
        """
        return self.pack_notes.packs([record.proposal for record in self.records()])

    def requeue(self) -> None:
        """Mark every open trial as waiting: it is trained or told when the search is resumed."""
        self.trials.requeue()

    def repeat(self, trials: Sequence[int]) -> None:
        """Note that the next trials are to try the configurations of these trials again, in this order."""
        self._note(f"{REPEATED}{len(self.trials)}", list(trials))

    def repeated(self) -> dict[int, list[int]]:
        """List the trials to try again, by the number of the first trial that does so.

        Raises:
            RunError: the study is damaged.
        """
        noted = {key: value for key, value in self._notes().items() if key.startswith(REPEATED)}
        try:
            return {int(key.removeprefix(REPEATED)): _numbers(value) for key, value in noted.items()}
        except (TypeError, ValueError) as error:
            raise RunError(
                f"the repeated trials of the study {self._reader.study!r} are damaged ({error}): restore it from a copy"
            ) from error

    def _attributes(self) -> Mapping[str, object]:
        return self._storage.optuna.get_study_user_attrs(self._study_id)

    def _notes(self) -> Mapping[str, object]:
        """Give what the study notes for itself. Older studies have it among the attributes that Optuna's tools show."""
        return {**self._attributes(), **self._storage.optuna.get_study_system_attrs(self._study_id)}

    def _note(self, name: str, value: Sequence[int] | Sequence[Sequence[int]]) -> None:
        self._storage.optuna.set_study_system_attr(self._study_id, name, value)


def create_study(
    storage: Storage, name: str, space: Space, plan: SearchPlan, *, seed_of: SeedOf | None = None
) -> SearchStudy:
    """Create the study of a new run.

    Args:
        seed_of: none for the seeds of the trials that the plan's sampler proposes.

    Raises:
        RunError: the storage has a study with this name.
    """
    try:
        study_id = storage.optuna.create_new_study([_direction(plan)], name)
    except DuplicatedStudyError as error:
        raise RunError(
            f"the storage has a study named {name!r} already: choose another --name, or resume the run that it "
            "belongs to"
        ) from error
    _name_objective(storage, name, f"validation_{plan.metric.column}")
    seeds = seed_of or explored_seeds(space, plan)
    return SearchStudy(storage, study_id, RecordReader(study=name, space=space, seed_of=seeds, metric=plan.metric))


def load_study(
    storage: Storage, name: str, space: Space, plan: SearchPlan, *, seed_of: SeedOf | None = None
) -> SearchStudy:
    """Open the study of an existing run.

    Args:
        seed_of: see `create_study`.

    Raises:
        RunError: the storage has no study with this name.
    """
    try:
        study_id = storage.optuna.get_study_id_from_name(name)
    except KeyError as error:
        raise RunError(f"the storage has no study named {name!r}: was it moved or deleted?") from error
    seeds = seed_of or explored_seeds(space, plan)
    return SearchStudy(storage, study_id, RecordReader(study=name, space=space, seed_of=seeds, metric=plan.metric))


def has_study(storage: Storage, name: str) -> bool:
    """Tell whether a storage has a study with this name."""
    return name in optuna.get_all_study_names(storage.optuna)


def find_study(storage: Storage, name: str, run_id: str) -> str | None:
    """Find the study of a run: by its name, or by the run's id where it was renamed; none if there is none."""
    if has_study(storage, name):
        return name
    studies = storage.optuna.get_all_studies() if run_id else []
    own = (study.study_name for study in studies if study.user_attrs.get(RUN_ID) == run_id)
    return next((found for found in own if CONFIRMED not in found), None)


def _direction(plan: SearchPlan) -> StudyDirection:
    """Give the direction that Optuna's tools show. Samplers learn from merits, which are always maximized."""
    return StudyDirection.MAXIMIZE if plan.metric.entry.larger_is_better else StudyDirection.MINIMIZE


def _name_objective(storage: Storage, name: str, objective: str) -> None:
    """Name the value of the trials for Optuna's tools."""
    with NAMING, warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        optuna.load_study(study_name=name, storage=storage.optuna).set_metric_names([objective])


def _numbers(value: object) -> list[int]:
    if not isinstance(value, list) or not all(type(number) is int for number in value):
        raise TypeError("not numbers of trials")
    return list(value)
