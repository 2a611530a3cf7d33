"""The IDX file format of MNIST, plain or gzipped. Knows nothing about the meaning of the numbers.

A file has two zero bytes, a byte for the type of the numbers, a byte for the number of dimensions, the size of each
dimension as a big-endian uint32, and the values in row-major order (described on http://yann.lecun.com/exdb/mnist/).
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from packtune.data.files import MAX_BYTES, read_bytes
from packtune.errors import CorruptFile

MAGIC = b"\x00\x00\x08"
GZIP_MAGIC = b"\x1f\x8b"
MAX_DIMENSIONS = 32
"""The largest number of dimensions that every version of NumPy supports."""

_TYPE_NAMES = {0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}
_CHUNK_BYTES = 1 << 20
_GET_ORIGINAL = "get the original file again"


def read(path: Path) -> npt.NDArray[np.uint8]:
    """Read an IDX file, plain or gzipped. The name of the file does not matter.

    Raises:
        MissingFiles: the file cannot be opened.
        CorruptFile: the content is no IDX array of uint8, or it is damaged.
    """
    return parse(read_bytes(path), source=str(path))


def parse(content: bytes, *, source: str) -> npt.NDArray[np.uint8]:
    """Convert the bytes of an IDX file, plain or gzipped, to a writable array.

    Args:
        content: the file's bytes.
        source: the file's name, for the error messages.

    Returns:
        uint8 array with 1 to 32 dimensions, in the shape from the file's header.

    Raises:
        CorruptFile: the content is no IDX array of uint8, or it is cut, too long or damaged.
    """
    plain = decompress(content, source)
    shape = _read_shape(plain, source)
    start = len(MAGIC) + 1 + 4 * len(shape)
    _check_body(shape, len(plain) - start, source)
    return np.frombuffer(plain, dtype=np.uint8, offset=start).reshape(shape).copy()


def write(array: npt.NDArray[np.uint8]) -> bytes:
    """Convert a uint8 array with 1 to 32 dimensions to the bytes of a plain IDX file.

    Raises:
        ValueError: the array has another dtype or number of dimensions.
    """
    if array.dtype != np.uint8 or not 1 <= array.ndim <= MAX_DIMENSIONS:
        raise ValueError(
            f"cannot write {array.dtype} with {array.ndim} dimensions as IDX: give uint8 with 1 to {MAX_DIMENSIONS} "
            "dimensions"
        )
    header = MAGIC + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def decompress(content: bytes, source: str, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Unpack gzip content; return any other content as it is.

    Args:
        content: the file's bytes.
        source: the file's name, for the error messages.
        max_bytes: the largest unpacked size, so that a small file cannot fill the memory.

    Raises:
        CorruptFile: the gzip content is damaged, cut, too large, or followed by other bytes.
    """
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return _unpack(content, source, max_bytes)
    except EOFError as error:
        raise CorruptFile(
            f"the gzip file {source} is cut: it ends after {len(content):,} bytes: {_GET_ORIGINAL}"
        ) from error
    except (OSError, zlib.error) as error:
        raise CorruptFile(f"the gzip file {source} is damaged ({error}): {_GET_ORIGINAL}") from error


def _unpack(content: bytes, source: str, max_bytes: int) -> bytes:
    plain = bytearray()
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        while chunk := file.read(_CHUNK_BYTES):
            plain += chunk
            if len(plain) > max_bytes:
                raise CorruptFile(
                    f"the gzip file {source} is too large: it unpacks to more than {max_bytes:,} bytes: "
                    "check that it is the right file"
                )
    return bytes(plain)


def _read_shape(plain: bytes, source: str) -> tuple[int, ...]:
    if not plain.startswith(MAGIC[:2]) or len(plain) < 4:
        raise CorruptFile(
            f"{source} is no IDX file: it begins with {plain[:4].hex(' ') or 'nothing'}, and not with 00 00 08 and the "
            "number of dimensions: check that it is the right file"
        )
    type_code, n_dimensions = plain[2], plain[3]
    if type_code != MAGIC[2]:
        given = _TYPE_NAMES.get(type_code, "unknown type")
        raise CorruptFile(
            f"the IDX file {source} has numbers of type {given} (0x{type_code:02x}), but only uint8 (0x08) is allowed: "
            "convert it to uint8"
        )
    if not 1 <= n_dimensions <= MAX_DIMENSIONS:
        raise CorruptFile(
            f"the IDX file {source} has {n_dimensions} dimensions, but 1 to {MAX_DIMENSIONS} are allowed: "
            f"{_GET_ORIGINAL}"
        )
    expected = 4 + 4 * n_dimensions
    if len(plain) < expected:
        raise CorruptFile(
            f"the IDX file {source} is cut in its header: it has {len(plain)} bytes, but needs at least {expected}: "
            f"{_GET_ORIGINAL}"
        )
    return struct.unpack_from(f">{n_dimensions}I", plain, 4)


def _check_body(shape: tuple[int, ...], given: int, source: str) -> None:
    """Compare the size from the header with the size of the file, before memory is allocated for it."""
    expected = math.prod(shape)
    # NumPy leaves out zeros when it multiplies the sizes: even an empty array can be too large for it.
    if expected == given and math.prod(filter(None, shape)) <= MAX_BYTES:
        return
    what = "is cut" if given < expected else "has bytes after its end" if given > expected else "is too large"
    raise CorruptFile(
        f"the IDX file {source} {what}: it has {given:,} bytes of values, and its shape {list(shape)} needs "
        f"{expected:,}: {_GET_ORIGINAL}"
    )
