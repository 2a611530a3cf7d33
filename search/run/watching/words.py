"""What is said of a run that is not going on: how it stands, and the command that goes on with it."""

from __future__ import annotations

from packtune.run.ending import Ending
from packtune.run.folder import Run


def describe_rest(run: Run, ending: Ending) -> str:
    """Say that a run has ended, or that it is not going on, and what to do next."""
    folder, name = run.folder, run.folder.name
    resume = run.command("resume")
    if not ending.records:
        return f"The run {name} is not going on, and has not begun. Start it with: {resume}"
    if ending.open_trials:
        left = f"{ending.open_trials} of {ending.plan.trials} trials open"
    elif ending.open_trainings:
        left = f"{ending.open_trainings} trainings of finalists open"
    elif ending.winner is None:
        return f"The run {name} has ended without a complete trial: `reason` in {folder.trials_csv} says why"
    else:
        return f"The run {name} has ended. Its winner: {run.command('best')}"
    return f"The run {name} is not going on, with {left}. Continue it with: {resume}"
