"""What Optuna keeps of a trial, read as a record of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from optuna.trial import FrozenTrial

from packtune.errors import RunError
from packtune.models.configuration import Configuration
from packtune.models.training.metrics.catalog import Metric
from packtune.proposals.catalog import count_listed
from packtune.proposals.from_optuna.space import suggestion_of
from packtune.proposals.given import NOTHING, Given
from packtune.proposals.proposer import TRIED, Suggestion
from packtune.settings import SearchPlan
from packtune.space.space import Space
from packtune.trial import Outcome, Proposal, TrialRecord, TrialState

OUTCOME = "outcome"
ENQUEUED = "fixed_params"
"""Optuna's mark of a trial that `enqueue_trial` has added."""

SeedOf = Callable[[int], int]
"""Gives the seed of a trial's initial weights, 0 to 2**32 - 1, by the number of the trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReader:
    """Reads the trials of one study.

    Attributes:
        study: its name, for errors.
        seed_of: gives the seed of the initial weights of a trial, by its number.
        metric: of the scores.
    """

    study: str
    space: Space
    seed_of: SeedOf
    metric: Metric = Metric.ACCURACY

    def proposal(self, number: int, suggestion: Suggestion) -> Proposal:
        """Give the proposal of a trial.

        Raises:
            RunError: the values are damaged.
        """
        with self.naming_damage(number):
            configuration = self._configuration_of(suggestion)
            return Proposal(number=number, configuration=configuration, seed=self.seed_of(number))

    def record(self, trial: FrozenTrial) -> TrialRecord:
        """Give the record of a trial.

        Raises:
            RunError: the trial is damaged.
        """
        with self.naming_damage(trial.number):
            suggestion, outcome = suggestion_of(trial), _outcome_of(trial)
        proposal = self.proposal(trial.number, suggestion)
        if outcome is not None and outcome.validation is not None and outcome.metric is not self.metric:
            raise RunError(
                f"trial {trial.number} of the study {self.study!r} was scored by {outcome.metric}, and not "
                f"{self.metric}, as the settings say: correct the metric there"
            )
        return TrialRecord(
            proposal=proposal, state=outcome.state if outcome else TrialState[trial.state.name], outcome=outcome
        )

    def is_foreign(self, trial: FrozenTrial) -> bool:
        """Tell whether another program added a trial: one of ours has all its values from the beginning, and no other.

        One with an outcome is ours.
        """
        if OUTCOME in trial.user_attrs or TRIED in trial.system_attrs:
            return False
        if ENQUEUED in trial.system_attrs or not set(trial.params) <= {d.key for d in self.space.dimensions}:
            return True
        try:
            self.space.choose(lambda dimension: trial.params[dimension.key])
        except KeyError:
            return True
        return False

    def _configuration_of(self, suggestion: Suggestion) -> Configuration:
        tried = suggestion.attributes.get(TRIED)
        if tried is None:
            return self.space.configuration_of(suggestion.values)
        if not isinstance(tried, dict):
            raise TypeError("no values of a configuration")
        return Configuration.from_dict(tried)

    @contextmanager
    def naming_damage(self, number: int) -> Iterator[None]:
        """Name the trial whose content makes a block fail.

        Raises:
            RunError: the block failed as it does with damaged content.
        """
        try:
            yield
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise RunError(
                f"trial {number} of the study {self.study!r} is damaged ({type(error).__name__}: {error}): restore the "
                "study from a copy"
            ) from error


def explored_seeds(space: Space, plan: SearchPlan, given: Given = NOTHING) -> SeedOf:
    """Give the seeds of the trials of exploration.

    A listed space is tried from the start again when all of its configurations were tried: these are replicates.

    Args:
        given: tells which trials are none of the sampler's.
    """
    n_listed = count_listed(plan.sampler, space)

    def seed_of(number: int) -> int:
        place = 0 if given.tried_from(number) else number - given.tried_before(number)
        return plan.protocol.trial_seed(plan.seed, number, place // n_listed if n_listed else 0)

    return seed_of


def _outcome_of(trial: FrozenTrial) -> Outcome | None:
    """Read the outcome of a trial; none while it is open.

    Raises:
        KeyError, TypeError, ValueError, IndexError: it is damaged.
    """
    if OUTCOME not in trial.user_attrs and not trial.state.is_finished():
        return None
    return Outcome.from_json(trial.user_attrs[OUTCOME])
