"""The images in an .npz archive of NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from packtune.data.files import MAX_BYTES, readable
from packtune.data.formats.npz_arrays import header_of, list_members, read_arrays, show_keys
from packtune.errors import CorruptFile

KEY = "images"
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_NEEDED = f"an array {KEY!r} of uint8 [n, height, width] with every size at least 1"
_SAVE = f"Save it again with numpy.savez(path, {KEY}=...)"


def read(path: Path) -> npt.NDArray[np.uint8]:
    """Read the array `images`, uint8 [n, height, width], of an .npz archive.

    Raises:
        MissingFiles: the archive cannot be opened.
        CorruptFile: the archive is damaged or has no such array, or the array has another dtype or shape.
        DataError: it is too large.
    """
    keys = list_members(path)
    if KEY not in keys:
        raise _corrupt(path, f"has no array {KEY!r}, but {show_keys(keys) or 'nothing'}")
    header = header_of(path, KEY)
    if header.dtype != np.uint8 or len(header.shape) != 3 or min(header.shape) < 1:
        raise _corrupt(path, f"has the wrong array ({header.dtype} {list(header.shape)})")
    return read_arrays(path, [KEY], MAX_BYTES)[KEY].astype(np.uint8, copy=False)


def _corrupt(path: Path, what: str) -> CorruptFile:
    return CorruptFile(f"the .npz archive {readable(str(path))} {what}. Needed: {_NEEDED}. {_SAVE}")
