"""Reading a file's bytes, within bounds. Knows nothing about formats."""

from __future__ import annotations

import os
from pathlib import Path

from packtune.errors import CorruptFile, MissingFiles

MAX_BYTES = 2**30
"""No file here is near 1 GiB; the bound keeps a wrong or hostile one from filling the memory."""


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a whole file of at most `max_bytes`.

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
            f"A file cannot be read: {path} given ({error.strerror or error}), a readable file allowed. "
            "Check the path and its permissions."
        ) from error
    if n_bytes > max_bytes:
        raise CorruptFile(
            f"A file is too large: {path} with {n_bytes:,} bytes given, at most {max_bytes:,} bytes allowed. "
            "Check that it is the right file."
        )
    return content
