"""The command line with all its commands. Results go to stdout, talk to stderr."""

from __future__ import annotations

from packtune.cli import examples, lists, predict, reproduce, results
from packtune.cli.app import app
from packtune.cli.looking import compare, remove, runs, show, watch
from packtune.cli.reporting import report
from packtune.cli.searching import resume, run
from packtune.cli.tools import dashboard

__all__ = ["app"]

# The order of the commands in the help.
COMMANDS = (
    run.run,
    resume.resume,
    watch.watch,
    reproduce.reproduce,
    runs.runs,
    show.show,
    results.leaderboard,
    results.best,
    report.report,
    compare.compare,
    predict.predict,
    dashboard.dashboard,
    lists.spaces,
    lists.datasets,
    remove.remove,
)
EPILOGS = {
    run.run: examples.RUN_EXAMPLES,
    resume.resume: examples.RESUME_EXAMPLES,
    watch.watch: watch.EXAMPLES,
    reproduce.reproduce: reproduce.EXAMPLE,
    runs.runs: runs.EXAMPLE,
    show.show: show.EXAMPLES,
    results.leaderboard: results.LEADERBOARD_EXAMPLE,
    compare.compare: compare.EXAMPLE,
    remove.remove: remove.EXAMPLE,
    results.best: results.BEST_EXAMPLE,
    report.report: report.EXAMPLE,
    predict.predict: predict.EXAMPLES,
    dashboard.dashboard: dashboard.EXAMPLE,
    lists.spaces: lists.SPACES_EXAMPLE,
    lists.datasets: lists.DATASETS_EXAMPLE,
}
for command in COMMANDS:
    app.command(epilog=EPILOGS.get(command))(command)
