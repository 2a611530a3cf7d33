"""The images in an .npz archive of NumPy, read within bounds and without unpickling anything."""

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
_ALLOWED = f"an array {KEY!r} of uint8 [n, height, width] with every size at least 1 allowed"
_MOST_SHOWN = 200
_SAVE = f"Save it again with numpy.savez(path, {KEY}=...)."


def read(path: Path) -> npt.NDArray[np.uint8]:
    """Read the array `images`, uint8 [n, height, width], of an .npz archive.

    Raises:
        CorruptFile: the archive is damaged, has no such array, or one of another dtype or shape.
    """
    return _parse(_read_member(path), path)


def _read_member(path: Path) -> bytes:
    """Read the bytes of the array's .npy file."""
    member = f"{KEY}.npy"
    # A damaged archive makes zipfile and its decompressors raise a dozen types of error.
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            n_bytes = archive.getinfo(member).file_size if member in names else 0
            # zipfile would allocate the packed size that the archive claims.
            if member in names and archive.getinfo(member).compress_size > path.stat().st_size:
                raise zipfile.BadZipFile("a member claims to be larger than the archive")
            # NumPy writes no other; the LZMA decompressor would allocate the dictionary that the archive claims.
            if member in names and archive.getinfo(member).compress_type not in METHODS:
                raise zipfile.BadZipFile("a member is packed in a way that NumPy never uses")
            content = archive.read(member) if 0 < n_bytes <= MAX_BYTES else b""
    except Exception as error:
        raise _corrupt("An .npz archive is damaged", f"{path} ({_show(str(error))})") from error
    if member not in names:
        keys = ", ".join(name.removesuffix(".npy") for name in names[:_MOST_SHOWN]) or "nothing"
        raise _corrupt(f"An .npz archive has no {KEY!r}", f"{path} with {_show(keys)}")
    if n_bytes > MAX_BYTES:
        raise _corrupt("An .npz archive is too large", f"{path} with {n_bytes:,} bytes")
    return content


def _parse(content: bytes, path: Path) -> npt.NDArray[np.uint8]:
    # numpy.load would allocate what the header claims before it looks whether that is there.
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran_order, dtype = read_header(stream)
        # Here, because a number of thousands of digits cannot be written out.
        described = _show(f"{dtype} {list(shape)}")
    except Exception as error:
        raise _corrupt("An .npz archive holds a damaged array", f"{path} ({_show(str(error))})") from error
    if dtype != np.uint8 or len(shape) != 3 or min(shape) < 1:
        raise _corrupt("An .npz archive holds the wrong array", f"{path} with {described}")
    n_bytes = len(content) - stream.tell()
    if n_bytes != math.prod(shape):
        raise _corrupt("An .npz archive is cut", f"{path} with {n_bytes:,} bytes for {described}")
    values = np.frombuffer(content, dtype=np.uint8, offset=stream.tell())
    return values.reshape(shape, order="F" if fortran_order else "C").copy(order="C")


def _show(text: str) -> str:
    """Keep what a file says from filling the terminal or steering it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_MOST_SHOWN])


def _corrupt(what: str, given: str) -> CorruptFile:
    return CorruptFile(f"{what}: {given} given, {_ALLOWED}. {_SAVE}")
