"""Several runs in one table."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.report.leaderboard import Leaderboard, leaderboard_frame
from packtune.report.ranking import order_rows
from packtune.run.ending import read_ending
from packtune.run.folder import Run


def compare_runs(runs: Sequence[Run]) -> Leaderboard:
    """Rank the configurations of one or several runs in one table; of several, each row names its run and data.

    Ranks are of one data set: those of each count from 1. See `order_rows` for the order.

    Raises:
        RunError: a study cannot be read.
    """
    rows = order_rows(row for run in runs for row in read_ending(run).rows)
    return leaderboard_frame(rows, several_runs=len(runs) > 1)
