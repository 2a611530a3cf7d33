"""The study: Optuna's record of every trial, the only truth about a search. Written by one process."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from models.configuration import Configuration
from search.errors import RunError
from search.protocol import Protocol
from search.samplers import make_sampler
from search.seeds import sampler_seed
from search.space import Choices, Dimension, FloatRange, Space, Value
from search.storage import Storage
from search.trial import Outcome, Pack, Proposal, TrialRecord, TrialState

OUTCOME = "outcome"
WINDOW = "window:"
PARTS = "parts:"
REPEATED = "repeated:"
# What a diverged trial is told: the worst accuracy there is, so that the sampler learns to stay away.
WORST_ACCURACY = 0.0


class SearchStudy:
    """One search's study.

    A trial's life: `ask` opens it; `assign` notes the packs of a whole window of trials at once; `record` keeps
    its outcome durably as soon as it is known; `tell` closes it, which is what the sampler learns from. `requeue`
    marks what a stopped search leaves open as waiting to be trained again.
    """

    def __init__(
        self, study: optuna.Study, *, space: Space, sampler: str, search_seed: int, protocol: Protocol = Protocol.SEARCH
    ) -> None:
        self._protocol = protocol
        self._study = study
        self._space = space
        self._sampler = sampler
        self._search_seed = search_seed
        self._listed = len(space.enumerate()) if sampler == "grid" else None

    def ask(self, number: int, fixed: Mapping[str, Value] | None = None) -> Proposal:
        """Open trial `number` and propose its configuration; one that is open already keeps it.

        Args:
            fixed: values that the configuration must have where they apply.
        """
        known = self._known_proposal(number)
        if known is not None:
            return known
        seed = sampler_seed(self._search_seed, trial=number)
        self._study.sampler = make_sampler(
            self._sampler, self._space, seed=seed, search_seed=self._search_seed, fixed=fixed
        )
        trial = self._open(number)
        configuration = self._space.propose(lambda dimension: _suggest(trial, dimension))
        return self._proposal(number, configuration)

    def ask_again(self, number: int, repeated: int) -> Proposal:
        """Open trial `number` with the configuration of the trial `repeated`, from a fresh seed."""
        return self.ask(number, self._study.get_trials(deepcopy=False)[repeated].params)

    def repeat(self, trials: Sequence[int]) -> None:
        """Note that after the trials there are, the configurations of these are to be tried again, in this order."""
        self._study.set_user_attr(f"{REPEATED}{len(self._study.get_trials(deepcopy=False))}", list(trials))

    def repeated(self, first: int) -> list[int]:
        """List the trials whose configurations the trials from number `first` on are to try again."""
        ranges = {
            int(key.removeprefix(REPEATED)): list(trials)
            for key, trials in self._study.user_attrs.items()
            if key.startswith(REPEATED)
        }
        return next((t[first - start :] for start, t in ranges.items() if start <= first < start + len(t)), [])

    def _known_proposal(self, number: int) -> Proposal | None:
        """Give the proposal of a trial that is open with all its values."""
        trials = self._study.get_trials(deepcopy=False)
        try:
            params = trials[number].params
            return self._proposal(number, self._space.propose(lambda dimension: params[dimension.name]))
        except LookupError:
            return None

    def _open(self, number: int) -> optuna.Trial:
        trials = self._study.get_trials(deepcopy=False)
        if number < len(trials):
            # A crash left it with some of its values. The draws depend on each other: all are made again.
            trial = optuna.Trial(self._study, trials[number]._trial_id)
            blank = copy.copy(trial._cached_frozen_trial)
            blank.params, blank.distributions = {}, {}
            trial._cached_frozen_trial = blank
            return trial
        trial = self._study.ask()
        if trial.number != number:
            raise RunError(
                f"trial {number} was to be next, but the study gave {trial.number}: another process writes to it. "
                "Stop that one, then resume"
            )
        return trial

    def assign(self, first: int, packs: Sequence[Sequence[int]]) -> None:
        """Note how the trials from number `first` on were grouped into packs: one durable record for all."""
        self._study.set_user_attr(f"{WINDOW}{first}", [list(pack) for pack in packs])

    def packs(self) -> list[Pack]:
        """List the packs assigned so far, in order.

        Raises:
            RunError: the study is damaged.
        """
        proposals = [record.proposal for record in self.records()]
        try:
            windows = sorted(
                (int(key.removeprefix(WINDOW)), packs)
                for key, packs in self._study.user_attrs.items()
                if key.startswith(WINDOW)
            )
            numbers = [pack for _, packs in windows for pack in packs]
            return [Pack(number=n, proposals=tuple(proposals[t] for t in pack)) for n, pack in enumerate(numbers)]
        except (TypeError, ValueError, IndexError) as error:
            raise self._damaged("packs", error) from error

    def split(self, pack: Pack, parts: Sequence[Pack]) -> None:
        """Note that a pack whose training failed is trained in these parts from now on."""
        self._study.set_user_attr(f"{PARTS}{pack.number}", [list(part.trials) for part in parts])

    def parts(self, pack: Pack) -> list[Pack]:
        """List the parts that a pack is trained in: only itself, unless it was split.

        Raises:
            RunError: the study is damaged.
        """
        proposals = dict(zip(pack.trials, pack.proposals, strict=True))
        try:
            noted = [tuple(part) for part in self._study.user_attrs.get(f"{PARTS}{pack.number}", [pack.trials])]
            if [trial for part in noted for trial in part] != list(pack.trials) or not all(noted):
                raise ValueError(f"not the trials of pack {pack.number}")
            return [Pack(number=pack.number, proposals=tuple(proposals[t] for t in part)) for part in noted]
        except (TypeError, ValueError, KeyError) as error:
            raise self._damaged("parts of packs", error) from error

    def _damaged(self, what: str, error: Exception) -> RunError:
        return RunError(
            f"the {what} of the study {self._study.study_name!r} are damaged ({error}): restore it from a copy"
        )

    def record(self, number: int, outcome: Outcome) -> None:
        """Keep a trial's outcome, before its turn to be told has come."""
        trial_id = self._study.get_trials(deepcopy=False)[number]._trial_id
        self._study._storage.set_trial_user_attr(trial_id, OUTCOME, outcome.to_json())

    def tell(self, number: int, outcome: Outcome) -> None:
        """Close a trial: COMPLETE with its accuracy, PRUNED at its epoch, FAIL; diverged ones with the worst value.

        One that is closed already stays as it is.
        """
        frozen = self._study.get_trials(deepcopy=False)[number]
        if frozen.state.is_finished():
            return
        match outcome.state:
            case TrialState.FAIL:
                self._study.tell(number, state=optuna.trial.TrialState.FAIL)
            case TrialState.DIVERGED:
                self._study.tell(number, WORST_ACCURACY)
            case TrialState.PRUNED:
                self._report(frozen, outcome)
                self._study.tell(number, state=optuna.trial.TrialState.PRUNED)
            case _:
                self._report(frozen, outcome)
                assert outcome.validation is not None
                self._study.tell(number, outcome.validation.joint)

    def _report(self, trial: optuna.trial.FrozenTrial, outcome: Outcome) -> None:
        for epoch, accuracy in outcome.curve:
            if epoch not in trial.intermediate_values:
                self._study._storage.set_trial_intermediate_value(trial._trial_id, epoch, accuracy)

    def requeue(self) -> None:
        """Mark every open trial as waiting: it will be trained, or told, when the search is resumed."""
        for trial in self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            self._study._storage.set_trial_state_values(trial._trial_id, optuna.trial.TrialState.WAITING)

    def reopen(self) -> None:
        """Mark the waiting trials as running again, as they were when the search stopped."""
        for trial in self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,)):
            self._study._storage.set_trial_state_values(trial._trial_id, optuna.trial.TrialState.RUNNING)

    def records(self) -> list[TrialRecord]:
        """List all trials by number."""
        return [self._record(trial) for trial in self._study.get_trials(deepcopy=False)]

    def told_trials(self) -> set[int]:
        """List the numbers of the trials that have been told."""
        return {trial.number for trial in self._study.get_trials(deepcopy=False) if trial.state.is_finished()}

    def _record(self, trial: optuna.trial.FrozenTrial) -> TrialRecord:
        try:
            configuration = self._space.propose(lambda dimension: trial.params.get(dimension.name, _first(dimension)))
            outcome = Outcome.from_json(trial.user_attrs[OUTCOME]) if OUTCOME in trial.user_attrs else None
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise RunError(
                f"trial {trial.number} of the study {self._study.study_name!r} is damaged "
                f"({type(error).__name__}: {error}): restore the study from a copy"
            ) from error
        state = outcome.state if outcome else TrialState[trial.state.name]
        return TrialRecord(proposal=self._proposal(trial.number, configuration), state=state, outcome=outcome)

    def _proposal(self, number: int, configuration: Configuration) -> Proposal:
        replicate = number // self._listed if self._listed else 0
        seed = self._protocol.trial_seed(self._search_seed, number, replicate)
        return Proposal(number=number, configuration=configuration, seed=seed)


def create_study(
    storage: Storage,
    name: str,
    *,
    space: Space,
    sampler: str,
    search_seed: int,
    protocol: Protocol = Protocol.SEARCH,
) -> SearchStudy:
    """Create the study of a new run.

    Raises:
        RunError: the storage has a study of that name.
    """
    try:
        study = optuna.create_study(storage=storage, study_name=name, direction="maximize", sampler=_no_sampler())
    except optuna.exceptions.DuplicatedStudyError as error:
        raise RunError(
            f"the storage has a study named {name!r} already: choose another --name, or `packtune resume {name}`"
        ) from error
    return SearchStudy(study, space=space, sampler=sampler, search_seed=search_seed, protocol=protocol)


def load_study(
    storage: Storage,
    name: str,
    *,
    space: Space,
    sampler: str,
    search_seed: int,
    protocol: Protocol = Protocol.SEARCH,
) -> SearchStudy:
    """Open the study of an existing run.

    Raises:
        RunError: the storage has no study of that name.
    """
    try:
        study = optuna.load_study(storage=storage, study_name=name, sampler=_no_sampler())
    except KeyError as error:
        raise RunError(f"the storage has no study named {name!r}: was it moved or deleted?") from error
    return SearchStudy(study, space=space, sampler=sampler, search_seed=search_seed, protocol=protocol)


def has_study(storage: Storage, name: str) -> bool:
    """Tell whether the storage has a study of that name."""
    return name in optuna.get_all_study_names(storage)


def _no_sampler() -> optuna.samplers.BaseSampler:
    # Each proposal brings its own (see SearchStudy.ask); this one only keeps Optuna from making a TPE.
    return optuna.samplers.RandomSampler(seed=0)


def _suggest(trial: optuna.Trial, dimension: Dimension) -> Value:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return trial._suggest(dimension.name, _distribution(dimension))


def _distribution(dimension: Dimension) -> BaseDistribution:
    domain = dimension.domain
    if isinstance(domain, Choices):
        return CategoricalDistribution(domain.values)
    if isinstance(domain, FloatRange):
        return FloatDistribution(domain.low, domain.high, log=domain.log)
    return IntDistribution(domain.low, domain.high, log=domain.log)


def _first(dimension: Dimension) -> Value:
    """Stand in for a value that a trial opened in a crash never got."""
    return dimension.domain.bounds()[0]
