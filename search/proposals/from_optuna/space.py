"""A space in Optuna's words. Imports nothing of Optuna's samplers or storages."""

from __future__ import annotations

from collections.abc import Mapping

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from packtune.models.configuration import Value
from packtune.proposals.proposer import Suggestion
from packtune.space.domains import Choices, Dimension, FloatRange
from packtune.space.space import Space

# What a diverged trial is told: the worst merit there is, so that a sampler stays away from it.
WORST_MERIT = 0.0


def distribution_of(dimension: Dimension) -> BaseDistribution:
    """Give the distribution of a hyperparameter."""
    domain = dimension.domain
    if isinstance(domain, Choices):
        return CategoricalDistribution(domain.values)
    if isinstance(domain, FloatRange):
        return FloatDistribution(domain.low, domain.high, log=domain.log)
    return IntDistribution(domain.low, domain.high, log=domain.log)


def distributions_of(space: Space) -> dict[str, BaseDistribution]:
    """Give the distributions of all dimensions of a space, by their keys."""
    return {dimension.key: distribution_of(dimension) for dimension in space.dimensions}


def open_trial(suggestion: Suggestion, distributions: Mapping[str, BaseDistribution], state: TrialState) -> FrozenTrial:
    """Make the template of an open trial with all its values.

    Args:
        distributions: by the keys of the dimensions.
        state: RUNNING, or WAITING for its training to begin.
    """
    return create_trial(
        state=state,
        params=dict(suggestion.values),
        distributions={name: distributions[name] for name in suggestion.values},
        system_attrs=dict(suggestion.attributes),
    )


def closed_trial(suggestion: Suggestion, distributions: Mapping[str, BaseDistribution], merit: float) -> FrozenTrial:
    """Make a COMPLETE trial with all its values."""
    return create_trial(
        state=TrialState.COMPLETE,
        value=merit,
        params=dict(suggestion.values),
        distributions={name: distributions[name] for name in suggestion.values},
    )


def suggestion_of(trial: FrozenTrial) -> Suggestion:
    """Give the values of a trial, and what its sampler noted."""
    return Suggestion(values=dict(trial.params), attributes=dict(trial.system_attrs))


def suggest_value(trial: Trial, dimension: Dimension) -> Value:
    """Ask the sampler of a trial for the value of one hyperparameter."""
    name, domain = dimension.key, dimension.domain
    if isinstance(domain, Choices):
        value = trial.suggest_categorical(name, domain.values)
        assert value is not None  # Optuna allows it as a choice, a space does not
        return value
    if isinstance(domain, FloatRange):
        return trial.suggest_float(name, domain.low, domain.high, log=domain.log)
    return trial.suggest_int(name, domain.low, domain.high, log=domain.log)


def quiet_optuna() -> None:
    """Keep Optuna from logging each study and each trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
