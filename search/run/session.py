"""One session: runs are carried out on a Ray that stays until the results have been shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING

from packtune.errors import RunError
from packtune.run.folder import Run
from packtune.run.stopping import StopSource, time_budget
from packtune.settings import Resources
from packtune.tools.options import NO_TOOLS, Tools

if TYPE_CHECKING:
    from packtune.execution.connection import Connection
    from packtune.report.live.progress import ProgressView
    from packtune.run.ending import Ending
    from packtune.run.listening.audience import Audience
    from packtune.worker.trainable import PackTrainable


class EarlyStart:
    """Starts Ray before a search needs it, while its data are prepared.

    Args:
        stack: Ray ends with it.
        say: see `packtune.execution.connection.connection`.

    Attributes:
        opened: the connection to Ray; none before `start`.
    """

    def __init__(self, stack: ExitStack, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._say = say
        self.opened: Connection | None = None

    def start(self, resources: Resources) -> None:
        """Start Ray in the background, or connect to it.

        Raises:
            ClusterError: a local Ray cannot start.
        """
        from packtune.execution.connection import connection

        self.opened = self._stack.enter_context(connection(resources, self._say))


@contextmanager
def carried_out(
    runs: Sequence[Run],
    view: ProgressView,
    *,
    stop_source: StopSource = time_budget,
    verbose: bool = False,
    trainable: type[PackTrainable] | None = None,
    tools: Tools = NO_TOOLS,
    opened: Connection | None = None,
) -> Iterator[list[Ending]]:
    """Carry out what is not complete yet, and give the ending of every run, in order.

    Ray starts only if there is something to do, and ends after the block, so that results are shown before.

    Args:
        runs: whose settings agree on the workers, the cluster and the time budget; none where nothing is to be done.
        view: is closed when the searches have ended.
        stop_source: what stops them early.
        verbose: whether to say how large packs are, and why.
        trainable: trains a pack in a worker; none for `PackTrainable`.
        tools: told of the first run as it goes on, and of all of it at the end, after the block.
        opened: to Ray, which may still be starting, and is left open; none to start it here.

    Raises:
        PacktuneError: see its subclasses.
    """
    if not runs:
        yield []
        return
    endings: dict[str, Ending] = {}
    if not all(run.new for run in runs):
        from packtune.run.ending import restore_ending

        endings = {run.folder.name: restore_ending(run) for run in runs if not run.new}
    todo = [run for run in runs if run.new or endings[run.folder.name].is_open]
    with ExitStack() as stack:
        if todo:
            from packtune.execution.connection import connection
            from packtune.startup import quick_imports

            with closing(view):
                with _discarded_otherwise(todo):
                    opened = opened or stack.enter_context(connection(todo[0].settings.resources, view.say))
                    with quick_imports():
                        from packtune.run.orchestration import run_searches  # imports PyTorch while Ray starts

                audience = _gather(runs[0], tools, view.say, stack)
                found = run_searches(
                    todo,
                    opened,
                    view,
                    stop_source=stop_source,
                    verbose=verbose,
                    trainable=trainable,
                    on_finished=audience.tell,
                )
            endings |= {run.folder.name: ending for run, ending in zip(todo, found, strict=True)}
        else:
            audience = _gather(runs[0], tools, view.say, stack)
        with audience.told_at_the_end(endings[runs[0].folder.name]):
            yield [endings[run.folder.name] for run in runs]


def _gather(run: Run, tools: Tools, say: Callable[[str], None], stack: ExitStack) -> Audience:
    from packtune.run.listening.audience import Audience  # pandas, which would delay the start of Ray

    audience = Audience(run, tools, say)
    stack.callback(audience.leave)
    return audience


@contextmanager
def _discarded_otherwise(runs: Sequence[Run]) -> Iterator[None]:
    """Leave no folder of a new run that could not begin, for whatever reason: its name is free again."""
    try:
        yield
    except BaseException:
        for run in runs:
            with suppress(RunError):  # another process holds it, and goes on with it
                _discard_new(run)
        raise


def _discard_new(run: Run) -> None:
    with run.folder.locked():
        if run.new and not run.folder.has_begun:
            run.folder.discard()
