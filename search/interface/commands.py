"""Commands to paste that go on with a run."""

from __future__ import annotations

from packtune.report.console import program, shell_word
from packtune.run.folder import Run
from packtune.run.settings_file import AUTO

REPLICATES = 5
"""How often the winner is trained, where it is trained again."""


def retrain_command(run: Run) -> str:
    """Write the command that trains the winner's configuration again, from fresh seeds."""
    plan, resources = run.settings.plan, run.settings.resources
    where = f" --data-dir {shell_word(str(resources.data_dir))}" if resources.data_dir else ""
    return (
        f"{program()} run --data {plan.data}{where} --space {shell_word(str(run.folder.winner_space))} "
        f"--replicates {REPLICATES} --epochs {plan.epochs} --no-halving --seed {plan.seed + 1} "
        f"--protocol {plan.protocol} --precision {plan.precision or AUTO}"
        + (f" --cpus-per-worker {resources.cpus_per_worker:g}" if resources.threads > 1 else "")
    )
