"""More of a run that exists: further trials, or its configurations trained longer; the sampler's history stays."""

from __future__ import annotations

from dataclasses import replace

from search.errors import SettingsError
from search.run import open_study, read_records
from search.run_folder import Run
from search.settings import read_settings, write_settings
from search.storage import open_storage
from search.study import SearchStudy
from search.trial import TrialState


def extend_run(run: Run, *, trials: str | None, epochs: int | None) -> Run:
    """Extend a run, in its settings file too.

    More epochs are for a finished run: each configuration that was COMPLETE is tried again, from a fresh seed, as a
    trial of its own. The earlier trials stay as they are.

    Args:
        trials: "+N" for N more, or a new total.
        epochs: of full training from now on.

    Raises:
        SettingsError: fewer trials or epochs than there are, or more epochs for a run that is not finished.
    """
    settings = run.settings
    total = settings.trials if trials is None else _parse_total(trials, settings.trials)
    with run.folder.locked():
        read_records(run)  # a run that cannot go on is left as it is
        if epochs is not None and epochs != settings.epochs:
            with open_storage(run.folder.journal, settings.storage) as storage:
                study = open_study(run, storage)
                repeated = _to_repeat(run, study, epochs)
                study.repeat(repeated)
            total += len(repeated)
        settings = replace(settings, trials=total, epochs=epochs or settings.epochs)
        kept = read_settings(run.folder.settings)
        write_settings(replace(kept, trials=settings.trials, epochs=settings.epochs), run.folder.settings)
    return replace(run, settings=settings)


def _to_repeat(run: Run, study: SearchStudy, epochs: int) -> list[int]:
    """List the first COMPLETE trial of each configuration."""
    settings = run.settings
    if epochs < settings.epochs:
        raise SettingsError(
            f"epochs = {epochs} is not allowed: the run trains {settings.epochs} already; give more, or start a new run"
        )
    records = study.records()
    open_trials = settings.trials - sum(record.outcome is not None for record in records)
    if open_trials:
        raise SettingsError(
            f"{open_trials} of {settings.trials} trials are still open, and a run trains all alike: resume it without "
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
