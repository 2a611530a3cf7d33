"""Commands to paste that go on with a run."""

from __future__ import annotations

from packtune.models.training.metrics.catalog import Metric
from packtune.report.console import program, shell_word
from packtune.run.folder import Run, model_option
from packtune.run.reporting.commands import is_of_program, own_data_options
from packtune.run.settings_file import AUTO
from packtune.settings import SearchPlan

REPLICATES = 5
"""How often the winner is trained, where it is trained again."""


def retrain_command(run: Run) -> str | None:
    """Write the command that trains the winner's configuration again, from fresh seeds.

    None for data or a network of a Python program.
    """
    plan, resources = run.settings.plan, run.settings.resources
    if is_of_program(plan):
        return None
    where = f" --data-dir {shell_word(str(resources.data_dir))}" if resources.data_dir else ""
    return (
        f"{program()} run --data {shell_word(plan.data)}{where}{_own_options(plan)}{model_option(plan.network)} "
        f"--space {shell_word(str(run.folder.winner_space))} "
        f"--replicates {REPLICATES} --epochs {plan.epochs} --no-halving --seed {plan.seed + 1} "
        f"--protocol {plan.protocol} --precision {plan.precision or AUTO}"
        + (f" --metric {plan.metric}" if plan.metric is not Metric.ACCURACY else "")
        + (f" --cpus-per-worker {resources.cpus_per_worker:g}" if resources.threads > 1 else "")
    )


def _own_options(plan: SearchPlan) -> str:
    """Write the options that say how data of the user's own are read."""
    given = own_data_options(plan)
    return "".join(f" {name} {shell_word(str(value))}" for name, value in given.items() if value is not None)
