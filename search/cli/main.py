"""Where the program `packtune` begins. Listens to signals before it imports anything large."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

from packtune.signals import end_on_signals

if TYPE_CHECKING:
    from packtune.worker.trainable import PackTrainable


def main(trainable: type[PackTrainable] | None = None) -> None:
    """Run the command line.

    Args:
        trainable: trains the packs of `run` and `resume` in a worker; none for `PackTrainable`.
    """
    end_on_signals()
    from packtune.cli.commands import app
    from packtune.limits import count_processors, usable_cpus
    from packtune.report.console import allow_every_letter

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
