"""How far a run is by its study alone, for a watcher who finds nothing noted, or a run that is not going on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from packtune.dispatch.counting.tally import Tally
from packtune.dispatch.standing import StageName, Standing
from packtune.run.ending import Ending, read_ending
from packtune.run.folder import Run
from packtune.run.watching.form import NO_PACE
from packtune.trial import TrialState


def recorded_standing(run: Run) -> tuple[Standing, Ending]:
    """Give how far a run is by its study alone, and how it stands or has ended.

    Raises:
        RunError: the study cannot be read.
    """
    ending = read_ending(run)
    records, confirmed = ending.records, ending.confirmed
    explored = Tally(run.space, run.settings.plan, records).standing((), len(records))
    trained = Counter(outcome.state for outcome in (confirmed or {}).values())
    trainings = trained.total() + ending.open_trainings
    standing = replace(
        explored,
        trials=explored.trials + trainings,
        finished=explored.finished + trained,
        running=sum(record.state is TrialState.RUNNING for record in records),
        trainings=trainings,
        trained=trained.total(),
        stage=_stage_of(ending, begun=confirmed is not None),
        load=None,
        pace=NO_PACE,
    )
    return standing, ending


def _stage_of(ending: Ending, *, begun: bool) -> StageName:
    if not begun:
        return StageName.EXPLORATION
    has_selected = ending.verdict is not None and ending.verdict.has_selected
    return StageName.REPORT if has_selected else StageName.SELECTION
