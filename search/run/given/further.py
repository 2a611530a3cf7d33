"""Further trials of a run: how many, from which part of its space, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from packtune.errors import SettingsError, SpaceError, suggest_name
from packtune.models.own.hyperparameters import hyperparameters_with
from packtune.proposals.catalog import find_sampler
from packtune.proposals.given import Given
from packtune.run.folder import Run
from packtune.run.given.try_words import GivenTry
from packtune.settings import EndedBy, SearchPlan
from packtune.space.change_words import GivenChanges, read_changes
from packtune.space.changes import change_space
from packtune.space.space import Space


class ExtensionOptions(TypedDict, total=False):
    """What further trials of a run are to be; see `PlanOptions`. Each is kept with the run.

    Attributes:
        set: narrows the space for further trials; the run must be finished.
        tries: come before the other further trials, and count among them.
        from_runs: see `PlanOptions`; the run must be finished.
        stop_at, patience: instead of those of the run; patience counts the further trials alone.
    """

    set: GivenChanges | None
    tries: Sequence[GivenTry] | GivenTry | None
    from_runs: Sequence[str | Path] | str | Path | None
    stop_at: float | None
    patience: int | None


def further_plan(run: Run, options: ExtensionOptions, n_open: int) -> SearchPlan:
    """Give the plan of further trials, all but their number.

    Args:
        n_open: trials of the run that are still to be trained.

    Raises:
        SettingsError: an option is for a finished run, and this one is not.
        SpaceError: the space of the run does not have what it is narrowed to.
    """
    plan, stop_at = run.settings.plan, options.get("stop_at")
    for name in ("set", "from_runs"):
        if n_open and options.get(name):
            option = "--set" if name == "set" else "--from"
            raise SettingsError(
                f"{option} is for further trials, and {n_open} of {plan.trials} trials are still open: resume the run "
                f"without {option} first, with `{run.command('resume')}`"
            )
    if stop_at is None and plan.ended_by is not EndedBy.SCORE:
        stop_at = plan.stop_at
    return replace(
        plan,
        narrowed=_narrowed(run, options.get("set") or ()),
        stop_at=stop_at,
        patience=plan.patience if options.get("patience") is None else options.get("patience"),
    )


def total_of(plan: SearchPlan, asked: int | None, options: ExtensionOptions, *, new: int, n_open: int) -> int:
    """Give the number of trials that a run is to have.

    Args:
        asked: the total that was asked for; none if none was.
        new: trials that a user gave.
        n_open: trials of the run that are still to be trained.

    Raises:
        SettingsError: fewer were asked for than were given, or there are none for an option to count for.
    """
    stops = options.get("stop_at") is not None or options.get("patience") is not None
    if asked is not None and asked - plan.trials < new:
        raise SettingsError(
            f"{asked - plan.trials} further trials are not enough for {new} configurations to try first: give "
            f"--trials +{new} or more"
        )
    again = plan.asked_trials if stops and plan.ended_by else None
    total = max(again or 0, plan.trials + new) if asked is None else asked
    if total == plan.trials and not n_open and (stops or options.get("set") or options.get("from_runs")):
        raise SettingsError(f"all {plan.trials} trials were tried: give --trials +N too, for N more")
    return total


def with_trials(further: SearchPlan, plan: SearchPlan, total: int, n_open: int) -> SearchPlan:
    """Give the plan of further trials with their number: what had ended the run counts no more if there are any."""
    if total == plan.trials:
        return further
    stops_from = plan.stops_from if n_open else plan.trials
    return replace(further, trials=total, stops_from=stops_from, ended_by=None, asked_trials=None)


def with_further(given: Given, new: Given, start: int) -> Given:
    """Add what is given for further trials, the first of which has the number `start`."""
    begun = tuple(tries for tries in given.tries if tries.first < start)
    return Given(tries=begun + new.tries, earlier=given.earlier + new.earlier)


def narrowed_space(space: Space, plan: SearchPlan) -> Space:
    """Give the part of a run's space from which further trials are proposed."""
    return change_space(space, read_changes(plan.narrowed, hyperparameters_with(plan.network)))


def _narrowed(run: Run, given: GivenChanges) -> tuple[str, ...]:
    """Give all changes for further trials; a new one replaces an earlier one of the same hyperparameter."""
    plan, changes = run.settings.plan, read_changes(given, hyperparameters_with(run.settings.plan.network))
    if changes and find_sampler(plan.sampler).lists:
        raise SettingsError(
            f"--set is not allowed here: the sampler {plan.sampler} tries a list in its order; start a new run"
        )
    domains = {each.name: each.domain for each in run.space.dimensions}
    for change in changes:
        if change.name not in domains:
            raise SpaceError(
                f"set {change}: the space of the run {run.folder.name!r} leaves {change.name} at its default, and "
                f"further trials must lie in it: start a new run.{suggest_name(change.name, domains)}"
            )
        (changed,) = [each for each in change_space(run.space, [change]).dimensions if each.name == change.name]
        if not all(domains[change.name].has(value) for value in changed.domain.bounds()):
            raise SpaceError(
                f"set {change}: further trials must lie in the space of the run {run.folder.name!r}, where "
                f"{change.name} is {domains[change.name]}: give a part of that, or start a new run"
            )
    by_name = {each.name: each for each in (*read_changes(plan.narrowed, hyperparameters_with(plan.network)), *changes)}
    return tuple(str(by_name[name]) for name in sorted(by_name))
