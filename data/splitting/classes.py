"""Numbering the classes of each head. Knows nothing about how examples are split."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from packtune.data.description import Head
from packtune.data.files import readable
from packtune.data.reading.raw import TRAIN, RawData
from packtune.errors import DataError

_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")
_SHOWN = 3


# eq=False: an equality by value would compare arrays, and the result has no truth value.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberedClasses:
    """The classes of data, and each example's class as a number.

    Attributes:
        heads: what is to be said of each example, with the names of its classes.
        labels: of each split that was read, int64 [n, heads].
        notes: what a person should know; each a sentence.
    """

    heads: tuple[Head, ...]
    labels: Mapping[str, npt.NDArray[np.int64]]
    notes: tuple[str, ...] = ()


def number_classes(raw: RawData) -> NumberedClasses:
    """Number the classes of each head from 0: numbers by value, false before true, words in the order of their letters.

    Words that are whole numbers are ordered by value too: the same classes get the same numbers from files, where
    they are numbers, and from the names of folders.

    Raises:
        DataError: a head has one class only, or another split has a class that training lacks.
    """
    names = list(raw.splits[TRAIN].labels)
    columns = {name: {split: raw.splits[split].labels[name] for split in raw.splits} for name in names}
    numbered = {name: _number(name, columns[name]) for name in names}
    return NumberedClasses(
        heads=tuple(Head(name=name, classes=classes) for name, (classes, _) in numbered.items()),
        labels={
            split: np.stack([codes[split] for _, codes in numbered.values()], axis=1).astype(np.int64)
            for split in raw.splits
        },
        notes=tuple(note for name, (classes, _) in numbered.items() for note in _twin_notes(name, classes)),
    )


def class_name(value: object) -> str:
    """Give the name of a class as people read it, in one line: 3 for 3.0, false for False, inf, a word as it is."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and np.isfinite(value) and value == np.floor(value):
        return str(int(value))
    return readable(value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value))


def _number(
    head: str, values: Mapping[str, npt.NDArray[np.generic]]
) -> tuple[tuple[str, ...], dict[str, npt.NDArray[np.int64]]]:
    """Give the names of a head's classes, and int64 [n] of each split."""
    found = {split: _factorize(column) for split, column in values.items()}
    classes = tuple(sorted(set(found[TRAIN][1]), key=_order))
    if len(classes) < 2:
        raise DataError(
            f"all {len(values[TRAIN]):,} examples for training have the same {head!r}: {_listed(classes)}. A search "
            "needs two classes or more"
        )
    for split, (_, words) in found.items():
        _check_known(head, split, sorted(set(words) - set(classes), key=_order))
    numbers = {name: number for number, name in enumerate(classes)}
    return classes, {
        split: np.array([numbers[word] for word in words], dtype=np.int64)[codes]
        for split, (codes, words) in found.items()
    }


def _factorize(column: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Give the number of each value, int64 [n], and the names of the values; two values may have one name."""
    codes, values = pd.factorize(column if column.dtype.kind in "biuf" else column.astype(object))
    return np.asarray(codes, dtype=np.int64), [class_name(value) for value in values.tolist()]


def _order(name: str) -> tuple[bool, int, str]:
    is_number = _WHOLE_NUMBER.fullmatch(name) is not None
    return not is_number, int(name) if is_number else 0, name


def _check_known(head: str, split: str, unknown: Sequence[str]) -> None:
    if unknown:
        raise DataError(
            f"the {split} split has {len(unknown):,} classes of {head!r} that training lacks: {_listed(unknown)}. Add "
            f"examples of them to the training split, or take them out of the {split} split"
        )


def _twin_notes(head: str, classes: Sequence[str]) -> list[str]:
    """Name classes that differ only in capitals or blanks: the same class, probably, in two spellings."""
    spellings: dict[str, list[str]] = {}
    for name in classes:
        spellings.setdefault(" ".join(name.lower().split()), []).append(name)
    twins = [repr(same) for same in spellings.values() if len(same) > 1]
    return (
        [f"Classes of {head!r} that differ only in capitals or blanks: {', '.join(twins[:_SHOWN])}."] if twins else []
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(repr(name) for name in names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
