"""A run that exists, as it goes on: elsewhere, with further trials, or trained longer. What the sampler knows stays."""

from __future__ import annotations

from dataclasses import replace

from packtune.errors import SettingsError
from packtune.run.folder import Run
from packtune.run.given.parsing import parse_metric
from packtune.run.planning import ResourceOptions, change_resources
from packtune.run.records import check_extendable, open_study, read_records
from packtune.run.settings_file import read_settings, write_settings
from packtune.study.storage import open_storage
from packtune.study.study import SearchStudy
from packtune.trial import TrialState


def resumed(run: Run, *, trials: str | int | None, epochs: int | None, options: ResourceOptions) -> Run:
    """Give a run as it goes on: elsewhere, or longer.

    Args:
        trials, epochs: see `extend_run`; none to leave them.
        options: where it goes on; what is left out stays, but for `address` and `time_budget_s`.

    Raises:
        SettingsError: an option is not allowed.
        RunError: the run cannot be extended.
    """
    resources = change_resources(run.settings.resources, options)
    moved = replace(run, settings=run.settings.with_resources(resources))
    return moved if trials is None and epochs is None else extend_run(moved, trials=trials, epochs=epochs)


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


def extend_run(run: Run, *, trials: str | int | None, epochs: int | None) -> Run:
    """Extend a run, in its settings file too.

    More epochs are for a finished run: each configuration that was COMPLETE is tried again, from a fresh seed, as a
    trial of its own. The earlier trials stay as they are.

    Args:
        trials: "+N" for N more, or a new total.
        epochs: of full training from now on.

    Raises:
        SettingsError: fewer trials or epochs than there are, or more epochs for a run that is not finished.
    """
    plan = run.settings.plan
    total = plan.trials if trials is None else _parse_total(str(trials), plan.trials)
    with run.folder.locked():
        read_records(run)  # a run that cannot go on is left as it is
        check_extendable(run)
        if epochs is not None and epochs != plan.epochs:
            with open_storage(run.folder.journal, run.settings.resources.storage) as storage:
                study = open_study(run, storage)
                repeated = _to_repeat(run, study, epochs)
                study.repeat(repeated)
            total += len(repeated)
        longer = replace(plan, trials=total, epochs=epochs or plan.epochs)
        kept = read_settings(run.folder.settings)
        write_settings(
            kept.with_plan(replace(kept.plan, trials=longer.trials, epochs=longer.epochs)), run.folder.settings
        )
    return replace(run, settings=run.settings.with_plan(longer))


def _to_repeat(run: Run, study: SearchStudy, epochs: int) -> list[int]:
    """List the first COMPLETE trial of each configuration."""
    plan = run.settings.plan
    if epochs < plan.epochs:
        raise SettingsError(
            f"epochs = {epochs} is not allowed: the run trains {plan.epochs} already; give more, or start a new run"
        )
    records = study.records()
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
