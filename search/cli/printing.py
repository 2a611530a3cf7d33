"""What the command line prints at the end of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from packtune.errors import PacktuneError
from packtune.report.console import print_result, try_to_print, width_of_stdout
from packtune.report.fitting import wrap
from packtune.report.leaderboard import leaderboard_frame
from packtune.report.method import describe_baselines
from packtune.report.screen import to_screen
from packtune.report.words import describe_winner
from packtune.run.given.stops import describe_stop
from packtune.run.reporting.files import PAGE
from packtune.settings import EndedBy, SearchPlan
from packtune.signals import exit_code

if TYPE_CHECKING:
    from packtune.run.ending import Ending
    from packtune.run.folder import Run


def print_ending(run: Run, ending: Ending) -> None:
    """Print the leaderboard and the winner to stdout, and how to go on to stderr.

    Raises:
        Exit: with the code of the signal that stopped the search.
        PacktuneError: no trial was completed.
    """
    _print_leaderboard(run, ending)
    _say_how_to_go_on(run, ending)
    if ending.stopped_by:
        raise typer.Exit(exit_code(ending.stopped_by))
    if ending.rows and not ending.winner and not ending.open_trials:
        raise PacktuneError("no trial was completed: `reason` in trials.csv says why. Mend that and start a new run")


def _print_leaderboard(run: Run, ending: Ending) -> None:
    folder = run.folder
    width = width_of_stdout()
    if ending.rows:
        print_result(to_screen(leaderboard_frame(ending.rows), width=width))
        known = describe_baselines(ending.baselines, n_train=run.settings.plan.description.n_train)
        if known:
            print_result(wrap(known, width))
        print_result(wrap(f"\nThe full table: {folder.leaderboard_csv} and {folder.leaderboard_md}", width))
        if (page := folder.path / PAGE).is_file():
            print_result(wrap(f"All of it in pictures, for a browser: {page}", width))
        finished = ending.plan.trials - ending.open_trials
        shorter = finished - sum(row.replicates for row in ending.rows)
        if shorter:
            what = (
                f"Not in it: {shorter} trial{'s' * (shorter > 1)} of configurations that others trained longer, or to "
                f"the end; they are in {folder.trials_csv}"
            )
            print_result(wrap(what, width))
    if ending.winner:
        print_result(wrap(describe_winner(ending.winner), width))
        print_result(f"Its trained model: {run.command('best')} --export FILE")
        print_result(f"Labels for new examples: {run.command('predict')} NEW")
        print_result(f"One trial, its curve and why it ended: {folder.command('show')} TRIAL")


def _say_how_to_go_on(run: Run, ending: Ending) -> None:
    trials, resume = ending.plan.trials, run.command("resume")
    if ended := describe_stop(ending.plan, ending.verdict):
        try_to_print(f"{ended} To try more: {resume} {_more(ending.plan)}")
    elif not ending.trained:
        try_to_print(f"All {trials} trials had been finished before. To try more: {resume} --trials +N")
    why = "Stopped" if ending.stopped_by else "The time budget is spent"
    if ending.open_trainings:
        try_to_print(f"{why} with {ending.open_trainings} trainings of finalists open. Continue with: {resume}")
    if ending.open_trials:
        try_to_print(f"{why} with {ending.open_trials} of {trials} trials open. Continue with: {resume}")


def _more(plan: SearchPlan) -> str:
    return "--trials +N, or --patience N" if plan.ended_by is EndedBy.PATIENCE else "--trials +N"
