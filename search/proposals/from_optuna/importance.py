"""How much each hyperparameter matters, by Optuna's PED-ANOVA evaluator."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import Study

from packtune.models.configuration import Value
from packtune.proposals.from_optuna.space import closed_trial, distributions_of, quiet_optuna
from packtune.proposals.proposer import Suggestion
from packtune.space.space import Space

BEST_SHARE = 0.1
"""Of the trials: a hyperparameter matters if these have other values of it than all trials have."""
LEAST_BEST = 5
"""At least so many trials are held for the best, as Optuna advises; with fewer, chance decides."""
LEAST_TRIALS = 4 * LEAST_BEST
"""Of fewer trials nothing is said."""
MOST_TRIALS = 1000
"""Of more trials as many are taken, evenly from first to last: more would change little, and take long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedValues:
    """The values of a trial, and how good it was.

    Attributes:
        values: by the keys of the dimensions; those that apply.
        merit: 0 to 1, larger is better; 0 of a trial that diverged or failed.
    """

    values: Mapping[str, Value]
    merit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """How much a dimension matters.

    Attributes:
        key: of the dimension.
        trials: in which it applies.
        share: of all that the dimensions explain that apply in each of these trials, 0 to 1.
    """

    key: str
    trials: int
    share: float


def judge_importance(space: Space, tried: Sequence[TriedValues]) -> list[Importance]:
    """Judge how much each dimension matters for being among the best tenth of the trials (at least five).

    PED-ANOVA (Watanabe, Bansal and Hutter 2023) compares the values of a dimension in the best trials with those in all
    trials. A dimension with a condition is judged by the trials in which it holds, against the dimensions that apply in
    each of them: where a network has no convolutions, the number of their filters explains nothing. Of more than 1,000
    trials 1,000 are judged.

    Args:
        tried: of the space, by the number of the trial.

    Returns:
        The dimensions that were open in at least 20 trials, the most important first; equal ones in the order of the
        space.
    """
    found = [each for keys, trials in _groups(space, tried) for each in _judge(space, keys, trials)]
    return sorted(found, key=lambda each: -each.share)


def _groups(space: Space, tried: Sequence[TriedValues]) -> Iterator[tuple[list[str], list[TriedValues]]]:
    """Give the dimensions that apply in the same trials together, with these trials."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for dimension in space.dimensions:
        members = tuple(number for number, each in enumerate(tried) if dimension.key in each.values)
        groups.setdefault(members, []).append(dimension.key)
    for numbers, keys in groups.items():
        if len(numbers) >= LEAST_TRIALS:
            yield keys, [tried[number] for number in numbers]


def _evenly(trials: Sequence[TriedValues]) -> Sequence[TriedValues]:
    n = min(len(trials), MOST_TRIALS)
    return [trials[place * len(trials) // n] for place in range(n)]


def _judge(space: Space, keys: Sequence[str], trials: Sequence[TriedValues]) -> Iterator[Importance]:
    shared = set.intersection(*(set(each.values) for each in trials))
    open_ones = {key for key, each in distributions_of(space).items() if not each.single()}
    if open_ones.isdisjoint(keys):
        return
    shares = _shares(space, sorted(open_ones & shared), _evenly(trials))
    for key in keys:
        if key in shares:
            yield Importance(key=key, trials=len(trials), share=shares[key] if math.isfinite(shares[key]) else 0.0)


def _shares(space: Space, keys: Sequence[str], trials: Sequence[TriedValues]) -> Mapping[str, float]:
    evaluator = PedAnovaImportanceEvaluator(target_quantile=max(BEST_SHARE, LEAST_BEST / len(trials)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few trials, which the caller sees
        return get_param_importances(_study_of(space, keys, trials), evaluator=evaluator, params=list(keys))


def _study_of(space: Space, keys: Sequence[str], trials: Sequence[TriedValues]) -> Study:
    """Make a study in memory of some dimensions of these trials."""
    quiet_optuna()
    distributions = distributions_of(space)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study = optuna.create_study(direction="maximize")
        for each in trials:
            suggestion = Suggestion(values={key: each.values[key] for key in keys})
            study.add_trial(closed_trial(suggestion, distributions, each.merit))
    return study
