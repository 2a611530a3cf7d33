"""Reading the bytes of a file, up to a limit, and showing its name. Knows nothing about formats."""

from __future__ import annotations

import os
from pathlib import Path

from packtune.errors import CorruptFile, MissingFiles

MAX_BYTES = 2**30
"""The largest file that is read, in bytes. With this limit, a wrong or hostile file cannot fill the memory."""


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a file of at most `max_bytes`.

    Raises:
        MissingFiles: the file is not there or cannot be opened.
        CorruptFile: the file is larger.
    """
    try:
        with path.open("rb") as file:
            n_bytes = os.fstat(file.fileno()).st_size
            content = file.read(n_bytes) if n_bytes <= max_bytes else b""
    except OSError as error:
        raise MissingFiles(
            f"cannot read {path}: {error.strerror or error}: check the path and its permissions"
        ) from error
    if n_bytes > max_bytes:
        raise CorruptFile(
            f"{path} is too large: it has {n_bytes:,} bytes, and at most {max_bytes:,} are allowed: "
            "check that it is the right file"
        )
    return content


def readable(name: str) -> str:
    """Give a file's name as text that every file, table and terminal can hold, in one line.

    A byte that is not UTF-8 (PEP 383) and a control character become backslash escapes: `caf\\xe9`.
    """
    if name.isascii() and name.isprintable():
        return name  # most names, of which there may be many
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
