"""Shows a run in a view, look after look, for as long as another process carries it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from packtune.dispatch.standing import Standing
from packtune.report.live.progress import ProgressView
from packtune.run.watching.looks import Look, Watcher


def follow(watcher: Watcher, view: ProgressView, pause: Callable[[], None]) -> None:
    """Show a run until it is not going on. The view is told what is new, and stays open.

    Args:
        pause: called between two looks.

    Raises:
        RunError: see `Watcher.look`.
    """
    shown = Look()
    while (look := watcher.look()) is not None:
        for text in look.said:
            view.say(text)
        if look.standing is not None and _facts(look.standing) != _facts(shown.standing):
            view.show(look.standing)
        if look.stage and look.stage != shown.stage:
            view.stage(look.stage)
        shown = look
        pause()


def _facts(standing: Standing | None) -> Standing | None:
    """Leave out the time left, which gets shorter by itself."""
    return None if standing is None else replace(standing, pace=None)
