"""The views of a running search by name, and which of them fits: plain lines go everywhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from enum import StrEnum

from rich.console import Console

from packtune.dispatch.standing import Standing
from packtune.errors import SettingsError, suggest_name
from packtune.report.console import error_console, print_text, silence
from packtune.report.live.notebook import NotebookView
from packtune.report.live.progress import ProgressView, SilentView, Speed, describe
from packtune.report.live.terminal import LiveView

PLAIN_INTERVAL_S = 5.0


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


class QuietView(SilentView):
    """Shows nothing but what is said."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        print_text(self._console, text)


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


def view_for(console: Console, *, progress: bool = True) -> ForgivingView:
    """Choose the view that fits a console, and may fail without harm.

    Args:
        progress: false for one that shows nothing but what is said.
    """
    return ForgivingView(view_on(console) if progress else QuietView(console))


def view_on(console: Console) -> ProgressView:
    """Choose the view that fits a console."""
    is_live = console.is_terminal and not console.is_dumb_terminal
    return LiveView(console) if is_live else PlainView(console)


def _notebook_view() -> ProgressView:
    try:
        return NotebookView()
    except ImportError as error:
        raise SettingsError(
            f"the progress view 'notebook' needs IPython, which is not installed ({error}): install ipython, or "
            "choose another view"
        ) from error
