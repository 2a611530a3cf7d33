"""The IDX file format of MNIST, plain or gzipped. Knows nothing about what the numbers mean.

A file is two zero bytes, a type byte, the number of dimensions, each dimension as a big-endian uint32, then
the values in row-major order (described on http://yann.lecun.com/exdb/mnist/).
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
"""As many dimensions as every NumPy takes."""

_TYPE_NAMES = {0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}
_CHUNK_BYTES = 1 << 20
_GET_ORIGINAL = "Get the original file again."


def read(path: Path) -> npt.NDArray[np.uint8]:
    """Read an IDX file, plain or gzipped, whatever its name.

    Raises:
        MissingFiles: the file cannot be opened.
        CorruptFile: the content is no IDX array of uint8.
    """
    return parse(read_bytes(path), source=str(path))


def parse(content: bytes, *, source: str) -> npt.NDArray[np.uint8]:
    """Turn the bytes of an IDX file, plain or gzipped, into a writable array.

    Args:
        content: the file's bytes.
        source: the file's name, for the error messages.

    Returns:
        uint8 array with 1 to 32 dimensions, of the shape that the header says.

    Raises:
        CorruptFile: the content is no IDX array of uint8, or is cut, too long or damaged.
    """
    plain = decompress(content, source)
    shape = _read_shape(plain, source)
    start = len(MAGIC) + 1 + 4 * len(shape)
    _check_body(shape, len(plain) - start, source)
    return np.frombuffer(plain, dtype=np.uint8, offset=start).reshape(shape).copy()


def write(array: npt.NDArray[np.uint8]) -> bytes:
    """Turn a uint8 array with 1 to 32 dimensions into the bytes of a plain IDX file.

    Raises:
        ValueError: another dtype or number of dimensions.
    """
    if array.dtype != np.uint8 or not 1 <= array.ndim <= MAX_DIMENSIONS:
        raise ValueError(
            f"An array cannot be written as IDX: {array.dtype} with {array.ndim} dimensions given, "
            f"uint8 with 1 to {MAX_DIMENSIONS} allowed. Convert or reshape it first."
        )
    header = MAGIC + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def decompress(content: bytes, source: str, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Unpack gzip content; give any other content back as it is.

    Args:
        content: the file's bytes.
        source: the file's name, for the error messages.
        max_bytes: the most that may come out, so that a small file cannot fill the memory.

    Raises:
        CorruptFile: the gzip data are damaged, cut, followed by something else, or too large.
    """
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return _unpack(content, source, max_bytes)
    except EOFError as error:
        raise CorruptFile(
            f"A gzip file is cut: {source} with {len(content):,} packed bytes given, one that is complete "
            f"allowed. {_GET_ORIGINAL}"
        ) from error
    except (OSError, zlib.error) as error:
        raise CorruptFile(
            f"A gzip file is damaged: {source} given ({error}), one that unpacks allowed. {_GET_ORIGINAL}"
        ) from error


def _unpack(content: bytes, source: str, max_bytes: int) -> bytes:
    plain = bytearray()
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        while chunk := file.read(_CHUNK_BYTES):
            plain += chunk
            if len(plain) > max_bytes:
                raise CorruptFile(
                    f"A gzip file is too large: {source} with more than {max_bytes:,} bytes unpacked given, "
                    "at most that many allowed. Check that it is the right file."
                )
    return bytes(plain)


def _read_shape(plain: bytes, source: str) -> tuple[int, ...]:
    if not plain.startswith(MAGIC[:2]) or len(plain) < 4:
        raise CorruptFile(
            f"A file is not in IDX format: {source} beginning with {plain[:4].hex(' ') or 'nothing'} given, "
            "00 00 08 and the number of dimensions allowed. Check that it is the right file."
        )
    type_code, n_dimensions = plain[2], plain[3]
    if type_code != MAGIC[2]:
        given = _TYPE_NAMES.get(type_code, "unknown type")
        raise CorruptFile(
            f"An IDX file holds another type of number: {source} with {given} (0x{type_code:02x}) given, "
            "uint8 (0x08) allowed. Convert it to 8-bit values first."
        )
    if not 1 <= n_dimensions <= MAX_DIMENSIONS:
        raise CorruptFile(
            f"An IDX file has an unusable number of dimensions: {source} with {n_dimensions} given, "
            f"1 to {MAX_DIMENSIONS} allowed. {_GET_ORIGINAL}"
        )
    expected = 4 + 4 * n_dimensions
    if len(plain) < expected:
        raise CorruptFile(
            f"An IDX file is cut within its header: {source} with {len(plain)} bytes given, "
            f"at least {expected} allowed. {_GET_ORIGINAL}"
        )
    return struct.unpack_from(f">{n_dimensions}I", plain, 4)


def _check_body(shape: tuple[int, ...], given: int, source: str) -> None:
    """Compare the header's claim with what is there, before anything is allocated from it."""
    expected = math.prod(shape)
    # NumPy multiplies the sizes leaving out zeros, so an empty array can be too large for it as well.
    if expected == given and math.prod(filter(None, shape)) <= MAX_BYTES:
        return
    what = "is cut" if given < expected else "has bytes after its end" if given > expected else "is too large"
    raise CorruptFile(
        f"An IDX file {what}: {source} with {given:,} bytes of values given, {expected:,} for its shape "
        f"{list(shape)} allowed. {_GET_ORIGINAL}"
    )
