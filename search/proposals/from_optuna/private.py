"""The only file that relies on what Optuna does not promise: methods of its samplers that begin with an underscore.

tests/search/proposals/from_optuna/test_private.py fails, and says what to do, when Optuna changes one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import CmaEsSampler, QMCSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

if TYPE_CHECKING:  # private, and needed for a type alone
    from optuna._transform import _SearchSpaceTransform

PRIVATE_METHODS: dict[type, tuple[str, ...]] = {
    QMCSampler: ("_find_sample_id",),
    CmaEsSampler: ("_restore_optimizer", "_init_optimizer", "_get_solution_trials"),
}
"""What is overridden or called here, by the class that has it."""


class NumberedQMCSampler(QMCSampler):
    """Gives trial n the point n - 1 of the sequence, over the hyperparameters of the first trial that has any.

    That is trial 0, which is drawn at random, unless a user gave it a configuration from outside the space.

    Optuna counts the points in the study instead, so the count would depend on crashes and on trials from elsewhere.
    There is no public way to choose the point.
    """

    _number = 0

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Sample jointly what the first trial has."""
        before = study.get_trials(deepcopy=False)[: trial.number]
        return next((dict(each.distributions) for each in before if each.params), {})

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, object]:
        """Sample the point that belongs to the number of the trial."""
        self._number = trial.number
        return super().sample_relative(study, trial, search_space)

    def _find_sample_id(self, study: optuna.Study, search_space: dict[str, BaseDistribution]) -> int:
        return self._number - 1


class _Optimizer(Protocol):
    """What is used of `cmaes.CMA`."""

    @property
    def population_size(self) -> int: ...

    @property
    def generation(self) -> int: ...

    def tell(self, solutions: Sequence[tuple[object, float]]) -> None: ...


class ReplayedCmaEsSampler(CmaEsSampler):
    """Works out the state of CMA-ES from the trials, one generation after another.

    Optuna keeps the state in the study as a pickle instead, and unpickling what a study holds may run code. There is
    no public way to replace that.
    """

    def _restore_optimizer(self, completed_trials: list[FrozenTrial]) -> None:
        self._completed = completed_trials

    def _init_optimizer(self, trans: _SearchSpaceTransform, direction: StudyDirection) -> _Optimizer:
        optimizer: _Optimizer = super()._init_optimizer(trans, direction)
        size = optimizer.population_size
        while len(solutions := self._get_solution_trials(self._completed, optimizer.generation)[:size]) == size:
            # CMA-ES minimizes, and the merit is to be maximized.
            optimizer.tell([(trans.transform(t.params), -t.value) for t in solutions if t.value is not None])
        return optimizer
