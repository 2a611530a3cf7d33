"""What every reading of a foreign file is held to: time, memory, silence, and an error that people can use.

Knows nothing about formats.
"""

from __future__ import annotations

import contextlib
import resource
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CPU_S = 10
MAX_NEW_BYTES = 2**29
"""What a reading may take beyond what is taken already: far above the files tried here, far below one that lies."""

MAX_MESSAGE = 3000
_STATUS = Path("/proc/self/status")


class Hang(BaseException):
    """A reading takes too long; no reader's `except Exception` may swallow it."""


def attempt(read: Callable[[Path], Any], path: Path, allowed: tuple[type[Exception], ...], *, marker: Path) -> Any:
    """Read a file: what `read` gives, or none if it raised one of the allowed errors.

    Args:
        marker: where code in the file would leave a trace.

    Raises:
        AssertionError: code was run, memory filled, a warning given, or an error says nothing that people can use.
        Hang: it took more than CPU_S seconds of processor time.
    """
    try:
        with _warnings_are_faults(), _bounded_memory(), _bounded_time():
            return read(path)
    except allowed as error:
        _check_error(error)
        return None
    finally:
        assert not marker.exists(), "code of the file was run"


def _check_error(error: Exception) -> None:
    message = str(error)
    assert message, f"{type(error).__name__} says nothing"
    assert len(message) <= MAX_MESSAGE, f"{len(message)} characters of message: {message[:200]} ..."
    # An escape sequence of a file's would reach the terminal.
    assert all(c.isprintable() or c in "\n\t" for c in message), f"unprintable characters in {message!r}"
    cause = error.__cause__ or error.__context__
    while cause is not None:
        refused = isinstance(cause, MemoryError) or "allocate memory" in str(cause) or "not enough memory" in str(cause)
        assert not refused, f"only the system refused to allocate: {cause!r}"
        cause = cause.__cause__ or cause.__context__


@contextlib.contextmanager
def _warnings_are_faults() -> Iterator[None]:
    # As an error, a warning would be swallowed by a reader that turns every exception into its own.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert not caught, f"a warning was given: {caught[0].message}"


@contextlib.contextmanager
def _bounded_time() -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise Hang(f"more than {CPU_S} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def _bounded_memory() -> Iterator[None]:
    """Let the system refuse what goes beyond MAX_NEW_BYTES, reserved or filled."""
    if not _STATUS.exists():
        yield  # only Linux tells what is taken already
        return
    taken = next(int(line.split()[1]) * 1024 for line in _STATUS.read_text().splitlines() if line.startswith("VmSize:"))
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + MAX_NEW_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
