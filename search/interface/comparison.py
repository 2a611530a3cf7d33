"""Several runs in one table."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.errors import SettingsError
from packtune.models.training.metrics.catalog import Metric
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
        SettingsError: the runs went by different metrics.
    """
    metric = _common_metric(runs)
    rows = order_rows(row for run in runs for row in read_ending(run).rows)
    return leaderboard_frame(rows, several_runs=len(runs) > 1, metric=metric)


def _common_metric(runs: Sequence[Run]) -> Metric:
    metrics = {run.settings.plan.metric: run.folder.name for run in runs}
    if len(metrics) > 1:
        told = ", ".join(f"{name} by {metric.in_words}" for metric, name in metrics.items())
        raise SettingsError(
            f"runs that were searched by different metrics have no common order ({told}): give runs of one metric, or "
            "look at each alone"
        )
    return next(iter(metrics), Metric.ACCURACY)


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
