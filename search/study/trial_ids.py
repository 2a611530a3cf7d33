"""Under which numbers a storage keeps a study and its trials."""

from __future__ import annotations

from optuna.storages import BaseStorage


class TrialIds:
    """The ids of one study in a storage that may have several.

    Attributes:
        study: the id of the study itself.
    """

    def __init__(self, storage: BaseStorage, study: int) -> None:
        self.study = study
        self._storage = storage
        self._known: dict[int, int] = {}

    def add(self, number: int, trial_id: int) -> None:
        """Note the id of a trial that was just opened."""
        self._known[number] = trial_id

    def of(self, number: int) -> int:
        """Give the id of a trial, by its number in the study."""
        if number not in self._known:
            self._known[number] = self._storage.get_trial_id_from_study_id_trial_number(self.study, number)
        return self._known[number]
