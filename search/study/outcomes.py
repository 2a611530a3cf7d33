"""The outcomes of a study's trials: recorded as soon as they are known, told when it is their turn."""

from __future__ import annotations

from optuna.storages import BaseStorage
from optuna.trial import TrialState as OptunaState

from packtune.study.records import OUTCOME
from packtune.study.trial_ids import TrialIds
from packtune.trial import Outcome, TrialState


class Outcomes:
    """What becomes of the trials of one study, by number.

    Lifecycle of a trial: `record` keeps its outcome durably, then `tell` closes it, once.
    """

    def __init__(self, storage: BaseStorage, ids: TrialIds) -> None:
        self._storage = storage
        self._ids = ids
        trials = storage.get_all_trials(ids.study, deepcopy=False)
        self._told = {trial.number for trial in trials if trial.state.is_finished()}

    def record(self, number: int, outcome: Outcome) -> None:
        """Keep the outcome of a trial."""
        self._storage.set_trial_user_attr(self._ids.of(number), OUTCOME, outcome.to_json())

    def tell(self, number: int, outcome: Outcome) -> None:
        """Close a trial: COMPLETE with its score, PRUNED with its last one; FAIL if it failed or diverged.

        Optuna too marks a trial FAIL whose value is no number. One that is closed already stays as it is: in older
        studies, diverged trials are COMPLETE with the value 0.
        """
        if number in self._told:
            return
        self._explain(number, outcome)
        match outcome.state:
            case TrialState.FAIL | TrialState.DIVERGED:
                self._close(number, OptunaState.FAIL)
            case TrialState.PRUNED:
                self._report(number, outcome)
                # As Optuna does it: the value of a pruned trial is the last one that was reported.
                self._close(number, OptunaState.PRUNED, outcome.curve[-1][1] if outcome.curve else None)
            case _:
                self._report(number, outcome)
                assert outcome.validation is not None
                self._close(number, OptunaState.COMPLETE, outcome.validation.score)

    def is_told(self, number: int) -> bool:
        """Tell whether a trial is closed."""
        return number in self._told

    def told_trials(self) -> frozenset[int]:
        """List the numbers of the trials that are closed."""
        return frozenset(self._told)

    def _close(self, number: int, state: OptunaState, value: float | None = None) -> None:
        self._storage.set_trial_state_values(self._ids.of(number), state, None if value is None else [value])
        self._told.add(number)

    def _explain(self, number: int, outcome: Outcome) -> None:
        """Note what Optuna's tools show beside a trial: Optuna's duration would include the wait for its turn."""
        shown = {"training_seconds": round(outcome.seconds, 3), "reason": outcome.reason}
        for name, value in shown.items():
            if value:
                self._storage.set_trial_user_attr(self._ids.of(number), name, value)

    def _report(self, number: int, outcome: Outcome) -> None:
        reported = self._storage.get_trial(self._ids.of(number)).intermediate_values
        for epoch, score in outcome.curve:
            if epoch not in reported:
                self._storage.set_trial_intermediate_value(self._ids.of(number), epoch, score)
