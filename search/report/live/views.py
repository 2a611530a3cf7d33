"""The views of a running search: a live line in a terminal or in a notebook, plain lines elsewhere."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from packtune.dispatch.standing import Standing
from packtune.errors import SettingsError, suggest_name
from packtune.report.console import error_console, print_text, silence
from packtune.report.live.progress import ProgressView, SilentView, Speed, completed, describe

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

PLAIN_INTERVAL_S = 5.0
NOTEBOOK_INTERVAL_S = 0.5
NARROW = 50
"""In a terminal of fewer columns the bar is left out: the words beside it would be broken."""


class Progress(StrEnum):
    """The views by name."""

    NONE = "none"
    PLAIN = "plain"
    TERMINAL = "terminal"
    NOTEBOOK = "notebook"


class PlainView(ProgressView):
    """Lines of text, at most one every few seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._speed = Speed(clock)
        self._last_s = -PLAIN_INTERVAL_S
        self._standing: Standing | None = None
        self._shown: Standing | None = None

    def stage(self, text: str) -> None:
        self._print(f"{text} ...")

    def show(self, standing: Standing) -> None:
        self._standing = standing
        self._speed.note(standing)
        if self._clock() - self._last_s >= PLAIN_INTERVAL_S:
            self._flush()

    def say(self, text: str) -> None:
        self._print(text)

    def close(self) -> None:
        if self._standing != self._shown:
            self._flush()

    def _flush(self) -> None:
        if self._standing is None:
            return
        self._last_s = self._clock()
        self._shown = self._standing
        self._print(f"{describe(self._standing)}{self._speed.describe(self._standing)}")

    def _print(self, text: str) -> None:
        print_text(self._console, text)


class LiveView(ProgressView):
    """A progress bar that is drawn in place."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._speed = Speed(clock)
        self._clock = clock
        self._stage = ""
        self._standing: Standing | None = None
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4, transient=False)
        self._live.start()

    def stage(self, text: str) -> None:
        self._stage = text

    def show(self, standing: Standing) -> None:
        self._speed.note(standing)
        self._standing = standing  # which another thread draws

    def say(self, text: str) -> None:
        print_text(self._live.console, text)

    def close(self) -> None:
        self._stage = ""
        self._live.stop()

    def _render(self) -> Table | Text:
        standing = self._standing
        if standing is None:
            return Text(f"{self._stage} ..." if self._stage else "")
        words = Text(f"{describe(standing)}{self._speed.describe(standing)}", overflow="fold")
        if self._live.console.width < NARROW:
            return words
        grid = Table.grid(padding=(0, 1))
        grid.add_row(ProgressBar(total=standing.trials, completed=completed(standing), width=24), words)
        return grid


class NotebookView(ProgressView):
    """A progress bar that is updated in the output of a notebook's cell; what is said stays below it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        from IPython.display import HTML, display

        self._html = HTML
        self._clock = clock
        self._speed = Speed(clock)
        self._shown_s = -NOTEBOOK_INTERVAL_S
        self._bar = ""
        self._said: list[str] = []
        self._handle: DisplayHandle = display(HTML(""), display_id=True)

    def stage(self, text: str) -> None:
        self._bar = html.escape(f"{text} ...")
        self._update()

    def show(self, standing: Standing) -> None:
        self._speed.note(standing)
        words = html.escape(f"{describe(standing)}{self._speed.describe(standing)}")
        self._bar = f'<progress max="{standing.trials}" value="{completed(standing):.2f}"></progress> {words}'
        if self._clock() - self._shown_s >= NOTEBOOK_INTERVAL_S:
            self._update()

    def say(self, text: str) -> None:
        self._said.append(html.escape(text))
        self._update()

    def close(self) -> None:
        self._update()

    def _update(self) -> None:
        self._shown_s = self._clock()
        html_of = self._html
        self._handle.update(html_of("<br>".join([self._bar, *self._said])))  # type: ignore[no-untyped-call]


class ForgivingView(ProgressView):
    """Shows progress in another view until that view cannot be written, and nothing from then on.

    A closed pipe, a full disk or a strict encoding must not end a search.

    Attributes:
        view: the other view; a silent one once it could not be written.
    """

    def __init__(self, view: ProgressView) -> None:
        self.view = view

    def stage(self, text: str) -> None:
        self._try(lambda: self.view.stage(text))

    def show(self, standing: Standing) -> None:
        self._try(lambda: self.view.show(standing))

    def say(self, text: str) -> None:
        self._try(lambda: self.view.say(text))

    def close(self) -> None:
        self._try(self.view.close)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, UnicodeError):
            self.view = SilentView()
            silence(sys.stderr)


def make_view(wanted: Progress | str | ProgressView | None) -> ProgressView:
    """Make a view from its name; a view that is given is used as it is.

    Raises:
        SettingsError: no view has that name, or its package is not installed.
    """
    if isinstance(wanted, ProgressView):
        return wanted
    name = Progress.NONE if wanted is None else wanted
    if name not in list(Progress):
        raise SettingsError(f"unknown progress view {name!r}.{suggest_name(name, Progress)}")
    match Progress(name):
        case Progress.PLAIN:
            return ForgivingView(PlainView(error_console()))
        case Progress.TERMINAL:
            return ForgivingView(LiveView(error_console()))
        case Progress.NOTEBOOK:
            return _notebook_view()
        case Progress.NONE:
            return SilentView()


def view_for(console: Console) -> ForgivingView:
    """Choose the view that fits a console."""
    is_live = console.is_terminal and not console.is_dumb_terminal
    return ForgivingView(LiveView(console) if is_live else PlainView(console))


def _notebook_view() -> ProgressView:
    try:
        return NotebookView()
    except ImportError as error:
        raise SettingsError(
            f"the progress view 'notebook' needs IPython, which is not installed ({error}): install ipython, or "
            "choose another view"
        ) from error
