"""The lock that a process holds while it works on a run. It is free as soon as the process ends, however it does."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from packtune.errors import RunError

PATIENCE_S = 0.5
"""So long a process waits for a lock. To look whether it is held, another one holds it for a moment."""


@contextlib.contextmanager
def held(path: Path, run: str, *, look: str, taken: type[RunError] = RunError) -> Iterator[None]:
    """Hold the lock of a run for this process.

    Args:
        path: of the lock.
        run: its name, for errors.
        look: the command that shows the run, for errors.
        taken: the error if another process holds it.

    Raises:
        RunError: another process holds it, or the folder cannot be written.
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=PATIENCE_S)
    except Timeout as error:
        raise taken(in_use(run, look)) from error
    except OSError as error:
        raise RunError(
            f"cannot hold the run with {path}: {error.strerror}: free some space, or check the folder's permissions"
        ) from error
    try:
        yield
    finally:
        lock.release()


def in_use(run: str, look: str) -> str:
    """Say that another process holds a run; see `held`."""
    return f"the run {run!r} is in use by another process: wait for it, or stop it; `{look}` shows how far it is"


def is_held(path: Path) -> bool:
    """Tell whether a process holds a lock; nothing is written. One that cannot be opened counts as free."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
