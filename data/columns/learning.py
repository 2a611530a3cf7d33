"""Learning how the columns of a table are prepared, from the training examples alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from packtune.data.columns.kinds import (
    MISSING_WORD,
    Kind,
    Numbers,
    Words,
    kind_of,
    to_numbers,
    to_words,
    words_among_numbers,
)
from packtune.data.columns.leaving_out import Reason, why_left_out, why_numbers_left_out, why_words_left_out
from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.columns.prepared import NumberColumn, WordColumn
from packtune.data.files import readable
from packtune.errors import DataError

MAX_WORDS = 32
"""So many columns at most come of a column of words; the rarer words share the last one."""

_SHOWN = 8


@dataclass(slots=True)
class _Found:
    """What is known of the columns so far; each list has names, or records of columns."""

    numbers: list[NumberColumn] = field(default_factory=list)
    words: list[WordColumn] = field(default_factory=list)
    left_out: dict[str, Reason] = field(default_factory=dict)
    with_infinities: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)


def learn(frame: pd.DataFrame, *, max_words: int = MAX_WORDS) -> ColumnPreparation:
    """Learn how columns are prepared.

    Numbers are standardised, and missing ones take the median; a column that had gaps gets another one that says where.
    Booleans are 0 and 1, dates are days since 1970, then both are treated as numbers. Each frequent word becomes a
    column of 0 and 1; the others share one. What says nothing is left out, see `Reason`.

    Args:
        frame: the training examples, without targets and group; 1 row or more.
        max_words: columns that come of one column of words, at most; 2 or more.

    Raises:
        DataError: no column is left.
    """
    found = _Found()
    for name, column in frame.items():
        _learn_column(column.rename(str(name)), found, max_words)
    if not found.numbers and not found.words:
        raise DataError(
            f"no column of the table can be used. {' '.join(_left_out_notes(found))} Add columns that tell the classes"
        )
    return ColumnPreparation(
        numbers=tuple(found.numbers),
        words=tuple(found.words),
        left_out=tuple(found.left_out),
        notes=tuple(_notes(found)),
    )


def _learn_column(column: pd.Series, found: _Found, max_words: int) -> None:
    name, kind = str(column.name), kind_of(column)
    gap_words = words_among_numbers(column) if kind is Kind.WORD else ()
    kind = Kind.NUMBER if gap_words else kind
    reason = why_left_out(column, kind)
    if reason is None and kind is Kind.WORD:
        reason = _learn_words(name, to_words(column), found, max_words)
    elif reason is None:
        numbers = to_numbers(column, kind, gap_words)
        reason = why_numbers_left_out(numbers, kind, name)
        if reason is None:
            found.numbers.append(replace(_learn_numbers(name, numbers, kind), gap_words=gap_words))
            found.dates += [name] if kind is Kind.DATE else []
            found.with_infinities += [name] if _has_infinities(column, numbers) else []
    if reason is not None:
        found.left_out[name] = reason


def _learn_numbers(name: str, numbers: Numbers, kind: Kind) -> NumberColumn:
    imputer = SimpleImputer(strategy="median")
    filled = imputer.fit_transform(numbers[:, None])
    scaler = StandardScaler().fit(filled)
    return NumberColumn(
        name=name,
        kind=kind,
        median=float(imputer.statistics_[0]),
        mean=float(scaler.mean_[0]),
        scale=float(scaler.scale_[0]),
        has_gaps=bool(np.isnan(numbers).any()),
    )


def _learn_words(name: str, words: Words, found: _Found, max_words: int) -> Reason | None:
    reason = why_words_left_out(words)
    if reason is not None:
        return reason
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2, max_categories=max_words)
    encoder.fit(words[:, None])
    rare = set() if encoder.infrequent_categories_[0] is None else set(encoder.infrequent_categories_[0].tolist())
    kept = tuple(word for word in encoder.categories_[0].tolist() if word not in rare)
    if not kept:
        return Reason.RARE
    found.words.append(WordColumn(name=name, words=kept, has_others=bool(rare)))
    if len(kept) == max_words - 1 and len(rare) > 1:
        n_words = len(set(encoder.categories_[0].tolist()) - {MISSING_WORD})
        found.shortened.append(f"{readable(name)!r} ({n_words:,} words)")
    return None


def _has_infinities(column: pd.Series, numbers: Numbers) -> bool:
    if not np.isnan(numbers).any() or not pd.api.types.is_numeric_dtype(column):
        return False
    return bool(np.isnan(numbers).sum() > column.isna().sum())


def _notes(found: _Found) -> list[str]:
    notes = _left_out_notes(found)
    with_gaps = [column.name for column in found.numbers if column.has_gaps]
    words = [
        f"{readable(column.name)!r} ({_listed([*column.gap_words])})" for column in found.numbers if column.gap_words
    ]
    sentences = {
        "Missing numbers take the median of training, and another column says where they are: {}.": with_gaps,
        "Infinite and huge numbers count as missing: {}.": found.with_infinities,
        "Dates are read as days since 1970: {}.": found.dates,
    }
    notes += [sentence.format(_listed(names)) for sentence, names in sentences.items() if names]
    if words:
        notes.append(f"Words in columns of numbers count as missing: {_joined(words)}.")
    if found.shortened:
        notes.append(
            f"Of columns with many words only the most frequent ones are kept apart: {_joined(found.shortened)}."
        )
    return notes


def _left_out_notes(found: _Found) -> list[str]:
    """Name the columns that are left out, in a sentence for each reason."""
    by_reason: dict[Reason, list[str]] = {}
    for name, reason in found.left_out.items():
        by_reason.setdefault(reason, []).append(name)
    return [f"Left out are columns {reason}: {_listed(names)}." for reason, names in by_reason.items()]


def _listed(names: list[str]) -> str:
    return _joined([repr(readable(name)) for name in names])


def _joined(texts: list[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
