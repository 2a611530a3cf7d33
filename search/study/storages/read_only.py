"""The studies of one run as other programs may see them: they can be read, while a search goes on, and not written."""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Sequence
from typing import NoReturn

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from packtune.errors import RunError
from packtune.study.records import OUTCOME
from packtune.study.study import RUN_ID


@BaseStorage.register  # programs look whether it is one; a subclass would have to define each method
class ReadOnlyStorage:
    """An Optuna storage that passes on what only reads.

    In place of a trial's outcome, which is for this program alone, trials show its numbers.

    Args:
        name, run_id: of the run; its studies are the only ones that are listed. The id may be empty.
    """

    def __init__(self, storage: BaseStorage, name: str, run_id: str) -> None:
        self._storage = storage
        self._name = name
        self._run_id = run_id

    def get_all_studies(self) -> Sequence[object]:
        """List the studies of the run: that of its trials, and those of its confirmations."""
        return [
            study
            for study in self._storage.get_all_studies()
            if study.study_name == self._name or (self._run_id and study.user_attrs.get(RUN_ID) == self._run_id)
        ]

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """List the trials of a study, by number."""
        return [_shown(trial) for trial in self._storage.get_all_trials(study_id, deepcopy, states)]

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Give a trial."""
        return _shown(self._storage.get_trial(trial_id))

    def __getattr__(self, name: str) -> Callable[..., object]:
        """Give a method that reads; in place of any other, one that refuses."""
        if name.startswith("_"):
            raise AttributeError(name)
        if not name.startswith("get_"):
            return _refuse
        method: Callable[..., object] = getattr(self._storage, name)
        return method


def _refuse(*args: object, **options: object) -> NoReturn:
    raise RunError("this study can only be read here: it belongs to its search, which nothing else may disturb")


def _shown(trial: FrozenTrial) -> FrozenTrial:
    """Give a trial with the numbers of its outcome as attributes; the storage's own stays as it is."""
    outcome = trial.user_attrs.get(OUTCOME)
    if not isinstance(outcome, dict):
        return trial
    others = {name: value for name, value in trial.user_attrs.items() if name != OUTCOME}
    numbers = {name: outcome.get(name) for name in ("epochs", "device")}
    for split in ("validation", "test"):
        shares = outcome.get(split)
        numbers[f"{split}_accuracy"] = shares[0] if isinstance(shares, list) and shares else None
    shown = copy.copy(trial)
    shown.user_attrs = others | {name: value for name, value in numbers.items() if value is not None}
    return shown
