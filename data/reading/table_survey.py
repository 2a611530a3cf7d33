"""A first look at a text table: how many lines it has, its encoding, and what separates its columns."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from packtune.data.files import readable
from packtune.errors import CorruptFile, DataError, MissingFiles

CHUNK_BYTES = 1 << 20
SAMPLE_LINES = 20
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
BYTES_A_BYTE, BYTES_A_VALUE = 2, 20
"""Memory that pandas takes at most for a byte of text and for a value: it keeps the text, where each value starts, and
the value. On 200,000 rows of 50 numbers of 9 digits it took half of it."""

_BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a first look at a text table says.

    Attributes:
        n_lines: line ends, which may be more than rows, as a quoted value may hold some.
        encoding: as Python names it: utf-8-sig, utf-16 or latin-1.
        separator: between columns, a key of `SEPARATORS`.
        decimal: the decimal sign of numbers, a point or a comma.
        header: names of the columns, as they stand in the first line.
    """

    n_lines: int
    encoding: str
    separator: str
    decimal: str
    header: tuple[str, ...]


def survey(path: Path, memory_bytes: int | None = None) -> Survey:
    """Look through a text table, gzipped or not, without keeping it.

    Args:
        path: ends with .csv, .tsv, .csv.gz or .tsv.gz; only .csv has its separator guessed.
        memory_bytes: memory that is free; None for no limit.

    Raises:
        MissingFiles: the file cannot be opened.
        CorruptFile: the file has no text, or is no gzip file though its name says so.
        DataError: the table needs more memory than there is.
    """
    start, n_bytes, n_lines, is_utf8 = b"", 0, 0, True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_text(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                start = start or chunk
                n_bytes += len(chunk)
                n_lines += chunk.count(b"\n")
                is_utf8 = is_utf8 and _decodes(decoder, chunk)
                check_memory(path, n_bytes * BYTES_A_BYTE, memory_bytes)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CorruptFile(
            f"{_name(path)} is no complete gzip file ({error}): compress it again, or unpack it"
        ) from error
    except OSError as error:
        raise MissingFiles(
            f"cannot read {_name(path)}: {error.strerror or error}: check the path and its permissions"
        ) from error
    encoding = _BYTE_ORDER_MARKS.get(start[:2]) or ("utf-8-sig" if is_utf8 else "latin-1")
    found = _describe(path, start, n_lines, encoding)
    needed = n_bytes * BYTES_A_BYTE + n_lines * len(found.header) * BYTES_A_VALUE
    check_memory(path, needed, memory_bytes)
    return found


def open_text(path: Path) -> BinaryIO:
    """Open the bytes of a text table, uncompressed."""
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def check_memory(path: Path, needed: int, memory_bytes: int | None) -> None:
    """Refuse a table that needs more memory than there is.

    Raises:
        DataError: it does; the message says how much.
    """
    if memory_bytes is None or needed <= memory_bytes:
        return
    raise DataError(
        f"{_name(path)} is too large: to read it takes {needed / 1e9:.3g} GB of memory or more, and "
        f"{memory_bytes / 1e9:.3g} GB are free. Leave out rows or columns, or use a machine with more memory"
    )


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _describe(path: Path, start: bytes, n_lines: int, encoding: str) -> Survey:
    text = start.decode(encoding, "ignore")
    if not text.strip() or "\0" in text:
        what = "is empty" if not text.strip() else "is no text"
        raise CorruptFile(
            f"{_name(path)} {what}: a table has a first line with the names of its columns, and rows below"
        )
    lines = [line for line in text.splitlines() if line.strip()][:SAMPLE_LINES]
    is_tsv = path.name.lower().removesuffix(".gz").endswith(".tsv")
    separator = "\t" if is_tsv else max(SEPARATORS, key=lambda candidate: len(_fields(lines[0], candidate)))
    return Survey(
        n_lines=n_lines,
        encoding=encoding,
        separator=separator,
        decimal=_decimal(lines[1:], separator),
        header=tuple(_fields(lines[0], separator)),
    )


def _fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []


def _decimal(lines: list[str], separator: str) -> str:
    """Guess the decimal sign: a comma only where columns are not separated by it, and numbers with it stand alone."""
    if separator == ",":
        return "."
    values = [value for line in lines for value in _fields(line, separator)]
    with_comma = any(re.fullmatch(r"-?\d+,\d+", value) for value in values)
    return "," if with_comma and not any(re.fullmatch(r"-?\d*\.\d+", value) for value in values) else "."


def _name(path: Path) -> str:
    return readable(str(path))
