"""What was learnt of a single column of a table. Knows no table."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from packtune.data.columns.kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberColumn:
    """How a column of numbers is prepared.

    Attributes:
        name: of the column.
        kind: NUMBER, BOOLEAN or DATE.
        median: takes the place of missing values.
        mean, scale: a number becomes (number - mean) / scale; the scale is above 0.
        has_gaps: whether values were missing in training; another column then says where they are.
        gap_words: words that count as missing.

    Raises:
        ValueError: a value is not allowed.
    """

    name: str
    kind: Kind
    median: float
    mean: float
    scale: float
    has_gaps: bool = False
    gap_words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(math.isfinite(number) for number in (self.median, self.mean, self.scale)) or self.scale <= 0:
            raise ValueError(
                f"the column {self.name!r} has numbers that are not finite, or a scale that is not above 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class WordColumn:
    """How a column of words is prepared: each word becomes a column with 1 where it stands, else 0.

    Attributes:
        name: of the column.
        words: those with a column of their own, 1 or more, sorted; an empty word stands for missing values.
        has_others: whether there is one more column, for rare words and those that training lacked. Without it these
            are 0 in all columns.
    """

    name: str
    words: tuple[str, ...]
    has_others: bool = False

    @property
    def names(self) -> list[str]:
        """Names of the columns that it becomes."""
        words = [word or "(missing)" for word in self.words] + (["(other)"] if self.has_others else [])
        return [f"{self.name}={word}" for word in words]


def number_column(*, kind: str, gap_words: list[str], **values: float) -> NumberColumn:
    """Make a column of numbers from plain values.

    Raises:
        TypeError: a value is missing, or there is one more.
        ValueError: a value is not allowed.
    """
    column = NumberColumn(kind=Kind(kind), gap_words=tuple(map(str, gap_words)), **values)  # type: ignore[arg-type]
    return replace(
        column,
        name=str(column.name),
        median=float(column.median),
        mean=float(column.mean),
        scale=float(column.scale),
        has_gaps=bool(column.has_gaps),
    )


def word_column(*, name: str, words: list[str], has_others: bool) -> WordColumn:
    """Make a column of words from plain values.

    Raises:
        ValueError: there are no words.
    """
    if not isinstance(words, list) or not words:
        raise ValueError(f"the column {name!r} has no words")
    return WordColumn(name=str(name), words=tuple(map(str, words)), has_others=bool(has_others))
