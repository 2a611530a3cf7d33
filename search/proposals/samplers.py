"""The samplers by name: our own, which propose whole packs, and Optuna's, made afresh for every proposal."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from packtune.errors import SettingsError, suggest_name
from packtune.proposals.encoding import Encoding, Floats
from packtune.proposals.history import History
from packtune.proposals.tpe import PackPlan, propose_random, propose_tpe
from packtune.space.space import Space, Value


class EnumeratedSampler(BaseSampler):
    """Gives trial n the n-th configuration of a list, from the start again after its end."""

    def __init__(self, rows: Sequence[Mapping[str, Value]]) -> None:
        self._rows = rows

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Sample nothing jointly."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Sample nothing jointly."""
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Look the value up."""
        return self._rows[trial.number % len(self._rows)][param_name]


class NumberedQMCSampler(optuna.samplers.QMCSampler):
    """Gives trial n the n-th point of the sequence, over what trial 0 had drawn at random.

    Optuna's counts in the study, and counts on after a crash, and looks at trials that may have only some values yet.
    """

    _number = 0

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Sample jointly what trial 0 has."""
        return dict(study.get_trials(deepcopy=False)[0].distributions) if trial.number else {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Take note of the number, and sample."""
        self._number = trial.number
        return super().sample_relative(study, trial, search_space)

    def _find_sample_id(self, study: optuna.Study, search_space: dict[str, BaseDistribution]) -> int:
        return self._number - 1


class ReplayedCmaEsSampler(optuna.samplers.CmaEsSampler):
    """Works its state out anew from the trials; Optuna's is unpickled from the study, which may run code."""

    def _restore_optimizer(self, completed_trials: list[FrozenTrial]) -> None:
        self._completed = completed_trials

    def _init_optimizer(self, trans: Any, direction: optuna.study.StudyDirection) -> Any:
        optimizer = super()._init_optimizer(trans, direction)
        size = optimizer.population_size
        while len(solutions := self._get_solution_trials(self._completed, optimizer.generation)[:size]) == size:
            # It minimizes, and a search's accuracy is to be large.
            optimizer.tell([(trans.transform(t.params), -t.value) for t in solutions if t.value is not None])
        return optimizer


ProposePack = Callable[[Encoding, History, PackPlan], Floats]
MakeSampler = Callable[[int, int], BaseSampler]


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerEntry:
    """How a sampler is asked.

    Attributes:
        propose: of our own samplers, which propose a pack: its shape once, and the rest of each member given it.
        make: of Optuna's, which propose a trial: (seed of this proposal, seed of the whole search) -> sampler.
        window: proposals that Optuna's are asked for before they are grouped into packs. Those that do not learn lose
            nothing by a large one; those that learn get a small one.
        learns: whether proposals depend on what was told, so that packs that are asked early had better be small.
    """

    description: str
    propose: ProposePack | None = None
    make: MakeSampler | None = None
    window: int = 1
    learns: bool = False


def _qmc(seed: int, search_seed: int) -> BaseSampler:
    # The sequence is one for the whole search; only what it cannot cover (conditions) is drawn from `seed`.
    return NumberedQMCSampler(
        scramble=True,
        seed=search_seed,
        independent_sampler=optuna.samplers.RandomSampler(seed=seed),
        warn_independent_sampling=False,
    )


def _gp(seed: int, _: int) -> BaseSampler:
    return optuna.samplers.GPSampler(seed=seed, independent_sampler=optuna.samplers.RandomSampler(seed=seed))


def _cmaes(seed: int, _: int) -> BaseSampler:
    return ReplayedCmaEsSampler(
        seed=seed,
        independent_sampler=optuna.samplers.RandomSampler(seed=seed),
        warn_independent_sampling=False,
    )


SAMPLERS: dict[str, SamplerEntry] = {
    "grid": SamplerEntry(
        make=lambda seed, _: optuna.samplers.RandomSampler(seed=seed),  # replaced by the space's own list
        window=256,
        description="every configuration of an enumerated space, in order",
    ),
    "random": SamplerEntry(
        propose=propose_random,
        description="even draws; the members of a pack share one draw of its shape, so packs of 1 are independent",
    ),
    "tpe": SamplerEntry(
        propose=propose_tpe,
        learns=True,
        description="tree-structured Parzen estimator (Bergstra et al. 2011), a pack at a time",
    ),
    "qmc": SamplerEntry(make=_qmc, window=256, description="a scrambled Sobol sequence"),
    "gp": SamplerEntry(make=_gp, window=4, learns=True, description="Gaussian process with expected improvement"),
    "cmaes": SamplerEntry(make=_cmaes, window=8, learns=True, description="CMA-ES on the numeric hyperparameters"),
}


def check_sampler(name: str, space: Space) -> None:
    """Make sure that a sampler exists and fits a space.

    Raises:
        SettingsError: unknown name, or a listed space with a sampler that would not keep to its list.
        SpaceError: `grid` on a space that is continuous or too large.
    """
    if name not in SAMPLERS:
        raise SettingsError(f"unknown sampler {name!r}.{suggest_name(name, SAMPLERS)}")
    if name == "grid":
        space.enumerate()
    elif space.listed:
        raise SettingsError(
            f"the space {space.name!r} is a list of configurations, and the sampler {name!r} would not keep to it: "
            "use the sampler 'grid', or the space 'grid' or 'wide'"
        )


def make_sampler(name: str, space: Space, *, seed: int, search_seed: int) -> BaseSampler:
    """Make one of Optuna's samplers for one proposal.

    Args:
        seed: of this proposal.
        search_seed: of the whole search.
    """
    if name == "grid":
        return EnumeratedSampler(space.enumerate())
    make = SAMPLERS[name].make
    assert make is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return make(seed, search_seed)
