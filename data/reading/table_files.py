"""Reading the file of a table into a DataFrame: CSV, TSV or Parquet. Knows nothing about targets."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from packtune.data.files import readable
from packtune.data.reading.raw import Progress
from packtune.data.reading.table_survey import SEPARATORS, Survey, check_memory, open_text, survey
from packtune.errors import CorruptFile, DataError, MissingFiles

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
"""How the names of tables end, in small letters."""

GAP_WORDS = ["?"]
"""Words that stand for a missing value, as in the tables of the UCI repository, besides those that pandas knows."""

_BYTES_A_VALUE = 8
_COPIES = 3  # of a Parquet table while it is read


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableFile:
    """A table as it was found in a file.

    Attributes:
        frame: the rows, numbered from 0.
        format: what it is, in words.
        notes: what a person should know of the reading; each a sentence.
    """

    frame: pd.DataFrame
    format: str
    notes: tuple[str, ...] = ()


def load_table(
    path: Path, progress: Progress | None = None, memory_bytes: int | None = None, *, words: Sequence[str] = ()
) -> TableFile:
    """Read a table.

    Args:
        path: ends with one of `SUFFIXES`.
        progress: called while rows are read.
        memory_bytes: memory that is free; None for no limit.
        words: columns whose values are words, also where they look like numbers; those that are not there do not count.

    Raises:
        MissingFiles: the file cannot be opened.
        CorruptFile: the file is no such table, or names a column twice.
        DataError: it needs more memory than there is, or a package is missing.
    """
    if path.suffix.lower() == ".parquet":
        return _load_parquet(path, progress, memory_bytes)
    return _load_text(path, survey(path, memory_bytes), progress, words)


def check_names(names: Sequence[str], where: str) -> None:
    """Refuse a table with two columns of one name.

    Raises:
        CorruptFile: there are such columns; the message names them.
    """
    twice = [repr(readable(name)) for name, n in Counter(names).items() if n > 1 and name]
    if twice:
        raise CorruptFile(f"{where} has more than one column with the name {', '.join(twice[:3])}: rename them")


def _load_text(path: Path, found: Survey, progress: Progress | None, words: Sequence[str]) -> TableFile:
    check_names(found.header, readable(str(path)))
    # A quoted value may hold line ends: the number of rows is known only at the end.
    n_rows = max(found.n_lines - 1, 1)
    try:
        with open_text(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.BufferedReader(_Counted(file, n_rows, progress), 1 << 18),
                sep=found.separator,
                decimal=found.decimal,
                encoding=found.encoding,
                na_values=GAP_WORDS,
                skipinitialspace=True,
                index_col=False,
                dtype=dict.fromkeys(words, str),
                low_memory=False,  # else a column may have numbers in one part and words in another
            )
    except (ValueError, OverflowError, pd.errors.ParserError) as error:
        raise CorruptFile(
            f"{readable(str(path))} is no table ({readable(str(error).strip())}): needed are a first line with the "
            "names of the columns, and rows with as many values"
        ) from error
    if progress is not None:
        progress(len(frame), len(frame))
    kind = "tab-separated" if found.separator == "\t" else "comma-separated"
    kind = f"{kind} table" if found.separator != ";" else "semicolon-separated table"
    return TableFile(frame=frame, format=f"a {kind}", notes=tuple(_text_notes(found)))


def _text_notes(found: Survey) -> list[str]:
    notes = []
    if found.encoding == "latin-1":
        notes.append("The file is not UTF-8 and was read as Latin-1: check words with accents.")
    if found.decimal == ",":
        notes.append(f"Columns are separated by {SEPARATORS[found.separator]}, and numbers have a decimal comma.")
    if found.header and all(_is_value(name) for name in found.header[:-1]) and len(set(found.header)) > 1:
        notes.append("The first line looks like values, but was read as the names of the columns.")
    return notes


def _is_value(name: str) -> bool:
    """Tell whether the name of a column looks like a value: a number with a point; whole numbers name columns too."""
    try:
        float(name)
    except ValueError:
        return False
    return "." in name


def _load_parquet(path: Path, progress: Progress | None, memory_bytes: int | None) -> TableFile:
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(
            f"cannot read {readable(str(path))}: the package pyarrow is missing: install packtune[parquet], or save "
            "the table as CSV"
        ) from error
    try:
        about = pyarrow.parquet.read_metadata(path)
        stored = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
        values = about.num_rows * about.num_columns * _BYTES_A_VALUE
        check_memory(path, max(stored, values) * _COPIES, memory_bytes)
        frame = pd.read_parquet(path, engine="pyarrow")
    except OSError as error:
        raise _unreadable(path, error) from error
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise CorruptFile(
            f"{readable(str(path))} is no Parquet file ({readable(str(error).strip()[:200])}): save it again"
        ) from error
    if progress is not None:
        progress(len(frame), len(frame))
    return TableFile(frame=frame.reset_index(drop=True), format="a Parquet table")


def _unreadable(path: Path, error: OSError) -> DataError:
    # pyarrow raises an OSError without a number for damaged content.
    if error.errno is None:
        return CorruptFile(f"{readable(str(path))} is a damaged Parquet file: save it again")
    return MissingFiles(f"cannot read {readable(str(path))}: {error.strerror}: check the path and its permissions")


class _Counted(io.RawIOBase):
    """The bytes of a text table; tells how many rows were read, by the line ends that went by."""

    def __init__(self, file: BinaryIO, n_rows: int, progress: Progress | None) -> None:
        self._file, self._n_rows, self._progress, self._n_lines = file, n_rows, progress, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read up to as many bytes as the buffer has."""
        chunk = self._file.read(buffer.nbytes)
        buffer[: len(chunk)] = chunk
        self._n_lines += chunk.count(b"\n")
        if self._progress is not None and chunk:
            self._progress(min(self._n_lines, self._n_rows), self._n_rows)
        return len(chunk)
