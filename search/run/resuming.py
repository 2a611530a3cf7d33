"""A run that exists, as it goes on: elsewhere, or longer."""

from __future__ import annotations

from dataclasses import replace

from packtune.run.folder import Run
from packtune.run.planning import ResourceOptions, change_resources


def resumed(run: Run, *, trials: str | int | None, epochs: int | None, options: ResourceOptions) -> Run:
    """Give a run as it goes on.

    Args:
        trials: "+N" for N more configurations, or a new total; none to leave them.
        epochs: of full training from now on; none to leave them.
        options: where it goes on; what is left out stays, but for `address` and `time_budget_s`.

    Raises:
        SettingsError: an option is not allowed.
        RunError: the run cannot be extended.
    """
    resources = change_resources(run.settings.resources, options)
    moved = replace(run, settings=run.settings.with_resources(resources))
    if trials is None and epochs is None:
        return moved
    from packtune.run.extension import extend_run

    return extend_run(moved, trials=trials, epochs=epochs)
