"""A part of a terminal that is drawn again and again, in a thread of its own that takes little time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.live import Live

from packtune.report.console import print_text

QUICKEST_S, SLOWEST_S = 0.25, 5.0
TIME_SHARE = 1 / 300
"""Of one processor, that drawing takes at most: after each drawing the thread rests so much longer."""


class Area:
    """Draws at once, then again and again until it is closed. What is said scrolls by above it.

    Args:
        draw: gives what is shown now; called in another thread.

    Attributes:
        failure: why it draws no more; none while all is well.
        spent_s: seconds of processor time that the thread has spent on drawing.
    """

    def __init__(self, console: Console, draw: Callable[[], RenderableType]) -> None:
        self.failure: Exception | None = None
        self.spent_s = 0.0
        self._over = threading.Event()
        self._live = Live(
            console=console, get_renderable=draw, auto_refresh=False, transient=False, vertical_overflow="crop"
        )
        self._live.start(refresh=True)
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """Print a line above the area, for good."""
        print_text(self._live.console, text)

    def close(self) -> None:
        """Draw once more, and leave that on the screen."""
        self._over.set()
        self._thread.join()
        self._live.stop()

    def _go_on(self) -> None:
        pause_s = QUICKEST_S
        while not self._over.wait(pause_s):
            began_s = time.thread_time()
            try:
                self._live.refresh()
            except (OSError, UnicodeError, ValueError) as error:  # nobody can read it; the search goes on
                self.failure = error
                return
            took_s = time.thread_time() - began_s
            self.spent_s += took_s
            pause_s = min(SLOWEST_S, max(QUICKEST_S, took_s / TIME_SHARE))
