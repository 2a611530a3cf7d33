"""Several runs in one table."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.report.leaderboard import Leaderboard, leaderboard_frame
from packtune.report.method import describe_baselines
from packtune.report.ranking import order_rows
from packtune.run.ending import read_ending
from packtune.run.folder import Run
from packtune.run.own.baselines import read_baselines


def compare_runs(runs: Sequence[Run]) -> Leaderboard:
    """Rank the configurations of one or several runs in one table; of several, each row names its run and data.

    Ranks are of one data set: those of each count from 1. See `order_rows` for the order.

    Raises:
        RunError: a study cannot be read.
    """
    rows = order_rows(row for run in runs for row in read_ending(run).rows)
    return leaderboard_frame(rows, several_runs=len(runs) > 1)


def baselines_of(runs: Sequence[Run]) -> list[str]:
    """Say what simple methods reach on the data of runs: a line for each of the user's own."""
    lines: dict[str, str] = {}
    for run in runs:
        about = run.settings.plan.description
        known = describe_baselines(read_baselines(run.folder.path), n_train=about.n_train)
        if run.settings.plan.own is not None and known:
            named = known.replace("comparison", f"comparison on {about.name}") if len(runs) > 1 else known
            lines.setdefault(about.fingerprint, named)
    return list(lines.values())
