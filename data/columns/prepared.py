"""What was learnt of a single column of a table. Knows no table."""

from __future__ import annotations

import math
from dataclasses import dataclass

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

    Raises:
        ValueError: a value is not allowed.
    """

    name: str
    kind: Kind
    median: float
    mean: float
    scale: float
    has_gaps: bool = False

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


def number_column(*, name: str, kind: str, median: float, mean: float, scale: float, has_gaps: bool) -> NumberColumn:
    """Make a column of numbers from plain values.

    Raises:
        ValueError: a value is not allowed.
    """
    return NumberColumn(
        name=str(name),
        kind=Kind(kind),
        median=float(median),
        mean=float(mean),
        scale=float(scale),
        has_gaps=bool(has_gaps),
    )


def word_column(*, name: str, words: list[str], has_others: bool) -> WordColumn:
    """Make a column of words from plain values.

    Raises:
        ValueError: there are no words.
    """
    if not isinstance(words, list) or not words:
        raise ValueError(f"the column {name!r} has no words")
    return WordColumn(name=str(name), words=tuple(map(str, words)), has_others=bool(has_others))
