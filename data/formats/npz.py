"""The images in an .npz archive of NumPy. Nothing is unpickled, and a file cannot ask for more memory than its size."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from packtune.data.files import MAX_BYTES
from packtune.errors import CorruptFile

KEY = "images"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_NEEDED = f"an array {KEY!r} of uint8 [n, height, width] with every size at least 1"
_MAX_SHOWN = 200
_SAVE = f"Save it again with numpy.savez(path, {KEY}=...)"


def read(path: Path) -> npt.NDArray[np.uint8]:
    """Read the array `images`, uint8 [n, height, width], of an .npz archive.

    Raises:
        CorruptFile: the archive is damaged or has no such array, or the array has another dtype or shape.
    """
    return _parse(_read_entry(path), path)


def _read_entry(path: Path) -> bytes:
    """Read the bytes of the entry `images.npy` in the archive."""
    entry = f"{KEY}.npy"
    # For a damaged archive, zipfile may raise any of a dozen types of error.
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            n_bytes = archive.getinfo(entry).file_size if entry in names else 0
            # zipfile allocates memory for the compressed size that the archive gives.
            if entry in names and archive.getinfo(entry).compress_size > path.stat().st_size:
                raise zipfile.BadZipFile("an entry is larger than the archive")
            # NumPy uses no other method. For LZMA, zipfile allocates as much memory as the archive says.
            if entry in names and archive.getinfo(entry).compress_type not in METHODS:
                raise zipfile.BadZipFile("an entry is compressed by a method that NumPy never uses")
            content = archive.read(entry) if 0 < n_bytes <= MAX_BYTES else b""
    except Exception as error:
        raise _corrupt(path, f"is damaged ({_show(str(error))})") from error
    if entry not in names:
        keys = ", ".join(name.removesuffix(".npy") for name in names[:_MAX_SHOWN]) or "nothing"
        raise _corrupt(path, f"has no array {KEY!r}, but {_show(keys)}")
    if n_bytes > MAX_BYTES:
        raise _corrupt(path, f"is too large ({n_bytes:,} bytes, at most {MAX_BYTES:,} are allowed)")
    return content


def _parse(content: bytes, path: Path) -> npt.NDArray[np.uint8]:
    # numpy.load would allocate memory for the shape in the header before it compares that with the file's size.
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran_order, dtype = read_header(stream)
        # Inside the try, because Python cannot convert numbers of thousands of digits to text.
        described = _show(f"{dtype} {list(shape)}")
    except Exception as error:
        raise _corrupt(path, f"has a damaged array ({_show(str(error))})") from error
    if dtype != np.uint8 or len(shape) != 3 or min(shape) < 1:
        raise _corrupt(path, f"has the wrong array ({described})")
    n_bytes = len(content) - stream.tell()
    if n_bytes != math.prod(shape):
        raise _corrupt(path, f"is cut ({n_bytes:,} bytes for {described})")
    values = np.frombuffer(content, dtype=np.uint8, offset=stream.tell())
    return values.reshape(shape, order="F" if fortran_order else "C").copy(order="C")


def _show(text: str) -> str:
    """Cut text from a file, and replace control characters, before it is shown in a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_MAX_SHOWN])


def _corrupt(path: Path, what: str) -> CorruptFile:
    return CorruptFile(f"the .npz archive {path} {what}. Needed: {_NEEDED}. {_SAVE}")
