"""A run at a glance: from its tables where they say all, else from its study. Writes nothing, and needs no PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from packtune.confirmation.estimate import interval_of_one
from packtune.confirmation.finalists import Candidate, candidates_of
from packtune.data.files import readable
from packtune.errors import PacktuneError
from packtune.report.looking.records import Best, Measured, RunState, RunSummary
from packtune.run.folder import RunFolder
from packtune.run.overview.tables import best_of_tables, count_finished, tables_are_final
from packtune.run.records import read_records
from packtune.run.settings_file import read_settings
from packtune.settings import SearchPlan, Settings
from packtune.space.catalog import is_file
from packtune.study.storage_url import HIDDEN
from packtune.trial import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a run is.

    Attributes:
        finished: trials with an outcome.
        best: see `RunSummary`.
        is_open: whether anything is left to be trained.
        note: see `RunSummary`.
    """

    finished: int
    best: Best | None
    is_open: bool
    note: str = ""


def summarize(folder: RunFolder, now: datetime) -> RunSummary:
    """Sum up a run.

    Args:
        now: from which its age counts, with a time zone.

    Raises:
        PacktuneError: its settings or its study cannot be read.
    """
    settings = read_settings(folder.settings)
    return summary_of(folder, settings.plan, _standing(folder, settings), now)


def summary_of(folder: RunFolder, plan: SearchPlan, standing: Standing, now: datetime) -> RunSummary:
    """Sum up a run of which it is known how far it is; see `summarize`."""
    state, changed = _state(folder, standing), _changed(folder)
    return RunSummary(
        name=folder.name,
        folder=folder.path,
        data=readable(plan.description.name),
        space=readable(Path(plan.space).name) if is_file(plan.space) else readable(plan.space),
        metric=plan.metric,
        state=state,
        finished=standing.finished,
        trials=plan.trials,
        best=standing.best,
        changed=changed,
        age_s=max(0.0, (now - changed).total_seconds()),
        note=standing.note,
        commands=commands_for(folder, plan, state, has_winner=standing.best is not None),
    )


def commands_for(folder: RunFolder, plan: SearchPlan, state: RunState, *, has_winner: bool) -> dict[str, str]:
    """List the commands that go on with a run, to paste, by what they do; those that make sense as it stands."""
    command = partial(folder.command, network=plan.network)
    goes_on = "" if state is not RunState.FINISHED else " --trials +32"
    commands = {name: command(name) for name in ("show", "leaderboard", "report")}
    if has_winner:
        commands |= {
            "best": command("best"),
            "export": f"{command('best')} --export FILE",
            "predict": f"{command('predict')} NEW",
        }
    if state is RunState.RUNNING:
        return commands | {"watch": command("watch")}
    return commands | {"resume": f"{command('resume')}{goes_on}", "remove": command("remove")}


def _standing(folder: RunFolder, settings: Settings) -> Standing:
    plan = settings.plan
    if tables_are_final(folder, plan) and (best := best_of_tables(folder, plan)) is not None:
        return Standing(finished=plan.trials, best=best, is_open=False)
    try:
        return _of_study(folder, plan)
    except PacktuneError as error:
        if settings.resources.storage is None:
            raise
        return _without_database(folder, settings, error)


def _of_study(folder: RunFolder, plan: SearchPlan) -> Standing:
    records = read_records(folder.load())
    finished, candidates = sum(record.outcome is not None for record in records), candidates_of(records)
    reported = best_of_tables(folder, plan) if tables_are_final(folder, plan) else None
    waits = plan.confirm and bool(candidates) and reported is None
    return Standing(
        finished=finished,
        best=reported or (_best(candidates[0], records, plan) if candidates else None),
        is_open=finished < plan.trials or waits,
    )


def _without_database(folder: RunFolder, settings: Settings, error: PacktuneError) -> Standing:
    """Say what the tables know of a run whose database cannot be read."""
    plan, url = settings.plan, settings.resources.storage or ""
    why = f"its storage {url} needs its password: `{folder.command('show')} --storage URL`" if HIDDEN in url else error
    finished = count_finished(folder.trials_csv)
    return Standing(
        finished=finished,
        best=best_of_tables(folder, plan),
        is_open=not tables_are_final(folder, plan),
        note=f"told by its tables alone, which may be older than its study; {why}",
    )


def _best(candidate: Candidate, records: Sequence[TrialRecord], plan: SearchPlan) -> Best | None:
    """Give the best configuration of a search with the interval of its images; see `interval_of_one`."""
    outcome = records[candidate.trial].outcome
    if outcome is None or outcome.validation is None:
        return None
    of_trial, batch_size = outcome.validation.measured, candidate.configuration.batch_size
    measured = None if of_trial is None else replace(of_trial, value=candidate.score)
    seen = replace(outcome.validation, joint=candidate.score, measured=measured)
    images = plan.protocol.evaluated(plan.description.n_validation, batch_size)
    low, high = interval_of_one(plan.metric, seen, images)
    return Best(trial=candidate.trial, score=candidate.score, low=low, high=high, measured=Measured.VALIDATION)


def _state(folder: RunFolder, standing: Standing) -> RunState:
    if folder.is_in_use:
        return RunState.RUNNING
    if not standing.is_open:
        return RunState.FINISHED
    return RunState.STOPPED if standing.finished or folder.has_begun else RunState.NEW


def _changed(folder: RunFolder) -> datetime:
    """Give when a run was last written to, in UTC."""
    files = (folder.settings, folder.journal, folder.trials_csv, folder.winner_model)
    return datetime.fromtimestamp(max(file.stat().st_mtime for file in files if file.exists()), tz=UTC)
