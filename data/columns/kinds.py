"""What a column of a table holds, and its values as numbers or words. Learns nothing."""

from __future__ import annotations

import datetime
import math
import re
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from packtune.data.files import readable
from packtune.data.splitting.classes import class_name
from packtune.errors import DataError

MAX_NUMBER = 1e100
"""Numbers farther from 0 than this count as missing, as infinities do: their squares would not fit."""

MISSING_WORD = ""
"""The word for a missing value among words; an empty word counts as missing too."""

MIN_NUMBER_SHARE, MIN_NUMBERS, MAX_GAP_WORDS = 0.9, 10, 5
"""A column of words holds numbers, and a few words for missing ones, where this share of its values or more are
numbers, more than 10 of them different, and at most 5 different values are words."""

_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?")
_BOOLEANS = {"true": 1.0, "false": 0.0}
_MISSING_TEXTS = frozenset({"", "?", "na", "n/a", "nan", "none", "null"})  # of numbers, in small letters

Numbers = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]


class Kind(StrEnum):
    """What the values of a column are."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    WORD = "word"
    OTHER = "other"


def kind_of(column: pd.Series) -> Kind:
    """Tell what the values of a column are. A column without any value holds numbers."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return Kind.WORD
    values = column.dropna().infer_objects()
    if not len(values) or pd.api.types.is_bool_dtype(values):
        return Kind.BOOLEAN if len(values) else Kind.NUMBER
    if pd.api.types.is_datetime64_any_dtype(values):
        return Kind.DATE
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_timedelta64_dtype(values):
        return Kind.OTHER if pd.api.types.is_complex_dtype(values) else Kind.NUMBER
    return _kind_of_objects(values)


def words_among_numbers(column: pd.Series) -> tuple[str, ...]:
    """List the few words of a column that otherwise holds numbers, sorted; none if it is not so."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return ()
    texts = column.dropna().map(str)
    counts = texts[[not _is_missing_text(text) for text in texts]].value_counts()
    is_word = np.isnan(_plain_numbers(pd.Series(counts.index, dtype=object)))
    words = sorted(text.strip() for text in counts.index[is_word])
    n_words, n = int(counts[is_word].sum()), int(counts.sum())
    if not 0 < len(words) <= MAX_GAP_WORDS or len(counts) - len(words) <= MIN_NUMBERS:
        return ()
    return tuple(words) if n - n_words >= MIN_NUMBER_SHARE * n else ()


def to_numbers(column: pd.Series, kind: Kind, gap_words: tuple[str, ...] = ()) -> Numbers:
    """Give the values of a column as float64 [n]: NaN where they are missing, infinite or huge.

    False is 0 and true is 1. A date is the number of days since 1970, a duration that of its days. Words are read as
    such.

    Args:
        column: of any type.
        kind: NUMBER, BOOLEAN or DATE.
        gap_words: words that count as missing.

    Raises:
        DataError: a word is no such value; the message has the column's name and the word.
    """
    values = column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
    values = values.infer_objects()
    if gap_words:
        values = values.map(lambda value: None if isinstance(value, str) and value.strip() in gap_words else value)
    numbers = _to_days(values) if kind is Kind.DATE or _is_time(values) else _plain_numbers(values)
    failed = np.flatnonzero(np.isnan(numbers) & ~_is_missing(values))
    if len(failed):
        raise DataError(
            f"the column {readable(str(column.name))!r} has {readable(str(values.iloc[failed[0]]))!r} in row "
            f"{_row_number(column, int(failed[0])):,}, but each value must be a {kind}, as in training: correct "
            "it, or leave it empty"
        )
    return np.where(np.abs(numbers) <= MAX_NUMBER, numbers, np.nan)


def to_words(column: pd.Series) -> Words:
    """Give the values of a column as words [n], in one line each: 3 for 3.0, and an empty word where it is missing."""
    codes, values = pd.factorize(column.astype(object), use_na_sentinel=True)
    words = np.array([*(class_name(value) for value in values.tolist()), MISSING_WORD], dtype=object)
    return np.asarray(words[codes], dtype=object)  # a missing value has the code -1


def _row_number(column: pd.Series, position: int) -> int:
    """Give the number of a row, from 1, in the table that these rows were taken from."""
    label = column.index[position]
    return 1 + (int(label) if isinstance(label, int | np.integer) else position)


def _kind_of_objects(values: pd.Series) -> Kind:
    different = values.map(type).unique()
    if all(issubclass(found, datetime.date) for found in different):
        return Kind.DATE
    if all(issubclass(found, str) for found in different):
        return _kind_of_texts(values)
    if any(issubclass(found, list | dict | set | tuple | np.ndarray | bytes | complex) for found in different):
        return Kind.OTHER
    if not any(issubclass(found, str) for found in different):
        converted = _plain_numbers(values)
        return Kind.WORD if np.isnan(converted).any() else Kind.NUMBER
    return Kind.WORD


def _kind_of_texts(values: pd.Series) -> Kind:
    stripped = pd.Series(values.astype(str).unique()).str.strip()
    stripped = stripped[[not _is_missing_text(text) for text in stripped]]
    if stripped.map(lambda text: _DATE.fullmatch(text) is not None).all() and len(stripped):
        return Kind.DATE if not np.isnan(_to_days(stripped)).any() else Kind.WORD
    return Kind.NUMBER if not np.isnan(_plain_numbers(stripped)).any() else Kind.WORD


def _plain_numbers(values: pd.Series) -> Numbers:
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_complex_dtype(values):
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.array([_number(value) for value in values.tolist()], dtype=np.float64)


def _number(value: object) -> float:
    """Read a value of any type as a number; NaN if it is none."""
    if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        return math.nan


def _to_days(values: pd.Series) -> Numbers:
    if pd.api.types.is_timedelta64_dtype(values):
        return np.asarray(values / pd.Timedelta(days=1), dtype=np.float64)
    texts = values if _is_time(values) else values.map(str)
    times = pd.to_datetime(texts, errors="coerce", utc=True, format=None if _is_time(values) else "ISO8601")
    # Nanoseconds, the usual unit, end in the year 2262.
    since = times.dt.as_unit("us") - pd.Timestamp(0, tz="UTC").as_unit("us")
    return np.asarray(since / pd.Timedelta(days=1), dtype=np.float64)


def _is_time(values: pd.Series) -> bool:
    return bool(pd.api.types.is_datetime64_any_dtype(values) or pd.api.types.is_timedelta64_dtype(values))


def _is_missing(values: pd.Series) -> npt.NDArray[np.bool_]:
    missing = np.asarray(values.isna(), dtype=bool)
    if pd.api.types.is_numeric_dtype(values) or _is_time(values):
        return missing
    texts = np.array([_is_missing_text(value) for value in values.tolist()], dtype=bool)
    return np.asarray(missing | texts)


def _is_missing_text(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() in _MISSING_TEXTS
