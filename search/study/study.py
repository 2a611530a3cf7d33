"""The study: Optuna's record of every trial, the only truth about a search. Written by one process."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from packtune.errors import RunError
from packtune.models.configuration import Configuration
from packtune.proposals.encoding import Encoding, Floats, Region
from packtune.proposals.history import History
from packtune.proposals.packing import shape_ranges
from packtune.proposals.samplers import SAMPLERS, make_sampler
from packtune.proposals.tpe import PackPlan
from packtune.seeds import sampler_seed
from packtune.settings import SearchPlan
from packtune.space.space import Choices, Dimension, FloatRange, Space, Value
from packtune.study.storage import Storage, check_written, write_at_once
from packtune.trial import Outcome, Pack, Proposal, TrialRecord, TrialState

OUTCOME = "outcome"
WINDOW = "window:"
PARTS = "parts:"
REPEATED = "repeated:"
RUN_ID = "run_id"
# What a diverged trial is told: the worst accuracy there is, so that the sampler learns to stay away.
WORST_ACCURACY = 0.0


class SearchStudy:
    """One search's study.

    A trial's life: `ask` or `ask_pack` opens it; `assign` notes the packs of a whole window of trials at once;
    `record` keeps its outcome durably as soon as it is known; `tell` closes it, which is what the sampler learns from.
    `requeue` marks what a stopped search leaves open as waiting to be trained again.
    """

    def __init__(self, study: optuna.Study, space: Space, plan: SearchPlan) -> None:
        self._protocol = plan.protocol
        self._study = study
        self._storage = study._storage
        self._space = space
        self._sampler = plan.sampler
        self._search_seed = plan.seed
        self._listed = len(space.enumerate()) if plan.sampler == "grid" else None
        self._distributions = {dimension.name: distribution_of(dimension) for dimension in space.dimensions}
        self._encoding = Encoding(space)
        self._history = History(len(self._encoding.columns))
        self._ids: list[int] = []
        self._told: set[int] = set()
        self._read()

    def _read(self) -> None:
        """Take in the trials that the study has already."""
        for trial in self._study.get_trials(deepcopy=False):
            self._ids.append(trial._trial_id)
            if trial.state.is_finished():
                self._told.add(trial.number)
            if self._proposes_packs:
                self._learn(trial)

    def _learn(self, trial: optuna.trial.FrozenTrial) -> None:
        with self._naming_damage(trial):
            self._history.add(self._encoding.encode(trial.params))
            if trial.state.is_finished():
                self._history.tell(trial.number, Outcome.from_json(trial.user_attrs[OUTCOME]))

    @property
    def _proposes_packs(self) -> bool:
        return SAMPLERS[self._sampler].propose is not None

    def claim(self, run_id: str) -> None:
        """Note which run the study belongs to, once.

        Raises:
            RunError: it belongs to another run.
        """
        known = self._study.user_attrs.get(RUN_ID)
        if known is None and run_id and not self._ids:
            self._study.set_user_attr(RUN_ID, run_id)
        else:
            self.check_owner(run_id)

    def check_owner(self, run_id: str) -> None:
        """Make sure that the study belongs to a run.

        Raises:
            RunError: it belongs to another run.
        """
        known = self._study.user_attrs.get(RUN_ID)
        # A study without an id has just been made, or is of a run from before runs had one.
        is_own = known == run_id or (known is None and not (run_id and self._ids))
        if not is_own:
            raise RunError(
                f"the study named {self._study.study_name!r} in this storage belongs to another run: start a new run "
                "under another --name"
            )

    def batch(self) -> AbstractContextManager[None]:
        """Make what is written within durable at its end, and at once: after a crash some first part of it is left."""
        return write_at_once(self._storage)

    def check_written(self) -> None:
        """Make sure that all that is known of the study is durable.

        Raises:
            RunError: something could not be written.
        """
        check_written(self._storage)

    def ask(self, number: int) -> Proposal:
        """Open trial `number` and propose its configuration; one that is open already keeps it."""
        if self._proposes_packs:
            return self.ask_pack(number, pack=number, members=lambda _: 1)[0]
        known = self._known_proposal(number)
        if known is not None:
            return known
        seed = sampler_seed(self._search_seed, trial=number)
        self._study.sampler = make_sampler(self._sampler, self._space, seed=seed, search_seed=self._search_seed)
        if number == len(self._ids):
            self._open(number, None)
        # Samplers look at trials that the study keeps at hand, and forgets in an `ask` of its own.
        self._study._thread_local.cached_all_trials = None
        trial = optuna.Trial(self._study, self._ids[number])
        # A crash may have left it with some of its values. The draws depend on each other: all are made again.
        blank = copy.copy(trial._cached_frozen_trial)
        blank.params, blank.distributions = {}, {}
        trial._cached_frozen_trial = blank
        return self._proposal(number, self._space.propose(lambda dimension: self._suggest(trial, dimension)))

    def ask_pack(self, first: int, *, pack: int, members: Callable[[Configuration], int]) -> list[Proposal]:
        """Open the trials from number `first` on and propose the configurations of one pack.

        They depend on what was told and on the trials below `first`, and on nothing that came later. Trials that are
        open already keep the values they have; a search that goes on where it stopped proposes the same ones.

        Args:
            pack: number of the pack.
            members: how many it should have, from the configuration of its first.
        """
        propose = SAMPLERS[self._sampler].propose
        assert propose is not None
        plan = PackPlan(
            seed=self._search_seed,
            number=pack,
            first=first,
            members=lambda row: members(self._configuration(self._encoding.decode(row))),
            shape=self._region,
        )
        rows = propose(self._encoding, self._history, plan)
        return [self.open_with(first + i, self._encoding.decode(row)) for i, row in enumerate(rows)]

    def ask_again(self, number: int, repeated: int) -> Proposal:
        """Open trial `number` with the configuration of the trial `repeated`, from a fresh seed."""
        return self.open_with(number, self._storage.get_trial(self._ids[repeated]).params)

    def repeat(self, trials: Sequence[int]) -> None:
        """Note that after the trials there are, the configurations of these are to be tried again, in this order."""
        self._study.set_user_attr(f"{REPEATED}{len(self._ids)}", list(trials))

    def repeated(self) -> dict[int, list[int]]:
        """List the trials whose configurations are to be tried again, by the number of the first that does so."""
        return {
            int(key.removeprefix(REPEATED)): list(trials)
            for key, trials in self._study.user_attrs.items()
            if key.startswith(REPEATED)
        }

    def _known_proposal(self, number: int) -> Proposal | None:
        """Give the proposal of a trial that is open with all its values."""
        if number >= len(self._ids):
            return None
        try:
            return self._proposal(number, self._configuration(self._storage.get_trial(self._ids[number]).params))
        except LookupError:
            return None

    def open_with(self, number: int, values: Mapping[str, Value]) -> Proposal:
        """Open a trial with all its values in one record; one that is open already keeps those it has."""
        if number < len(self._ids):
            values = self._storage.get_trial(self._ids[number]).params
        else:
            distributions = {name: self._distributions[name] for name in values}
            running = optuna.trial.TrialState.RUNNING
            self._open(
                number, optuna.trial.create_trial(state=running, params=dict(values), distributions=distributions)
            )
            if self._proposes_packs:
                self._history.add(self._encoding.encode(values))
        return self._proposal(number, self._configuration(values))

    def _open(self, number: int, template: optuna.trial.FrozenTrial | None) -> None:
        trial_id = self._storage.create_new_trial(self._study._study_id, template)
        given = self._storage.get_trial_number_from_id(trial_id)
        if given != number:
            raise RunError(
                f"trial {number} was to be next, but the study gave {given}: another process writes to it. "
                "Stop that one, then resume"
            )
        self._ids.append(trial_id)

    def _configuration(self, values: Mapping[str, Value]) -> Configuration:
        return self._space.propose(lambda dimension: values[dimension.name])

    def _region(self, row: Floats) -> Region:
        """Give the region in which the other members of a pack lie, from the row of its first."""
        values = self._encoding.decode(row)
        ranges = shape_ranges(self._configuration(values))
        return self._encoding.region({name: span for name, span in ranges.items() if name in values})

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
            listed = [trial for pack in numbers for trial in pack]
            if len(set(listed)) < len(listed) or min(listed, default=0) < 0:
                raise ValueError("a trial is in two packs")
            return [Pack(number=n, proposals=tuple(proposals[t] for t in pack)) for n, pack in enumerate(numbers)]
        except (TypeError, ValueError, IndexError) as error:
            raise self._damaged("packs", error) from error

    def split(self, pack: Pack, parts: Sequence[Pack]) -> None:
        """Note that a pack is trained in these parts from now on."""
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
        self._storage.set_trial_user_attr(self._ids[number], OUTCOME, outcome.to_json())

    def tell(self, number: int, outcome: Outcome) -> None:
        """Close a trial: COMPLETE with its accuracy, PRUNED at its epoch, FAIL; diverged ones with the worst value.

        One that is closed already stays as it is.
        """
        if number in self._told:
            return
        match outcome.state:
            case TrialState.FAIL:
                self._close(number, optuna.trial.TrialState.FAIL)
            case TrialState.DIVERGED:
                self._close(number, optuna.trial.TrialState.COMPLETE, WORST_ACCURACY)
            case TrialState.PRUNED:
                self._report(number, outcome)
                # As Optuna does it: a pruned trial's value is the last one that was reported.
                self._close(number, optuna.trial.TrialState.PRUNED, outcome.curve[-1][1] if outcome.curve else None)
            case _:
                self._report(number, outcome)
                assert outcome.validation is not None
                self._close(number, optuna.trial.TrialState.COMPLETE, outcome.validation.joint)
        if self._proposes_packs:
            self._history.tell(number, outcome)

    def _close(self, number: int, state: optuna.trial.TrialState, value: float | None = None) -> None:
        values = None if value is None else [value]
        self._storage.set_trial_state_values(self._ids[number], state, values)
        self._told.add(number)

    def _report(self, number: int, outcome: Outcome) -> None:
        reported = self._storage.get_trial(self._ids[number]).intermediate_values
        for epoch, accuracy in outcome.curve:
            if epoch not in reported:
                self._storage.set_trial_intermediate_value(self._ids[number], epoch, accuracy)

    def requeue(self) -> None:
        """Mark every open trial as waiting: it will be trained, or told, when the search is resumed."""
        self._move(optuna.trial.TrialState.RUNNING, optuna.trial.TrialState.WAITING)

    def reopen(self) -> None:
        """Mark the waiting trials as running again, as they were when the search stopped."""
        self._move(optuna.trial.TrialState.WAITING, optuna.trial.TrialState.RUNNING)

    def _move(self, before: optuna.trial.TrialState, after: optuna.trial.TrialState) -> None:
        with self.batch():
            for trial in self._study.get_trials(deepcopy=False, states=(before,)):
                self._storage.set_trial_state_values(trial._trial_id, after)

    def records(self) -> list[TrialRecord]:
        """List all trials by number."""
        return [self._record(trial) for trial in self._study.get_trials(deepcopy=False)]

    def told_trials(self) -> set[int]:
        """List the numbers of the trials that have been told."""
        return set(self._told)

    def _record(self, trial: optuna.trial.FrozenTrial) -> TrialRecord:
        with self._naming_damage(trial):
            configuration = self._space.propose(lambda dimension: trial.params.get(dimension.name, _first(dimension)))
            outcome = Outcome.from_json(trial.user_attrs[OUTCOME]) if OUTCOME in trial.user_attrs else None
            if outcome is not None and outcome.state in (TrialState.WAITING, TrialState.RUNNING):
                raise ValueError(f"an outcome that is still {outcome.state}")
        state = outcome.state if outcome else TrialState[trial.state.name]
        return TrialRecord(proposal=self._proposal(trial.number, configuration), state=state, outcome=outcome)

    @contextmanager
    def _naming_damage(self, trial: optuna.trial.FrozenTrial) -> Iterator[None]:
        try:
            yield
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise RunError(
                f"trial {trial.number} of the study {self._study.study_name!r} is damaged "
                f"({type(error).__name__}: {error}): restore the study from a copy"
            ) from error

    def _suggest(self, trial: optuna.Trial, dimension: Dimension) -> Value:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return trial._suggest(dimension.name, self._distributions[dimension.name])

    def _proposal(self, number: int, configuration: Configuration) -> Proposal:
        replicate = number // self._listed if self._listed else 0
        seed = self._protocol.trial_seed(self._search_seed, number, replicate)
        return Proposal(number=number, configuration=configuration, seed=seed)


def create_study(storage: Storage, name: str, space: Space, plan: SearchPlan) -> SearchStudy:
    """Create the study of a new run.

    Raises:
        RunError: the storage has a study of that name.
    """
    try:
        study = optuna.create_study(storage=storage, study_name=name, direction="maximize", sampler=_no_sampler())
    except optuna.exceptions.DuplicatedStudyError as error:
        raise RunError(
            f"the storage has a study named {name!r} already: choose another --name, or resume the run that it "
            "belongs to"
        ) from error
    return SearchStudy(study, space, plan)


def load_study(storage: Storage, name: str, space: Space, plan: SearchPlan) -> SearchStudy:
    """Open the study of an existing run.

    Raises:
        RunError: the storage has no study of that name.
    """
    try:
        study = optuna.load_study(storage=storage, study_name=name, sampler=_no_sampler())
    except KeyError as error:
        raise RunError(f"the storage has no study named {name!r}: was it moved or deleted?") from error
    return SearchStudy(study, space, plan)


def has_study(storage: Storage, name: str) -> bool:
    """Tell whether the storage has a study of that name."""
    return name in optuna.get_all_study_names(storage)


def _no_sampler() -> optuna.samplers.BaseSampler:
    # Each proposal brings its own, if any (see SearchStudy.ask); this one only keeps Optuna from making a TPE.
    return optuna.samplers.RandomSampler(seed=0)


def distribution_of(dimension: Dimension) -> BaseDistribution:
    """Say to Optuna what may be proposed."""
    domain = dimension.domain
    if isinstance(domain, Choices):
        return CategoricalDistribution(domain.values)
    if isinstance(domain, FloatRange):
        return FloatDistribution(domain.low, domain.high, log=domain.log)
    return IntDistribution(domain.low, domain.high, log=domain.log)


def _first(dimension: Dimension) -> Value:
    """Stand in for a value that a trial opened in a crash never got."""
    return dimension.domain.bounds()[0]
