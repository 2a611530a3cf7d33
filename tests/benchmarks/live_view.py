"""Row 15: what the live view of a terminal costs the driver of a search.

    python tests/benchmarks/run.py --only 15

One search, which shows its progress in a real pseudo-terminal for some seconds, nothing for as long, and so on, as with
`--no-progress`. Processor time of all threads of the driver counts; nobody else's does. What the view itself takes is
measured too: in the thread that draws, and in the calls from the search.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from table import Options, Row, judge

import packtune
from packtune.dispatch.standing import Standing
from packtune.machine import describe_machine
from packtune.report.live.terminal import LiveView

MOST_PERCENT = 1.0
WINDOW_S = 4.0
COLUMNS, ROWS = 100, 30
SPACE = {
    "hidden_units": {"low": 9, "high": 64},
    "batch_size": [32, 64, 128],
    "activation": ["relu", "tanh", "gelu"],
    "learning_rate": {"low": 0.001, "high": 1.0, "log": True},
    "momentum": {"low": 0.0, "high": 0.99},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some seconds of the search.

    Attributes:
        is_live: whether its progress was shown.
        seconds: passed.
        driver_s: processor time of the driver.
        view_s: of it, what the view took; 0 where nothing was shown.
        changes: standings that came.
    """

    is_live: bool
    seconds: float
    driver_s: float
    view_s: float
    changes: int


class Alternating(packtune.ProgressView):
    """Shows a search in a terminal, then not, and measures each."""

    def __init__(self, console: Console, window_s: float) -> None:
        self._console = console
        self._window_s = window_s
        self._live: LiveView | None = None
        self._began: tuple[float, float] | None = None
        self._calls_s = 0.0
        self._changes = 0
        self.windows: list[Window] = []

    def stage(self, text: str) -> None:
        """Show nothing of what comes before the search."""

    def say(self, text: str) -> None:
        """Say nothing."""

    def show(self, standing: Standing) -> None:
        """Show a standing, where it is to be shown."""
        self._changes += 1
        now_s = time.perf_counter()
        if self._began is None or now_s - self._began[0] >= self._window_s:
            self._turn()
        if self._live is not None:
            began_s = time.thread_time()
            self._live.show(standing)
            self._calls_s += time.thread_time() - began_s

    def close(self) -> None:
        """End the last window, which may be short and does not count."""
        if self._live is not None:
            self._live.close()

    def _turn(self) -> None:
        """End a window, and begin the other kind."""
        if self._began is not None:
            seconds, driver_s = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
            drawn_s = 0.0 if self._live is None else self._live.drawing_s
            self.windows.append(
                Window(
                    is_live=self._live is not None,
                    seconds=seconds,
                    driver_s=driver_s,
                    view_s=self._calls_s + drawn_s,
                    changes=self._changes,
                )
            )
        if self._live is not None:
            self._live.close()
            self._live = None
        else:
            self._live = LiveView(self._console)
        self._calls_s, self._changes = 0.0, 0
        self._began = time.perf_counter(), time.process_time()


@contextlib.contextmanager
def terminal() -> Iterator[Console]:
    """Give a console on a pseudo-terminal, which another process reads."""
    controller, inside = pty.openpty()
    reader = subprocess.Popen(["cat"], stdin=controller, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(controller)
    with os.fdopen(inside, "w") as file:
        yield Console(file=file, force_terminal=True, width=COLUMNS, height=ROWS)
    reader.wait()


def rows(options: Options) -> list[Row]:
    """Measure the row, if it is wanted."""
    if not options.wants(15):
        return []
    trials, window_s = (200, 1.0) if options.quick else (3_000, WINDOW_S)
    with tempfile.TemporaryDirectory() as folder, terminal() as console:
        view = Alternating(console, window_s)
        packtune.search(
            "digits",
            space=SPACE,
            trials=trials,
            epochs=6,
            confirm=False,
            halving=True,
            workers=2,
            results=Path(folder),
            progress=view,
        )
    return [row_of(view.windows[1:], trials)]  # Ray Tune begins in the first


def row_of(windows: list[Window], trials: int) -> Row:
    """Sum up what was measured."""
    live = [window for window in windows if window.is_live]
    pairs = [(one, two) for one, two in itertools.pairwise(windows) if one.is_live and not two.is_live]
    shares = tuple(100 * window.view_s / window.seconds for window in live)
    more = [100 * (one.driver_s / one.seconds - two.driver_s / two.seconds) for one, two in pairs]
    driver = 100 * sum(window.driver_s for window in windows) / sum(window.seconds for window in windows)
    spread = statistics.stdev(more) / len(more) ** 0.5 if len(more) > 1 else float("nan")
    changes = sum(window.changes for window in live) / sum(window.seconds for window in live)
    return Row(
        number=15,
        what=f"processor time of the live view in a terminal of {COLUMNS}x{ROWS}, in percent of the time of a search: "
        f"{trials:,} trials on digits, mlps in packs, two workers",
        against="the same search with --no-progress, in turn",
        reach=f"<= {MOST_PERCENT:g} %",
        values=shares,
        unit="%",
        held=judge(shares, at_most=MOST_PERCENT),
        context=f"driver {driver:.1f} % of a processor; with the view {statistics.mean(more):+.2f} ± {spread:.2f} % "
        f"({len(more)} pairs of windows); {changes:.0f} standings a second",
        machine=describe_machine(),
    )


if __name__ == "__main__":
    print(rows(Options(quick="--quick" in sys.argv))[0])
