"""Finds out what a path is, and reads it."""

from __future__ import annotations

import difflib
import gzip
import os
import zlib
from pathlib import Path

from packtune.data.files import readable
from packtune.data.formats import idx, npz, pictures
from packtune.data.options import DataOptions
from packtune.data.reading.arrays.archives import read_archive
from packtune.data.reading.arrays.idx_folder import find_idx_folder, read_idx_folder
from packtune.data.reading.pictures.album import Means
from packtune.data.reading.pictures.class_folders import find_splits, is_class_folders, read_class_folders
from packtune.data.reading.raw import Progress, RawData
from packtune.data.reading.walking import list_entries, list_files
from packtune.errors import CorruptFile, DataError, MissingFiles, SettingsError

START_BYTES = 4096
"""As many bytes tell whether a file is text."""
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".csv.gz", ".tsv.gz")
_ALLOWED = (
    "Allowed are a folder with a folder of pictures for each class, a folder of IDX files, an .npz archive, or a .csv, "
    ".tsv or .parquet table with --target COLUMN"
)


def read(
    path: Path,
    options: DataOptions,
    progress: Progress | None = None,
    *,
    memory_bytes: int | None = None,
    cpus: int | None = None,
) -> RawData:
    """Read a data set from a file or a folder, whatever it is.

    Args:
        path: see `_ALLOWED`; what it is, is found out from the content.
        options: which column is the target, and to which size pictures are scaled.
        progress: called while pictures are read.
        memory_bytes: that the examples may need; none for no limit.
        cpus: processors that may be used; none for all that this process may run on.

    Raises:
        MissingFiles: there is no such path, it cannot be opened, or the folder is empty.
        CorruptFile: a file is damaged, or has no known format.
        DataError: the examples or the labels cannot be used.
        SettingsError: an option does not fit the data.
    """
    check_exists(path)
    if path.is_dir():
        means = Means(memory_bytes=memory_bytes, cpus=cpus or _count_cpus(), progress=progress)
        return _read_folder(path, options, means)
    start = read_start(path)
    if start.startswith(npz.ZIP_MAGICS):
        return read_archive(path, options, memory_bytes)
    if is_table(path, start):
        from packtune.data.reading.tables import read_table

        table: RawData = read_table(path, options, progress, memory_bytes=memory_bytes)
        return table
    raise _refused(path, start)


def _read_folder(folder: Path, options: DataOptions, means: Means) -> RawData:
    if not list_entries(folder):
        raise MissingFiles(f"the folder {readable(str(folder))} is empty. {_ALLOWED}: check the path")
    idx_folder = find_idx_folder(folder)
    if idx_folder is not None:
        return read_idx_folder(idx_folder, options)
    if find_splits(folder) or is_class_folders(folder):
        if options.target:
            raise SettingsError(
                f"target = {', '.join(options.target)} is not allowed with a folder of pictures, where the names of "
                "the folders are the classes: leave it out"
            )
        return read_class_folders(folder, options.image_size, means)
    raise _no_data_in(folder)


def _no_data_in(folder: Path) -> DataError:
    given = readable(str(folder))
    files = list_files(folder)
    loose = [file for file in files if file.name.lower().endswith(pictures.SUFFIXES)]
    if loose:
        return DataError(
            f"{len(loose):,} pictures lie in {given} itself, such as {readable(loose[0].name)}, so that nothing says "
            "their classes: move them into a folder for each class, such as cats/1.png and dogs/2.png"
        )
    readables = [file for file in files if file.name.lower().endswith((*TABLE_SUFFIXES, ".npz"))]
    if readables:
        return DataError(
            f"{given} has no folders of pictures, but it has {readable(readables[0].name)}: did you mean "
            f"{readable(str(readables[0]))}?"
        )
    shown = ", ".join(readable(entry.name) for entry in list_entries(folder)[:3])
    return MissingFiles(f"no pictures are in {given}; it has {shown}. {_ALLOWED}: check the path")


def check_exists(path: Path) -> None:
    """Refuse a path where nothing is, and name one like it.

    Raises:
        MissingFiles: there is nothing.
    """
    if os.path.exists(path):
        return
    given = readable(str(path))
    try:
        names = [entry.name for entry in list_entries(path.parent)]
    except MissingFiles:
        parent = readable(str(path.parent))
        raise MissingFiles(f"there is no {given}, nor a folder {parent} that can be read: check the path") from None
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    meant = f": did you mean {readable(str(path.parent / near[0]))}?" if near else ": check the path"
    raise MissingFiles(f"there is no {given}{meant}")


def read_start(path: Path) -> bytes:
    """Read the first bytes of a file, which tell its format.

    Raises:
        MissingFiles: it is no file, or cannot be opened.
    """
    if not path.is_file():
        raise MissingFiles(f"{readable(str(path))} is neither a file nor a folder. {_ALLOWED}")
    try:
        with path.open("rb") as file:
            return file.read(START_BYTES)
    except OSError as error:
        raise MissingFiles(
            f"cannot read {readable(str(path))}: {error.strerror or error}: check its permissions"
        ) from error


def is_table(path: Path, start: bytes) -> bool:
    """Tell tables by Parquet's first bytes, or as text; the ending decides where text is coded in 16 bits."""
    if start.startswith(b"PAR1"):
        return True
    plain = unpack_start(start)
    if plain.startswith(idx.MAGIC[:2]) or pictures.is_picture(plain):
        return False
    if path.name.lower().endswith(TABLE_SUFFIXES):
        return True
    return bool(plain) and b"\0" not in plain and not plain.startswith((b"%PDF", b"7z\xbc", b"Rar!"))


def unpack_start(start: bytes) -> bytes:
    """Unpack the first bytes of a gzipped file, as far as they go."""
    if not start.startswith(idx.GZIP_MAGIC):
        return start
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(start, START_BYTES)
    except (zlib.error, gzip.BadGzipFile):
        return start


def _refused(path: Path, start: bytes) -> CorruptFile:
    """Say of a file of another format what to do instead."""
    given, plain = readable(str(path)), unpack_start(start)
    if plain.startswith(idx.MAGIC[:2]):
        return CorruptFile(
            f"{given} is a single IDX file: give the folder that holds the files of the images and of the labels"
        )
    if pictures.is_picture(plain):
        return CorruptFile(f"{given} is a single picture: give the folder that holds a folder for each class")
    if plain.startswith(b"\x93NUMPY"):
        return CorruptFile(
            f"{given} is a single array without labels: save both with numpy.savez(path, images=..., labels=...)"
        )
    shown = start[:8].hex(" ") or "nothing"
    return CorruptFile(f"{given} has no known format: it begins with {shown}. {_ALLOWED}: convert or unpack it")


def _count_cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
