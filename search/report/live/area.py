"""A part of a terminal that is drawn again and again, in a thread of its own that takes little time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType
from rich.text import Text

from packtune.report.console import print_text

QUICKEST_S, SLOWEST_S = 0.25, 5.0
TIME_SHARE = 1 / 300
"""Of one processor, that drawing takes at most: after each drawing the thread rests so much longer."""
REFLOWING = (
    *("TMUX", "VTE_VERSION", "KONSOLE_VERSION", "KITTY_WINDOW_ID", "ALACRITTY_WINDOW_ID", "WEZTERM_PANE"),
    *("WT_SESSION", "ITERM_SESSION_ID", "GHOSTTY_RESOURCES_DIR", "VSCODE_INJECTION"),
)
"""Variables that tell of a terminal which breaks long lines anew when it becomes narrower."""
NOT_REFLOWING = "STY"
"""The variable of GNU screen, which passes on the variables of the terminal that it runs in."""
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"
"""Lines that are too long are cut: the terminal may become narrower after its size was asked for."""


class Area:
    """Draws again and again, once it is begun and until it is closed. What is said scrolls by above it.

    Args:
        draw: gives what is shown now; called in another thread.
        environment: variables, by which the terminal is known.

    Attributes:
        failure: why it draws no more; none while all is well.
        spent_s: seconds of processor time that the thread has spent on drawing.
    """

    def __init__(
        self, console: Console, draw: Callable[[], RenderableType], environment: Mapping[str, str] = os.environ
    ) -> None:
        self.failure: Exception | None = None
        self.spent_s = 0.0
        self._console = console
        self._draw = draw
        self._reflows = NOT_REFLOWING not in environment and any(name in environment for name in REFLOWING)
        self._columns = console.width
        self._widths: list[int] = []  # of the lines that were drawn last
        self._drawing = threading.RLock()
        self._over = threading.Event()
        self._live = Live(
            console=console, get_renderable=self._drawn, auto_refresh=False, transient=False, vertical_overflow="crop"
        )
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._has_begun = False

    def begin(self) -> None:
        """Begin to draw, if that has not begun: an area with nothing in it would leave a blank line."""
        if not self._has_begun:
            self._has_begun = True
            self._live.start()
            self._thread.start()

    def say(self, text: str) -> None:
        """Print a line above the area, for good."""
        with self._drawing:
            self._erase_broken_lines()
            print_text(self._console, text)

    def close(self) -> None:
        """Draw once more, and leave that on the screen."""
        if not self._has_begun:
            return
        self._over.set()
        if self._thread.ident is not None:  # else the terminal could not be written from the beginning
            self._thread.join()
        self._erase_broken_lines()
        self._live.stop()
        self._widths = []  # what is said from now on stands below, and nothing above is drawn again

    def _go_on(self) -> None:
        pause_s = QUICKEST_S
        while not self._over.wait(pause_s):
            began_s = time.thread_time()
            try:
                with self._drawing:
                    self._refresh()
            except (OSError, UnicodeError, ValueError) as error:  # nobody can read it; the search goes on
                self.failure = error
                return
            took_s = time.thread_time() - began_s
            self.spent_s += took_s
            pause_s = min(SLOWEST_S, max(QUICKEST_S, took_s / TIME_SHARE))

    def _refresh(self) -> None:
        self._erase_broken_lines()
        self._console.file.write(NO_WRAP)
        try:
            self._live.refresh()
        finally:
            self._console.file.write(WRAP)
            self._console.file.flush()

    def _drawn(self) -> RenderableType:
        drawn = self._draw()
        self._widths = [cell_len(line) for line in drawn.plain.split("\n")] if isinstance(drawn, Text) else []
        return drawn

    def _erase_broken_lines(self) -> None:
        """Erase what lines have become more when the terminal became narrower. The rest is erased by drawing."""
        columns, before = self._console.width, self._columns
        self._columns = columns
        if not self._reflows or columns >= before:
            return
        more = sum(max(0, -(-width // columns) - 1) for width in self._widths)
        self._console.control(*[Control((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))] * more)
