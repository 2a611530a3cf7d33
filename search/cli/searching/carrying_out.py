"""What `run` and `resume` share: a run is carried out, and its ending shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from packtune.report.console import error_console, try_to_print
from packtune.tools.options import Tools

if TYPE_CHECKING:
    from packtune.execution.connection import Connection
    from packtune.guard import Guard
    from packtune.run.ending import Ending
    from packtune.run.folder import Run
    from packtune.worker.trainable import PackTrainable


def carry_out(
    run: Run,
    guard: Guard,
    *,
    progress: bool,
    verbose: bool,
    trainable: type[PackTrainable] | None,
    tools: Tools,
    opened: Connection | None = None,
) -> None:
    """Carry out a run that is made already, show how far it is, and print how it ended.

    Args:
        guard: of the command, which signals ended before.
        progress: whether to show how far the run is.
        verbose: whether to say how large packs are, and why.
        trainable: trains a pack in a worker; none for `PackTrainable`.
        tools: of other people, which are told of the search.
        opened: see `carried_out`.
    """
    from packtune.report.live.views import view_for
    from packtune.run.session import carried_out
    from packtune.run.stopping import stop_signals

    def show(endings: Sequence[Ending]) -> None:
        from packtune.cli.printing import print_ending  # pandas, which would delay the start of Ray

        print_ending(run, endings[0])

    try_to_print(f"Run {run.folder.name} in {run.folder.path}")
    view = view_for(error_console(), progress=progress)
    stop_source = partial(stop_signals, guard=guard, show=show)
    with carried_out(
        [run], view, stop_source=stop_source, verbose=verbose, trainable=trainable, tools=tools, opened=opened
    ) as endings:
        show(endings)
