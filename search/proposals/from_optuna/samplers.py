"""The samplers `qmc`, `gp` and `cmaes`: Optuna's, which propose one trial at a time.

They work on a copy of the study in memory, which has the same trials under the same numbers. Nothing of theirs writes
to the study itself. A sampler is made afresh for each proposal, so what it knows is in the trials alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, RandomSampler
from optuna.trial import TrialState as OptunaState

from packtune.proposals.from_optuna.private import NumberedQMCSampler, ReplayedCmaEsSampler
from packtune.proposals.from_optuna.space import (
    WORST_MERIT,
    closed_trial,
    distributions_of,
    open_trial,
    quiet_optuna,
    suggest_value,
    suggestion_of,
)
from packtune.proposals.given import Given
from packtune.proposals.one_by_one import OneByOneWindow
from packtune.proposals.proposer import Proposer, Suggestion
from packtune.seeds import sampler_seed
from packtune.space.space import Space
from packtune.trial import Outcome, TrialState

MakeSampler = Callable[[int, int], BaseSampler]
"""(seed of one proposal, seed of the search) -> sampler."""


class OptunaProposer(Proposer):
    """Proposes trials one at a time with a sampler of Optuna's.

    Args:
        seed: of the search.
        make_sampler: called for each proposal.
        n_trials: proposed before they are grouped into packs. A sampler that learns loses by a large number; one that
            does not only fills its packs better.
    """

    def __init__(self, space: Space, seed: int, make_sampler: MakeSampler, *, n_trials: int) -> None:
        quiet_optuna()
        self._space = space
        self._seed = seed
        self._make_sampler = make_sampler
        self._n_trials = n_trials
        self._distributions = distributions_of(space)
        self._study = optuna.create_study(direction="maximize", sampler=RandomSampler(seed=0))
        self._known = 0
        self._n_earlier = 0

    def prepare(self, given: Given) -> None:
        """Take in the complete trials of earlier searches, which come before trial 0."""
        for each in given.earlier:
            if each.outcome.state is TrialState.COMPLETE:
                suggestion = Suggestion(values=each.values)
                self._study.add_trial(closed_trial(suggestion, self._distributions, each.outcome.merit))
                self._n_earlier += 1

    def add(self, number: int, suggestion: Suggestion) -> None:
        if number == self._known:
            # One outside the space is no trial that a sampler of Optuna's can learn from, but it has its number.
            state = OptunaState.FAIL if suggestion.is_outside else OptunaState.RUNNING
            self._study.add_trial(open_trial(suggestion, self._distributions, state))
            self._known += 1

    def tell(self, number: int, outcome: Outcome) -> None:
        number += self._n_earlier
        if self._study.get_trials(deepcopy=False)[number].state is OptunaState.FAIL:
            return
        match outcome.state:
            case TrialState.FAIL:
                self._study.tell(number, state=OptunaState.FAIL)
            case TrialState.PRUNED:
                self._study.tell(number, state=OptunaState.PRUNED)  # these samplers learn from COMPLETE trials only
            case TrialState.DIVERGED:
                self._study.tell(number, WORST_MERIT)
            case _:
                self._study.tell(number, outcome.merit)

    def window(self, first: int, pack: int) -> OneByOneWindow:
        return OneByOneWindow(first, self._n_trials, self._suggest)

    def _suggest(self, number: int) -> Suggestion:
        """Propose a trial. One that was added before keeps its values."""
        if number == self._known:
            self._sample(number)
        return suggestion_of(self._study.get_trials(deepcopy=False)[number + self._n_earlier])

    def _sample(self, number: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            self._study.sampler = self._make_sampler(sampler_seed(self._seed, trial=number), self._seed)
            trial = self._study.ask()
            self._space.choose(lambda dimension: suggest_value(trial, dimension))
        self._known += 1


def make_qmc(seed: int, search_seed: int) -> BaseSampler:
    """Make a sampler of a scrambled Sobol sequence (Sobol 1967, Owen 1998).

    The sequence is one for the whole search; only what it cannot cover, hyperparameters with conditions, is drawn from
    `seed`.
    """
    return NumberedQMCSampler(
        scramble=True,
        seed=search_seed,
        independent_sampler=RandomSampler(seed=seed),
        warn_independent_sampling=False,
    )


def make_gp(seed: int, search_seed: int) -> BaseSampler:
    """Make a sampler of a Gaussian process with expected improvement, see Optuna's `GPSampler`."""
    return GPSampler(seed=seed, independent_sampler=RandomSampler(seed=seed))


def make_cmaes(seed: int, search_seed: int) -> BaseSampler:
    """Make a sampler of CMA-ES (Hansen and Ostermeier 2001) on the numeric hyperparameters."""
    return ReplayedCmaEsSampler(
        seed=seed, independent_sampler=RandomSampler(seed=seed), warn_independent_sampling=False
    )
