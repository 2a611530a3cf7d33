"""Columns of a table that say nothing of an example: constant ones, and names and numbers of the rows."""

from __future__ import annotations

import re
from enum import StrEnum

import numpy as np
import pandas as pd

from packtune.data.columns.kinds import Kind, Numbers, Words

MIN_WORDS, UNIQUE_SHARE = 20, 0.9
"""Words are names of the rows where there are so many, and this share of them or more are different."""

MIN_NUMBERS, SPREAD = 50, 5
"""Whole numbers count the rows where there are so many, all different, and from a range of at most 5 times as many. Of
numbers drawn at random from such a range, 50 are all different once in a hundred times, and 100 never."""

_IDENTIFIER_NAME = re.compile(r"(.*[_ .-])?(id|uuid|guid|index|row|rowid|nr|no)|unnamed: \d+", re.IGNORECASE)
_CAMEL_IDENTIFIER = re.compile(r".*[a-z]I[dD]")


class Reason(StrEnum):
    """Why a column is left out."""

    EMPTY = "without any value"
    CONSTANT = "with one value only"
    IDENTIFIER = "which look like names or numbers of the rows"
    RARE = "of words that occur once each"
    OTHER = "whose values are neither numbers, words nor dates"


def why_left_out(column: pd.Series, kind: Kind) -> Reason | None:
    """Tell why a column is left out; none if it is used.

    Args:
        column: of the training examples.
        kind: what it holds.
    """
    if kind is Kind.OTHER:
        return Reason.OTHER
    return Reason.EMPTY if not column.notna().any() else None


def why_numbers_left_out(numbers: Numbers, kind: Kind, name: str) -> Reason | None:
    """Tell why a column of numbers, float64 [n] with NaN where they are missing, is left out."""
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return Reason.EMPTY
    low, high = known.min(), known.max()
    if low == high:
        return Reason.CONSTANT if len(known) == len(numbers) else None
    if kind is not Kind.NUMBER or len(known) < MIN_NUMBERS or np.any(np.floor(known) != known):
        return None
    counts_rows = high - low < SPREAD * len(known) or _is_identifier_name(name)
    return Reason.IDENTIFIER if counts_rows and len(np.unique(known)) == len(known) else None


def why_words_left_out(words: Words) -> Reason | None:
    """Tell why a column of words [n], empty where they are missing, is left out."""
    known = words[words != ""]
    different = len(pd.unique(known))
    if different <= 1 and len(known) in (0, len(words)):
        return Reason.CONSTANT if len(known) else Reason.EMPTY
    if len(known) >= MIN_WORDS and different >= UNIQUE_SHARE * len(known):
        return Reason.IDENTIFIER
    return Reason.RARE if different == len(known) and len(known) >= len(words) - 1 else None


def _is_identifier_name(name: str) -> bool:
    return bool(_IDENTIFIER_NAME.fullmatch(name) or _CAMEL_IDENTIFIER.fullmatch(name))
