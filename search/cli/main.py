"""The command line with all its commands. Results go to stdout, talk to stderr."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

from packtune.cli import lists, predict, reproduce, results, search
from packtune.cli.app import app
from packtune.limits import count_processors, usable_cpus
from packtune.report.console import allow_every_letter

if TYPE_CHECKING:
    from packtune.worker.trainable import PackTrainable

__all__ = ["app", "main"]

# The order of the commands in the help.
COMMANDS = (
    search.run,
    search.resume,
    reproduce.reproduce,
    results.leaderboard,
    results.best,
    predict.predict,
    lists.spaces,
    lists.datasets,
)
EPILOGS = {
    search.run: search.RUN_EXAMPLES,
    search.resume: search.RESUME_EXAMPLES,
    reproduce.reproduce: reproduce.EXAMPLE,
    results.leaderboard: results.LEADERBOARD_EXAMPLE,
    results.best: results.BEST_EXAMPLE,
    predict.predict: predict.EXAMPLE,
    lists.spaces: lists.SPACES_EXAMPLE,
}
for command in COMMANDS:
    app.command(epilog=EPILOGS.get(command))(command)


def main(trainable: type[PackTrainable] | None = None) -> None:
    """Run the command line.

    Args:
        trainable: trains the packs of `run` and `resume` in a worker; none for `PackTrainable`.
    """
    allow_every_letter()
    use_default_warnings()
    limit_threads(usable=usable_cpus(), processors=count_processors())
    app(obj=trainable)


def use_default_warnings() -> None:
    """Take back what PYTHONWARNINGS makes an error: large libraries warn as they are imported."""
    if "error" in os.environ.get("PYTHONWARNINGS", ""):
        warnings.simplefilter("default")
        for usually_ignored in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", usually_ignored)


def limit_threads(*, usable: int, processors: int) -> None:
    """Let PyTorch and NumPy start no more threads than there are processors for them.

    They count the processors that this process may run on, and do not know the quotas of containers. Workers have a
    number of threads of their own.

    Args:
        usable: processors' worth of time.
        processors: that this process may run on.
    """
    if usable < processors:
        os.environ.setdefault("OMP_NUM_THREADS", str(usable))
