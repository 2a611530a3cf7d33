"""The tools that are told of one session of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from packtune.run.ending import Ending
from packtune.run.folder import Run
from packtune.run.listening.everything import conclusion_of, everything_of
from packtune.tools.courier import Courier, Patience
from packtune.tools.listener import About, Finished, Listener
from packtune.tools.options import Tools
from packtune.tools.to_mlflow import MlflowListener
from packtune.tools.to_tensorboard import TensorBoardListener

AFTER_A_SIGNAL = Patience(total_s=2.0)
"""Who stops a search does not wait for a tool, and whoever sent the signal may soon kill the process."""


class Audience:
    """Tells the tools of a run, each in a thread of its own.

    Args:
        say: told of tools that cannot be reached, and at the end where to look.
    """

    def __init__(self, run: Run, tools: Tools, say: Callable[[str], None]) -> None:
        self._run = run
        self._couriers = [Courier(listener, say) for listener in listeners_of(run, tools)]

    def tell(self, finished: Finished) -> None:
        """Tell of a training that has ended; never waits."""
        for courier in self._couriers:
            courier.offer(finished)

    @contextmanager
    def told_at_the_end(self, ending: Ending) -> Iterator[None]:
        """Tell everything at the end of the block, also if an error ends it; nothing if the user breaks it off.

        Raises:
            RunError: the study of the confirmation cannot be read.
        """
        try:
            yield
        except KeyboardInterrupt:
            self.leave()
            raise
        except BaseException:
            self._finish(ending)
            raise
        self._finish(ending)

    def leave(self) -> None:
        """Tell nothing more."""
        for courier in self._couriers:
            courier.leave()

    def _finish(self, ending: Ending) -> None:
        if not self._couriers:
            return
        run = replace(self._run, settings=self._run.settings.with_plan(ending.plan))
        everything, conclusion = everything_of(run, ending), conclusion_of(run, ending)
        patience = Patience() if ending.stopped_by is None else AFTER_A_SIGNAL
        for courier in self._couriers:
            courier.finish(everything, conclusion, patience)


def listeners_of(run: Run, tools: Tools) -> Sequence[Listener]:
    """Make the listeners that were asked for; none of them has begun."""
    settings = run.settings
    about = About(
        name=run.folder.name,
        run_id=settings.run_id,
        version=settings.version,
        plan=settings.plan,
        folder=run.folder.path,
        resume=run.command("resume"),
    )
    wanted: list[Listener] = [TensorBoardListener(about)] if tools.tensorboard else []
    return [*wanted, *([] if tools.mlflow is None else [MlflowListener(about, tools.mlflow)])]
