"""The tables that other commands print, gathered for JSON."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.interface.commands import retrain_command
from packtune.interface.comparison import baselines_of
from packtune.report.leaderboard import Leaderboard
from packtune.report.looking.details import winner_facts
from packtune.report.looking.tables import BestFacts, LeaderboardFacts
from packtune.report.rendering import plain_rows
from packtune.report.winner import Winner
from packtune.run.folder import Run


def leaderboard_facts(runs: Sequence[Run], frame: Leaderboard) -> LeaderboardFacts:
    """Gather a leaderboard of some runs, row by row."""
    names = list(frame.columns)
    rows = tuple(dict(zip(names, row, strict=True)) for row in plain_rows(frame))
    return LeaderboardFacts(runs=tuple(run.folder.name for run in runs), rows=rows, baselines=tuple(baselines_of(runs)))


def best_facts(run: Run, winner: Winner) -> BestFacts:
    """Gather the winner of a run, and the commands that go on with it."""
    folder, again = run.folder, retrain_command(run)
    commands = {
        "show": f"{run.command('show')} {winner.row.trial}",
        "export": f"{run.command('best')} --export FILE",
        "predict": f"{run.command('predict')} NEW",
        **({"retrain": again} if again else {}),
    }
    return BestFacts(run=folder.name, folder=folder.path, winner=winner_facts(winner), commands=commands)
