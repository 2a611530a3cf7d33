"""Confirmation of a run: its study, the dispatchers of its stages, and what it found."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from packtune.confirmation.course import Course
from packtune.confirmation.finalists import Candidate, candidates_of, epochs_of
from packtune.confirmation.judgement import Rules
from packtune.confirmation.layout import Block, Layout
from packtune.confirmation.proposer import FinalistsProposer
from packtune.confirmation.sizes import SHARE, choose_sizes, least_sizes
from packtune.confirmation.verdict import Verdict, verdict_of
from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.standing import Kind, Later, StageName
from packtune.dispatch.task_maker import PackSeeds, Stage
from packtune.models.configuration import Configuration
from packtune.proposals.packing import plainest_of
from packtune.proposals.proposer import Capacity
from packtune.run.folder import Run
from packtune.run.model_keeper import ModelKeeper
from packtune.run.network.sizes import cost_of_trial, parameters_of
from packtune.seeds import fresh_seeds
from packtune.settings import SearchPlan, SettledPlan
from packtune.study.storage import Storage
from packtune.study.study import CONFIRMED, SearchStudy, create_study, has_study, load_study
from packtune.trial import Outcome, Pack, TrialRecord

NO_MODEL = 2.0
"""No merit is higher: the networks of selection are not sent back."""
ANY_MODEL = -1.0
"""Every merit is higher: each network of the report is sent back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What is confirmed, and how; the same for the same outcomes of exploration."""

    plan: SearchPlan
    study: str
    finalists: tuple[Candidate, ...]
    layout: Layout

    def course(self, outcomes: Mapping[int, Outcome]) -> Course:
        """Give how far it is.

        Args:
            outcomes: of its trainings, by number.
        """
        data = self.plan.description
        parameters = [parameters_of(self.plan, each) for each in self.finalists]
        rules = Rules(
            images=data.n_validation,
            resampled=data.resamples,
            overlap=data.n_validation / (data.n_train + data.n_validation),
            prefer=self.plan.prefer,
            metric=self.plan.metric,
        )
        sealed = {number: outcome.sealed() for number, outcome in outcomes.items()}
        return Course(self.finalists, parameters, self.layout, rules, sealed)

    def verdict(self, outcomes: Mapping[int, Outcome]) -> Verdict | None:
        """Give what it found; none before the first round of selection is done."""
        return verdict_of(self.course(outcomes), outcomes, test_images=self.plan.description.n_test)

    def seed_of(self, number: int) -> int:
        """Give the seed of the initial weights of a training."""
        return seeds_of_repeat(self.plan, self.layout.repeat(number))[0]

    def seeds_of(self, pack: Pack) -> PackSeeds:
        """Give the seeds that a pack of trainings shares: all of its members are of one repeat."""
        return seeds_of_repeat(self.plan, self.layout.repeat(pack.trials[0]))[1]


def seeds_of_repeat(plan: SearchPlan, repeat: int) -> tuple[int, PackSeeds]:
    """Give the seed of the initial weights of a repeat, and those that its packs share."""
    seeds = fresh_seeds(plan.seed, repeat)
    resampling = seeds.resampling if plan.description.resamples else None
    return seeds.weights, PackSeeds(batches=seeds.batches, resampling=resampling)


def confirmation_of(run: Run, records: Sequence[TrialRecord]) -> Confirmation | None:
    """Say how a run is confirmed; none if it is not, or has no complete trial.

    Args:
        records: of exploration. What is open does not count.
    """
    plan = run.settings.plan
    explored = [replace(r, outcome=r.outcome.sealed()) for r in records if r.outcome is not None]
    candidates = candidates_of(explored)
    if not plan.confirm or not candidates:
        return None
    costs = {each.proposal.number: cost_of_trial(plan, each) for each in explored}
    sizes = choose_sizes(
        costs=[costs[candidate.trial] for candidate in candidates],
        spent=math.fsum(costs[each.proposal.number] * epochs_of(each) / plan.epochs for each in explored),
        finalists=plan.finalists,
        replicates=plan.report_trainings,
    )
    design = "-".join([*(f"{each.finalists}x{each.repeats}" for each in sizes.rounds), str(sizes.replicates)])
    return Confirmation(
        plan=plan,
        # Another number of trials, or another rule for the sizes, makes another confirmation.
        study=f"{run.settings.name}{CONFIRMED}{len(explored)}-{design}",
        finalists=tuple(candidates[: sizes.finalists]),
        layout=Layout(sizes),
    )


class ConfirmingStages:
    """Makes the stages of a run's confirmation, one after another, once exploration has finished.

    Args:
        explored: the run's study.
        make: makes the dispatcher of a stage.
        say: told what each stage does.

    Attributes:
        study: of the trainings; none before the first stage.
        keeper: of the winner's network; none before the report.
        explore_further: called if the winner of selection does not have the score at which the search should stop:
            gives exploration's dispatcher again, or none if that has nothing to go on with.
    """

    def __init__(
        self,
        run: Run,
        plan: SettledPlan,
        explored: SearchStudy,
        storage: Storage,
        *,
        capacity: Capacity,
        make: Callable[[SearchStudy, SettledPlan, Stage], Dispatcher],
        say: Callable[[str], None],
    ) -> None:
        self.study: SearchStudy | None = None
        self.keeper: ModelKeeper | None = None
        self.explore_further: Callable[[], Dispatcher | None] = lambda: None
        self._run = run
        self._plan = plan
        self._explored = explored
        self._storage = storage
        self._capacity = capacity
        self._make = make
        self._say = say
        self._confirmation: Confirmation | None = None
        self._begun = -1
        self._likely: tuple[int, Configuration] | None = None

    def __call__(self) -> Dispatcher | None:
        """Give the dispatcher of the next stage; none if nothing is left to be trained, or nothing is confirmed."""
        if self._confirmation is None:
            self._confirmation = confirmation_of(self._run, self._explored.records())
            if self._confirmation is None:
                return None
        if self.study is None:
            self.study = open_confirmation(self._run, self._confirmation, self._storage)
        confirmation, study = self._confirmation, self.study
        course = confirmation.course(outcomes_of(study))
        block = course.block
        if block is None:
            return None
        is_report = block == confirmation.layout.report
        if is_report and (explorer := self._explore_further(confirmation.verdict(outcomes_of(study)))) is not None:
            return explorer
        finalists = [confirmation.finalists[index] for index in course.takes_part(block)]
        if is_report:
            self.keeper = ModelKeeper(self._run.folder.winner_model, finalists[0].configuration)
        self._begun = block.first
        if block.first == 0:
            self._say_what_is_missing(confirmation)
        self._say(_describe(confirmation, block, finalists))
        plan = replace(
            self._plan, trials=block.end, replicates=1, halving=False, lookahead=max(block.end, self._plan.lookahead)
        )
        return self._make(study, plan, self._stage(confirmation, block, finalists))

    def _explore_further(self, verdict: Verdict | None) -> Dispatcher | None:
        """Go back to exploration if the winner of selection does not have the score that was asked for."""
        plan, held = self._plan, None if verdict is None else verdict.held_score
        if held is None or plan.is_reached_by(held):
            return None
        explorer = self.explore_further()
        if explorer is not None:
            self._confirmation, self.study, self._begun = None, None, -1
            self._say(
                f"The winner of selection has a {plan.metric.in_words} of {held:.4f} over its fresh trainings, not "
                f"{plan.stop_at:g}: exploration goes on"
            )
        return explorer

    def later(self, best: int | None) -> Later:
        """Tell what the stages after the one at hand will train, as far as it is known.

        Args:
            best: the number of exploration's best trial so far.
        """
        plan = self._plan
        if not plan.confirm or best is None:
            return Later()
        if self._confirmation is None:
            if self._likely is None or self._likely[0] != best:
                self._likely = best, self._explored.trials.configuration(best)
            n = least_sizes(finalists=plan.finalists, replicates=plan.report_trainings).trainings
            return Later(trainings=(self._trainings(self._likely[1], n),), share=SHARE)
        further = [block for block in self._confirmation.layout if block.first > self._begun]
        n, winner = sum(each.finalists * each.repeats for each in further), self._confirmation.finalists[0]
        return Later(trainings=(self._trainings(winner.configuration, n),) if n else ())

    def _trainings(self, configuration: Configuration, n: int) -> tuple[Kind, int, float]:
        return (self._plan.description, plainest_of(configuration)), n, float(n * self._plan.epochs)

    def _say_what_is_missing(self, confirmation: Confirmation) -> None:
        wanted, found = confirmation.plan.finalists or 0, len(confirmation.finalists)
        if found < wanted:
            self._say(
                f"{wanted} finalists were wanted, and {found} configurations were trained to the end: they take part"
            )

    def _stage(self, confirmation: Confirmation, block: Block, finalists: Sequence[Candidate]) -> Stage:
        known = [self._explored.trials.suggestion(each.trial) for each in finalists]
        is_report = block == confirmation.layout.report
        return Stage(
            proposer=FinalistsProposer(block, known),
            capacity=self._capacity,
            seeds_of=confirmation.seeds_of,
            known_best=ANY_MODEL if is_report else NO_MODEL,
            wants_answers=True,
            name=StageName.REPORT if is_report else StageName.SELECTION,
        )


def open_confirmation(
    run: Run, confirmation: Confirmation, storage: Storage, *, read_only: bool = False
) -> SearchStudy:
    """Open the study of a confirmation, or make it.

    Raises:
        RunError: it belongs to another run.
    """
    opens = load_study if has_study(storage, confirmation.study) else create_study
    study = opens(storage, confirmation.study, run.space, confirmation.plan, seed_of=confirmation.seed_of)
    if read_only:
        study.check_owner(run.settings.run_id)
    else:
        study.claim(run.settings.run_id)
    return study


def outcomes_of(study: SearchStudy) -> dict[int, Outcome]:
    """Give the outcomes of a study, by number.

    Raises:
        RunError: a trial is damaged.
    """
    return {record.proposal.number: record.outcome for record in study.records() if record.outcome is not None}


def confirmed_outcomes(run: Run, records: Sequence[TrialRecord], storage: Storage) -> dict[int, Outcome] | None:
    """Give the outcomes of a run's confirmation so far, by the number of the training; none if it has not begun.

    Args:
        records: of exploration.

    Raises:
        RunError: the study is damaged, or belongs to another run.
    """
    confirmation = confirmation_of(run, records)
    if confirmation is None or not has_study(storage, confirmation.study):
        return None
    return outcomes_of(open_confirmation(run, confirmation, storage, read_only=True))


def requeue_confirmation(run: Run, records: Sequence[TrialRecord], storage: Storage) -> None:
    """Mark every open training of a confirmation that has begun as waiting, see `SearchStudy.requeue`."""
    confirmation = confirmation_of(run, records)
    if confirmation is not None and has_study(storage, confirmation.study):
        open_confirmation(run, confirmation, storage).requeue()


def _describe(confirmation: Confirmation, block: Block, finalists: Sequence[Candidate]) -> str:
    trials, layout = ", ".join(str(each.trial) for each in finalists), confirmation.layout
    times = "once" if block.repeats == 1 else f"{block.repeats} times"
    if block == layout.report:
        chosen = "Selected" if layout.rounds else "The only finalist is"
        named = confirmation.plan.metric.in_words
        return f"{chosen} trial {trials}. Training it {times} from further seeds, for its {named}"
    if len(finalists) == 1:
        return f"Trial {trials} is ahead. Training it {times} more, to see whether it trains from other seeds as well"
    return f"Selecting among trials {trials}: training each {times} from fresh seeds"
