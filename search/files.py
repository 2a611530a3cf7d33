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

    Raises:
        RunError: the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):  # on a disk that has become read-only, nothing can be removed either
            temporary.unlink()
        raise RunError(f"cannot write {path}: {error.strerror}: {_advice(error)}") from error


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "make its folder first, or correct the path"
        case errno.EISDIR | errno.EBUSY:
            return "that is a folder, give the name of a file"
    return "free some space, or check the folder's permissions"


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, as UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))
