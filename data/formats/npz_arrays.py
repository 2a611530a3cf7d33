"""All arrays in an .npz archive of NumPy. Nothing is unpickled, and sizes are checked before memory is taken."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from packtune.data.files import readable
from packtune.errors import CorruptFile, DataError, MissingFiles

SUFFIX = ".npy"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How NumPy compresses; for another method, zipfile may allocate as much memory as the archive says."""
MAX_TOTAL = 2**36
"""The most bytes that are read if nobody says how much memory there is."""
_MAX_SHOWN = 200
_CHUNK_BYTES = 2**22
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What an archive says of an array.

    Attributes:
        is_fortran: whether the first axis is the one that varies fastest.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    is_fortran: bool

    @property
    def n_bytes(self) -> int:
        """The size of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def list_keys(path: Path) -> tuple[str, ...]:
    """List the names of the arrays in an archive.

    Raises:
        MissingFiles: the archive cannot be opened.
        CorruptFile: it is damaged, or no .npz archive.
    """
    names = list_members(path, SUFFIX)
    if not names:
        raise CorruptFile(
            f"{readable(str(path))} is a ZIP archive without NumPy's arrays; it has {show_keys(list_members(path))}: "
            "unpack it, and give the folder"
        )
    return names


def list_members(path: Path, suffix: str = "") -> tuple[str, ...]:
    """List the members of an archive whose names end so, without the ending of NumPy's arrays.

    Raises:
        MissingFiles: the archive cannot be opened.
        CorruptFile: it is damaged.
    """
    with _Archive(path) as archive:
        return tuple(name.removesuffix(SUFFIX) for name in archive.namelist() if name.endswith(suffix))


def header_of(path: Path, key: str) -> Header:
    """Read what an archive says of an array, and compare its size with that of the archive.

    Raises:
        CorruptFile: the archive is damaged, or has no such array.
    """
    with _Archive(path) as archive:
        return _look(archive, key, path)


def read_arrays(path: Path, keys: Iterable[str], max_bytes: int | None = None) -> dict[str, npt.NDArray[np.generic]]:
    """Read arrays of an archive by their names.

    Args:
        keys: names that `list_keys` gives.
        max_bytes: for all arrays together; none for 64 GiB.

    Raises:
        CorruptFile: the archive is damaged.
        DataError: an array holds Python's objects, or all need more memory.
    """
    with _Archive(path) as archive:
        headers = {key: _look(archive, key, path) for key in keys}
        _check_headers(headers, path, MAX_TOTAL if max_bytes is None else max_bytes)
        return {key: _read(archive, key, header) for key, header in headers.items()}


def show_keys(keys: Iterable[str]) -> str:
    """List names from an archive, up to a length that a message can hold."""
    text = readable(", ".join(keys))
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."


class _Archive:
    """An open archive. Whatever error zipfile or NumPy raise for a damaged one becomes `CorruptFile`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> zipfile.ZipFile:
        try:
            self._archive = zipfile.ZipFile(self._path)
        except OSError as error:
            raise MissingFiles(
                f"cannot read {readable(str(self._path))}: {error.strerror or error}: check its permissions"
            ) from error
        except Exception as error:
            raise self._corrupt(error) from error
        return self._archive

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._archive.close()
        if isinstance(error, Exception) and not isinstance(error, DataError):
            raise self._corrupt(error) from error

    def _corrupt(self, error: Exception) -> CorruptFile:
        reason = readable(str(error) or type(error).__name__)[:_MAX_SHOWN]
        return CorruptFile(
            f"the .npz archive {readable(str(self._path))} is damaged ({reason}): save it again with numpy.savez"
        )


def _look(archive: zipfile.ZipFile, key: str, path: Path) -> Header:
    """Read the header of an array, and compare its size with that of the archive."""
    info = archive.getinfo(key + SUFFIX)
    if info.compress_size > path.stat().st_size:  # zipfile allocates as much memory
        raise zipfile.BadZipFile("an entry is larger than the archive")
    if info.compress_type not in METHODS:
        raise zipfile.BadZipFile("an entry is compressed by a method that NumPy never uses")
    with archive.open(info) as stream:
        header, start = _read_header(stream)
    if not header.dtype.hasobject and header.n_bytes != info.file_size - start:
        raise zipfile.BadZipFile(
            f"the array {key} has {info.file_size - start:,} bytes, and its shape needs {header.n_bytes:,}"
        )
    return header


def _read_header(stream: IO[bytes]) -> tuple[Header, int]:
    shape, is_fortran, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
    return Header(shape=shape, dtype=dtype, is_fortran=is_fortran), stream.tell()


def _check_headers(headers: Mapping[str, Header], path: Path, max_bytes: int) -> None:
    pickled = [key for key, header in headers.items() if header.dtype.hasobject]
    if pickled:
        raise DataError(
            f"in {readable(str(path))}, these arrays hold Python's objects, which are never read, since they can run "
            f"code: {show_keys(pickled)}. Save them as numbers or words: numpy.savez(path, labels=labels.astype(str)), "
            "and images of one size as numpy.stack(images)"
        )
    needed = sum(header.n_bytes for header in headers.values())
    if needed > max_bytes:
        raise DataError(
            f"the arrays in {readable(str(path))} need {needed / 2**30:.2f} GiB of memory, and {max_bytes / 2**30:.2f} "
            "GiB may be used: save images as uint8, smaller ones, or fewer examples"
        )


def _read(archive: zipfile.ZipFile, key: str, header: Header) -> npt.NDArray[np.generic]:
    """Read the values of an array straight into their place."""
    flat = np.empty(math.prod(header.shape), dtype=header.dtype)
    place = flat.view(np.uint8) if flat.size and header.dtype.itemsize else np.empty(0, dtype=np.uint8)
    with archive.open(key + SUFFIX) as stream:
        _read_header(stream)
        for start in range(0, len(place), _CHUNK_BYTES):
            chunk = stream.read(min(_CHUNK_BYTES, len(place) - start))
            place[start : start + len(chunk)] = np.frombuffer(chunk, dtype=np.uint8)
        if stream.read(1):  # also compares the checksum
            raise zipfile.BadZipFile(f"the array {key} goes on after its end")
    return np.ascontiguousarray(flat.reshape(header.shape, order="F" if header.is_fortran else "C"))
