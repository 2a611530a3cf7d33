"""Writes files atomically: a reader sees the old content or the new one, never a part."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from packtune.errors import RunError

TEMPORARY = ".tmp"


def make_folder(path: Path) -> Path:
    """Make a folder, if it is not there yet.

    Raises:
        RunError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot make the folder {path}: {error.strerror}: check the permissions, or choose another folder with "
            "--results"
        ) from error
    return path


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: a temporary file beside it, flushed to disk, then renamed.

    A link is followed. What is there and is no regular file, such as a pipe or a device, is opened and written to.

    Raises:
        RunError: the file cannot be written.
    """
    try:
        target = path.resolve()
        if target.exists() and not (target.is_file() or target.is_dir()):
            _write_into(target, content)
        else:
            _replace(target, content)
    except (OSError, RuntimeError) as error:  # before Python 3.13, a loop of links is a RuntimeError
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise RunError(f"cannot write {path}: {why}: {_advice(error)}") from error


def _write_into(target: Path, content: bytes) -> None:
    with target.open("wb") as file:
        file.write(content)


def _replace(target: Path, content: bytes) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}{TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError:
        with contextlib.suppress(OSError):  # on a disk that has become read-only, nothing can be removed either
            temporary.unlink()
        raise


def _advice(error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENOTDIR:
            return "make its folder first, or correct the path"
        case errno.EISDIR | errno.EBUSY:
            return "that is a folder, give the name of a file"
        case errno.EPIPE:
            return "its reader has gone"
        case errno.ELOOP:
            return "correct the links, which lead in a circle"
    return "free some space, or check the folder's permissions"


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, as UTF-8; see `write_bytes`. What UTF-8 lacks is written as backslash escapes."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))
