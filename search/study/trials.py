"""The trials of a study: opened with their values, listed as records."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from packtune.errors import RunError
from packtune.models.configuration import Configuration
from packtune.proposals.from_optuna.space import distributions_of, open_trial, suggestion_of
from packtune.proposals.proposer import Suggestion
from packtune.study.records import RecordReader
from packtune.study.storage import Storage
from packtune.study.trial_ids import TrialIds
from packtune.trial import Proposal, TrialRecord


class Trials:
    """The trials of one study, by number.

    Args:
        ids: of the study and its trials in the storage.
        count_own: counts the trials that the study has in packs; those are none that another program added.
    """

    def __init__(
        self, storage: Storage, ids: TrialIds, reader: RecordReader, count_own: Callable[[], int] = lambda: 0
    ) -> None:
        self._storage = storage
        self._count_own = count_own
        self._ids = ids
        self._reader = reader
        self._distributions = distributions_of(reader.space)
        self._n = len(self._read())

    def check_own(self) -> None:
        """Make sure that no other program has added a trial: the next one could not have its number.

        Raises:
            RunError: one has.
        """
        foreign = self._read_all()[self._n :]
        if foreign:
            raise RunError(
                f"the study {self._reader.study!r} has trials that another program added, from trial "
                f"{foreign[0].number} on, and its own cannot follow them: restore it from a copy of before, or start a "
                "new run. What it found can be shown all the same"
            )

    def __len__(self) -> int:
        return self._n

    def open(self, number: int, suggestion: Suggestion) -> Proposal:
        """Open a trial with all its values, in one record; it waits. One that is open already keeps those it has.

        Raises:
            RunError: another process writes to the study, or the trial is damaged.
        """
        if number < self._n:
            return self._reader.proposal(number, self.suggestion(number))
        template = open_trial(suggestion, self._distributions, OptunaState.WAITING)
        trial_id = self._storage.optuna.create_new_trial(self._ids.study, template)
        given = self._storage.optuna.get_trial_number_from_id(trial_id)
        if given != number:
            raise RunError(
                f"trial {number} was to be next, but the study gave {given}: another process writes to it. "
                "Stop that one, then resume"
            )
        self._ids.add(number, trial_id)
        self._n += 1
        return self._reader.proposal(number, suggestion)

    def suggestion(self, number: int) -> Suggestion:
        """Give the values of a trial, and what its sampler noted."""
        return suggestion_of(self._storage.optuna.get_trial(self._ids.of(number)))

    def configuration(self, number: int) -> Configuration:
        """Give the configuration of a trial.

        Raises:
            RunError: the trial is damaged.
        """
        return self._reader.proposal(number, self.suggestion(number)).configuration

    def for_each(self, take: Callable[[int, Suggestion], None]) -> None:
        """Hand each trial over, by number.

        Raises:
            RunError: `take` refuses a trial, which is damaged therefore.
        """
        for trial in self._read():
            with self._reader.naming_damage(trial.number):
                take(trial.number, suggestion_of(trial))

    def start(self, numbers: Iterable[int]) -> None:
        """Mark trials as running, from now on: Optuna takes this moment for their start."""
        with self._storage.batch():
            for number in numbers:
                if self._storage.optuna.get_trial(self._ids.of(number)).state is OptunaState.RUNNING:
                    self._mark(number, OptunaState.WAITING)  # it begins again
                self._mark(number, OptunaState.RUNNING)

    def requeue(self) -> None:
        """Mark every open trial as waiting: it is trained or told when the search is resumed."""
        with self._storage.batch():
            for trial in self._read():
                if trial.state is OptunaState.RUNNING:
                    self._mark(trial.number, OptunaState.WAITING)

    def records(self) -> list[TrialRecord]:
        """List all trials by number.

        Raises:
            RunError: a trial is damaged.
        """
        return [self._reader.record(trial) for trial in self._read()]

    def _read(self) -> list[FrozenTrial]:
        """List the trials by number, without those that another program added to the end.

        Raises:
            RunError: a trial between them is missing.
        """
        trials, own = self._read_all(), self._count_own()
        while len(trials) > own and self._reader.is_foreign(trials[-1]):
            trials = trials[:-1]
        for number, trial in enumerate(trials):
            if trial.number != number:
                raise RunError(
                    f"trial {number} of the study {self._reader.study!r} is missing: another program deleted it. "
                    "Restore the study from a copy"
                )
        return trials

    def _read_all(self) -> list[FrozenTrial]:
        return self._storage.optuna.get_all_trials(self._ids.study, deepcopy=False)

    def _mark(self, number: int, state: OptunaState) -> None:
        self._storage.optuna.set_trial_state_values(self._ids.of(number), state)
