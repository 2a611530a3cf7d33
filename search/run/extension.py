"""A run that exists, as it goes on: elsewhere, with further trials, or trained longer. What the sampler knows stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import get_type_hints

from packtune.errors import SettingsError
from packtune.models.own.hyperparameters import hyperparameters_with
from packtune.proposals.given import Given
from packtune.run.folder import Run
from packtune.run.given.earlier import read_earlier
from packtune.run.given.further import (
    ExtensionOptions,
    further_plan,
    narrowed_space,
    total_of,
    with_further,
    with_trials,
)
from packtune.run.given.gathering import Wishes
from packtune.run.given.keeping import write_given
from packtune.run.given.parsing import parse_metric
from packtune.run.given.try_words import read_tries
from packtune.run.planning import NetworkOptions, ResourceOptions, change_resources
from packtune.run.records import check_extendable, open_study, read_records
from packtune.run.settings_file import read_settings, write_settings
from packtune.settings import SearchPlan
from packtune.study.storage import open_storage
from packtune.tools.options import ToolOptions
from packtune.trial import TrialRecord, TrialState

EXTENDED = ("trials", "epochs", "narrowed", "stop_at", "patience", "stops_from", "ended_by", "asked_trials")
"""The settings that an extension changes."""


class ResumeOptions(ResourceOptions, ExtensionOptions, NetworkOptions, total=False):
    """All that may be said of a run that goes on, besides its trials and epochs."""


class SessionOptions(ResumeOptions, ToolOptions, total=False):
    """The same, and which tools are told of it."""


def resumed(
    run: Run, *, trials: str | int | None, epochs: int | None, options: ResumeOptions, say: Callable[[str], None]
) -> Run:
    """Give a run as it goes on: elsewhere, or longer.

    Args:
        trials, epochs: see `extend_run`; none to leave them.
        options: where it goes on; what is left out stays, but for `address` and `time_budget_s`.
        say: told what further trials are like.

    Raises:
        SettingsError: an option is not allowed.
        RunError: the run cannot be extended.
    """
    resources = change_resources(run.settings.resources, options)
    moved = replace(run, settings=run.settings.with_resources(resources))
    extends = any(options.get(name) is not None for name in get_type_hints(ExtensionOptions))
    if trials is None and epochs is None and not extends:
        return moved
    return extend_run(moved, trials=trials, epochs=epochs, options=options, say=say)


def check_metric(run: Run, given: str | None) -> None:
    """Make sure that a run goes on by the metric that it began with.

    Args:
        given: that it is asked to go on by; none for that of the run.

    Raises:
        SettingsError: it is another one, or there is no such metric.
    """
    metric = run.settings.plan.metric
    if given is not None and parse_metric(given) is not metric:
        raise SettingsError(
            f"metric = {given} is not allowed: the run {run.folder.name!r} compares its trials by {metric}; leave "
            "--metric out, or start a new run"
        )


def extend_run(
    run: Run,
    *,
    trials: str | int | None,
    epochs: int | None,
    options: ExtensionOptions | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Run:
    """Extend a run, in its settings file too.

    More epochs are for a finished run: each configuration that was COMPLETE is tried again, from a fresh seed, as a
    trial of its own. The earlier trials stay as they are.

    Args:
        trials: "+N" for N more, or a new total.
        epochs: of full training from now on.
        options: what further trials are like.
        say: told about them.

    Raises:
        SettingsError: fewer trials or epochs than there are, or an option for a run that is not finished.
        SpaceError: the space of the run does not have what further trials are narrowed to.
    """
    plan, options = run.settings.plan, options or {}
    asked = None if trials is None else _parse_total(str(trials), plan.trials)
    tries = read_tries(options.get("tries") or (), hyperparameters_with(run.space.network))
    wishes = Wishes(tries=tries, runs=read_earlier(options.get("from_runs") or (), run.folder.results))
    with run.folder.locked():
        records = read_records(run)  # a run that cannot go on is left as it is
        check_extendable(run)
        n_open = plan.trials - sum(record.outcome is not None for record in records)
        further = further_plan(run, options, n_open)
        repeated = [] if epochs in (None, plan.epochs) else _to_repeat(plan, records, epochs or 0)
        start = plan.trials + len(repeated)
        further = replace(further, epochs=epochs or plan.epochs)
        new = wishes.gather(narrowed_space(run.space, further), further, plan.description, first=start, say=say)
        total = total_of(plan, asked, options, new=len(new.tried_from(start)), n_open=0 if repeated else n_open)
        longer = with_trials(further, plan, total + len(repeated), n_open)
        _keep(run, longer, repeated, given := with_further(run.given, new, start))
    return replace(run, settings=run.settings.with_plan(longer), given=given)


def _keep(run: Run, longer: SearchPlan, repeated: Sequence[int], given: Given) -> None:
    """Write down how a run goes on; its settings come last."""
    if repeated:
        with open_storage(run.folder.journal, run.settings.resources.storage) as storage:
            open_study(run, storage).repeat(repeated)
    write_given(given, run.folder.path)
    kept = read_settings(run.folder.settings)
    changed = {name: getattr(longer, name) for name in EXTENDED}
    write_settings(kept.with_plan(replace(kept.plan, **changed)), run.folder.settings)


def _to_repeat(plan: SearchPlan, records: Sequence[TrialRecord], epochs: int) -> list[int]:
    """List the first COMPLETE trial of each configuration."""
    if epochs < plan.epochs:
        raise SettingsError(
            f"epochs = {epochs} is not allowed: the run trains {plan.epochs} already; give more, or start a new run"
        )
    open_trials = plan.trials - sum(record.outcome is not None for record in records)
    if open_trials:
        raise SettingsError(
            f"{open_trials} of {plan.trials} trials are still open, and a run trains all alike: resume it without "
            "--epochs first"
        )
    first = {r.proposal.configuration: r.proposal.number for r in reversed(records) if r.state is TrialState.COMPLETE}
    return sorted(first.values())


def _parse_total(text: str, present: int) -> int:
    digits = text.removeprefix("+")
    if not digits.isdecimal() or (digits == text and int(text) < present):
        raise SettingsError(
            f"trials = {text!r} is not allowed: give +N for N more, or a total of at least the {present} there are"
        )
    return int(digits) + (present if digits != text else 0)
