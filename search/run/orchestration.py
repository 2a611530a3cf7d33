"""A search from beginning to end: studies are opened, packs trained on Ray Tune, tables written. Nothing else."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from signal import Signals
from typing import TYPE_CHECKING

from packtune.data.dataset import Dataset
from packtune.dispatch.dispatcher import Dispatcher, Sharing
from packtune.dispatch.sharing import CapacityByRule, fair_share
from packtune.dispatch.staged_search import StagedSearch
from packtune.dispatch.task_maker import Stage, exploration
from packtune.errors import RunError
from packtune.models.hardware.device import Device
from packtune.models.own.registry import find_network
from packtune.proposals.proposer import Capacity
from packtune.report.live.progress import ProgressView
from packtune.run.confirming import ConfirmingStages, confirmed_outcomes, requeue_confirmation
from packtune.run.ending import Ending, conclude, restore_ending
from packtune.run.folder import Run
from packtune.run.given.further import narrowed_space
from packtune.run.given.stops import settle_end
from packtune.run.model_keeper import ModelKeeper
from packtune.run.network.checking import check_network
from packtune.run.own.keeping import load_data
from packtune.run.records import open_study
from packtune.run.reporting.afterwards import compare_and_report, report_briefly, report_in_time
from packtune.run.settling import advise, settle
from packtune.run.stopping import Stop, StopSource, time_budget
from packtune.run.watching.note import NotedView
from packtune.settings import Placement, SettledPlan
from packtune.startup import quick_imports
from packtune.study.storage import Storage, open_storage
from packtune.study.study import SearchStudy
from packtune.tools.listener import Finished, OnFinished, tell_nobody
from packtune.worker.checkpoint import CheckpointFolder

if TYPE_CHECKING:
    from packtune.execution.connection import Connection
    from packtune.execution.searcher import Lane
    from packtune.worker.trainable import PackTrainable


EXPLORED_SHARE = 0.75
"""Of a time budget; the rest is for the confirmation, which is planned to take a fifth of what exploration took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A run whose study is open."""

    run: Run
    plan: SettledPlan
    study: SearchStudy
    storage: Storage
    on_finished: OnFinished


def run_searches(
    runs: Sequence[Run],
    connection: Connection,
    view: ProgressView,
    *,
    stop_source: StopSource = time_budget,
    verbose: bool = False,
    trainable: type[PackTrainable] | None = None,
    on_finished: OnFinished = tell_nobody,
) -> list[Ending]:
    """Search until all trials are done, a stop is asked for or the time budget ends; then write the leaderboards.

    Several runs share the workers: a free worker goes to the first of them that has a pack to train.

    Args:
        runs: one or more, whose settings agree on the workers, the cluster and the time budget.
        connection: to Ray, which may still be starting.
        view: shows how far the searches are.
        stop_source: what stops them early.
        verbose: whether to say how large packs are, and why.
        trainable: trains a pack in a worker; none for `PackTrainable`.
        on_finished: told of each training as it ends.

    Raises:
        PacktuneError: see its subclasses. A new run that could not even begin leaves no folder behind.
    """
    with ExitStack() as stack:
        for run in runs:
            stack.enter_context(run.folder.locked())
            _check_still_new(run)
        noted = NotedView(view, [run.folder.path for run in runs])
        stack.callback(noted.end_notes)
        started_s = time.monotonic()
        begun: list[_Begun] = []
        try:
            datasets, placement = _begin(runs, connection, noted, stack, begun, on_finished)
        except BaseException:
            noted.end_notes()
            for run in runs[len(begun) :]:
                if run.new:
                    run.folder.discard()
            raise
        # Until here, a signal ends the search at once: nothing has been trained yet.
        stop = stack.enter_context(stop_source(_left_s(runs[0], started_s), noted.say))
        stop.searching(connection.lost, partial(_end_for_others, begun, noted))
        try:
            explain = noted.say if verbose else _say_nothing
            _train(begun, datasets, placement, noted, stop, explain=explain, trainable=trainable)
        finally:
            with stop.concluding():
                endings = [_end(each, stop) for each in begun]
                if endings[0].stopped_by:  # somebody waits
                    report_briefly(runs, endings, noted)
        return endings if endings[0].stopped_by else compare_and_report(runs, endings, datasets, noted)


def _left_s(run: Run, started_s: float) -> float | None:
    """Give what is left of the time budget; none if there is no budget."""
    budget_s = run.settings.resources.time_budget_s
    return None if budget_s is None else budget_s - (time.monotonic() - started_s)


def _check_still_new(run: Run) -> None:
    if run.new and run.folder.has_begun:
        raise RunError(
            f"the run {run.folder.name!r} was taken up by another process before it could begin here: see "
            f"`{run.command('resume')}`"
        )


def _begin(
    runs: Sequence[Run],
    connection: Connection,
    view: ProgressView,
    stack: ExitStack,
    begun: list[_Begun],
    on_finished: OnFinished,
) -> tuple[list[Dataset], Placement]:
    """Open the storages, load the data, wait for Ray, and add each run to `begun` once its study is open."""
    storages = [stack.enter_context(open_storage(run.folder.journal, run.settings.resources.storage)) for run in runs]
    datasets, placement = _prepare(runs, connection, view)
    settled = [settle(run, placement) for run in runs]
    advise([plan for _, plan in settled], runs[0].settings.resources, placement, view.say)
    for (run, plan), storage in zip(settled, storages, strict=True):
        study = open_study(run, storage)
        begun.append(_Begun(run=run, plan=plan, study=study, storage=storage, on_finished=on_finished))
        if not run.folder.leaderboard_csv.exists():  # once it does, the study is expected to be found
            conclude(run, study.records())
    return datasets, placement


def _prepare(runs: Sequence[Run], connection: Connection, view: ProgressView) -> tuple[list[Dataset], Placement]:
    """Load the data sets, and import Ray Tune, while Ray starts."""
    by_name = {run.settings.plan.description.name: run for run in runs}
    view.stage(f"Loading {' and '.join(by_name)} and starting Ray")
    with quick_imports():
        datasets = [load_data(run, view) for run in by_name.values()]
        for run in runs:
            if run.space.network is not None:
                check_network(run.space, run.settings.plan.description)
        importlib.import_module("packtune.execution.launch")
        return datasets, connection.placement()


def _train(
    begun: Sequence[_Begun],
    datasets: Sequence[Dataset],
    placement: Placement,
    view: NotedView,
    stop: Stop,
    *,
    explain: Callable[[str], None],
    trainable: type[PackTrainable] | None,
) -> None:
    from packtune.execution.launch import run_packs
    from packtune.execution.searcher import PackSearcher
    from packtune.worker.trainable import PackTrainable

    by_name = {dataset.name: dataset for dataset in datasets}
    # Of several searches, each keeps the workers busy that another leaves idle: packs need not be shared out.
    alone = by_name[begun[0].plan.description.name] if len(begun) == 1 else None
    lanes = [_lane(each, placement, alone, explain, view.say, stop) for each in begun]

    def show() -> None:
        view.show_each([lane.dispatcher.standing() for lane in lanes])

    show()
    if not all(lane.dispatcher.finished for lane in lanes):
        searcher = PackSearcher(lanes, stopping=stop.requested, on_change=show, say=view.say)
        plans = [each.plan.network for each in begun]
        networks = [find_network(plan.architecture) for plan in plans if plan is not None]
        run_packs(searcher, datasets, placement, view.say, trainable=trainable or PackTrainable, networks=networks)


def _lane(
    each: _Begun,
    placement: Placement,
    dataset: Dataset | None,
    explain: Callable[[str], None],
    say: Callable[[str], None],
    stop: Stop,
) -> Lane:
    """Make what searches one run.

    Args:
        dataset: to time packs on, where they are to be shared out among the workers; none where they are not.
    """
    from packtune.execution.searcher import Lane

    resources = each.run.settings.resources
    checkpoints = CheckpointFolder(each.run.folder.checkpoints)
    sharing = None
    if dataset is not None:
        sharing = fair_share(each.plan, resources, dataset, placement, checkpoints.has, explain)
    capacity = CapacityByRule(placement.device, explain, each.plan.description)

    def make(study: SearchStudy, plan: SettledPlan, stage: Stage, sharing: Sharing | None = None) -> Dispatcher:
        dispatcher = Dispatcher(
            study,
            plan,
            device=placement.device,
            max_failures=resources.max_failures,
            checkpoint_interval_s=resources.checkpoint_interval_s,
            stage=stage,
            sharing=sharing,
        )
        dispatcher.on_outcome = lambda proposal, outcome: each.on_finished(
            Finished(stage=study.stage, proposal=proposal, outcome=outcome)
        )
        return dispatcher

    following = ConfirmingStages(each.run, each.plan, each.study, each.storage, capacity=capacity, make=make, say=say)
    explorer = make(each.study, each.plan, _explores(each, placement.device, capacity), sharing)

    def cut_short() -> bool:
        return each.plan.confirm and stop.is_spent(EXPLORED_SHARE)

    following.explore_further = lambda: explorer if not cut_short() and explorer.end.go_on() else None
    stages = StagedSearch(explorer, following, later=following.later, cut_short=cut_short)
    keeper = ModelKeeper(each.run.folder.best_model)
    return Lane(
        dispatcher=stages,
        checkpoints=checkpoints,
        on_report=lambda report: (following.keeper or keeper).offer(report),
    )


def _explores(each: _Begun, device: Device, capacity: Capacity) -> Stage:
    part = narrowed_space(each.run.space, each.plan)
    return exploration(part, each.plan, device=device, capacity=capacity, given=each.run.given)


def _end(each: _Begun, stop: Stop) -> Ending:
    """Write down how a run ended; what is still open waits for the next session."""
    each.study.check_written()
    each.study.requeue()
    records = each.study.records()
    requeue_confirmation(each.run, records, each.storage)
    confirmed = confirmed_outcomes(each.run, records, each.storage)
    run = settle_end(each.run, each.study, each.plan, records, confirmed)
    ending = replace(conclude(run, records, confirmed), stopped_by=stop.signal, trained=True)
    if not ending.is_open:
        CheckpointFolder(each.run.folder.checkpoints).clear()
    return ending


def _end_for_others(begun: Sequence[_Begun], view: ProgressView, stopped_by: Signals | None) -> list[Ending]:
    """Write down how runs ended whose main thread cannot: what it has recorded is read, and its study left alone."""
    runs = [replace(each.run, new=False) for each in begun]
    endings = [replace(restore_ending(run), stopped_by=stopped_by, trained=True) for run in runs]
    report_in_time(runs, endings, view)
    view.close()
    return endings


def _say_nothing(text: str) -> None:
    pass
