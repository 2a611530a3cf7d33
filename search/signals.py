"""The signals that end a program, and what they do before a search listens to them. Knows nothing of searches."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""SIGHUP comes when a terminal or an SSH session is closed."""

Handler = Callable[[int, FrameType | None], None]


def exit_code(number: int) -> int:
    """Give the exit code of a program that a signal ended, as shells have it: 130, 143 or 129."""
    return 128 + number


def end_on_signals() -> None:
    """Let each of `SIGNALS` end this process at once, from now on. For the main thread only.

    The system does the same by itself, except for the first process of a container: it gets no signal for which it has
    no handler.
    """
    handle_signals(_end)


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Let each of `SIGNALS` raise a KeyboardInterrupt with its number in the block; outside the main thread, nothing.

    The handlers that were there come back at the end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with handlers_kept():
        handle_signals(_interrupt)
        yield


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Put back at the end of the block the handlers that were there before it."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def handle_signals(handler: Handler) -> None:
    """Set the handler of each of `SIGNALS`, except of one that is ignored, as `nohup` wants it."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(exit_code(number))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number))
