"""Finds out what new examples are, and reads them as a model takes them."""

from __future__ import annotations

from pathlib import Path

from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.files import readable
from packtune.data.formats import idx, npz, pictures
from packtune.data.reading.arrays.idx_folder import find_idx_folder
from packtune.data.reading.find import check_exists, is_table, read_start, unpack_start
from packtune.data.reading.pictures.album import Means
from packtune.data.unseen.arrays import read_archive, read_idx, read_idx_folder
from packtune.data.unseen.examples import Unseen, Wanted
from packtune.data.unseen.pictures import read_files, read_folder
from packtune.errors import CorruptFile, DataError

SHOWN = 5
_ALLOWED = "Allowed are a picture, a folder of pictures, an .npz archive, IDX files, or a .csv, .tsv or .parquet table"


def read_unseen(path: Path, wanted: Wanted, means: Means) -> Unseen:
    """Read new examples from a file or a folder, whatever it is.

    Args:
        path: a picture, a folder of pictures with folders in it or without, an .npz archive, an IDX file or a folder of
            them, or a table.
        wanted: what the model takes.
        means: what may be used.

    Raises:
        MissingFiles: there is no such path, or it cannot be opened.
        CorruptFile: a file is damaged, or has no known format.
        DataError: the examples do not fit the model.
    """
    check_exists(path)
    if path.is_dir():
        folder = find_idx_folder(path)
        if folder is not None:
            return read_idx_folder(folder, wanted)
        _refuse_pictures(path, wanted)
        return read_folder(path, wanted, means)
    return _read_file(path, wanted, means)


def _read_file(path: Path, wanted: Wanted, means: Means) -> Unseen:
    start = read_start(path)
    if pictures.is_picture(start) or path.name.lower().endswith(pictures.SUFFIXES):
        _refuse_pictures(path, wanted)
        return read_files([str(path)], [path.name], wanted, means)
    if start.startswith(npz.ZIP_MAGICS):
        return read_archive(path, wanted, means.memory_bytes)
    if unpack_start(start).startswith(idx.MAGIC[:2]):
        return read_idx(path, wanted)
    if is_table(path, start):
        from packtune.data.unseen.tables import read_table

        table: Unseen = read_table(path, wanted, means.progress, means.memory_bytes)
        return table
    shown = start[:8].hex(" ") or "nothing"
    raise CorruptFile(f"{readable(str(path))} has no known format: it begins with {shown}. {_ALLOWED}: convert it")


def _refuse_pictures(path: Path, wanted: Wanted) -> None:
    if not isinstance(wanted.form, ColumnPreparation):
        return
    numbers, words = ([each.name for each in columns] for columns in (wanted.form.numbers, wanted.form.words))
    names = list(map(readable, numbers + words))
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    raise DataError(
        f"the model was trained on a table, and {readable(str(path))} is none: give a table with the columns "
        f"{', '.join(names[:SHOWN])}{more}"
    )
