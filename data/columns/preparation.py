"""Preparing the columns of a table for a network, by what was learnt from the training examples.

scikit-learn's transformers do the work. They are made anew from plain values, so that a preparation that was read from
a file gives the same bytes as the one that was learnt.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from packtune.data.columns.kinds import Numbers, to_numbers, to_words
from packtune.data.columns.prepared import NumberColumn, WordColumn, number_column, word_column
from packtune.data.columns.transformers import encoder_of, imputer_of, scaler_of
from packtune.data.files import readable
from packtune.errors import CorruptFile, DataError

CHUNK_ROWS = 1 << 16
"""So many rows are prepared at a time: copies as float64 of all would take too much memory."""

MAX_DEVIATIONS = 10_000.0
"""Prepared numbers are cut to this. Of n numbers none is more than sqrt(n) deviations from their mean."""

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPreparation:
    """How the columns of a table are prepared.

    Attributes:
        numbers, words: the columns that are used, each in the order of the table.
        left_out: names of columns that were there in training and are not used.
        notes: what a person should know of what was learnt; each a sentence.
    """

    numbers: tuple[NumberColumn, ...] = ()
    words: tuple[WordColumn, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the resulting columns: numbers, flags of their gaps, words."""
        flags = [f"{column.name} is missing" for column in self.numbers if column.has_gaps]
        words = [name for column in self.words for name in column.names]
        return tuple([column.name for column in self.numbers] + flags + words)

    @property
    def places(self) -> dict[str, list[int]]:
        """Give the places among the resulting columns that each column of the table fills, by its name."""
        names = [column.name for column in self.numbers]
        names += [column.name for column in self.numbers if column.has_gaps]
        names += [column.name for column in self.words for _ in column.names]
        return {name: [place for place, each in enumerate(names) if each == name] for name in dict.fromkeys(names)}

    @property
    def n_columns(self) -> int:
        """How many columns a table for training had."""
        return len(self.numbers) + len(self.words) + len(self.left_out)

    def transform(self, frame: pd.DataFrame) -> npt.NDArray[np.float32]:
        """Prepare the rows of a table. The order of its columns does not matter, and others are ignored.

        Args:
            frame: with at least the columns that are used.

        Returns:
            float32 [n, columns], named by `names`.

        Raises:
            DataError: a column is missing, or has a word where training had numbers.
        """
        table = frame.set_axis([str(name) for name in frame.columns], axis=1)
        self._check_columns(table)
        prepared = np.empty((len(table), len(self.names)), dtype=np.float32)
        columns = [to_numbers(table[column.name], column.kind, column.gap_words) for column in self.numbers]
        for rows in _chunks(len(table)):
            self._fill(prepared[rows], [column[rows] for column in columns], table.iloc[rows])
        return prepared

    def ignored(self, frame: pd.DataFrame) -> tuple[str, ...]:
        """Name the columns of a table that training did not have."""
        known = {*self._used, *self.left_out}
        return tuple(name for name in map(str, frame.columns) if name not in known)

    def to_plain(self) -> dict[str, object]:
        """Give everything as values that JSON can hold."""
        return {
            "numbers": [
                {**asdict(column), "kind": str(column.kind), "gap_words": list(column.gap_words)}
                for column in self.numbers
            ],
            "words": [{**asdict(column), "words": list(column.words)} for column in self.words],
            "left_out": list(self.left_out),
            "notes": list(self.notes),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, object]) -> ColumnPreparation:
        """Make a preparation from what `to_plain` gave.

        Raises:
            CorruptFile: the values are others.
        """
        try:
            return cls(
                numbers=tuple(number_column(**values) for values in plain["numbers"]),  # type: ignore[attr-defined]
                words=tuple(word_column(**values) for values in plain["words"]),  # type: ignore[attr-defined]
                left_out=tuple(map(str, plain["left_out"])),  # type: ignore[call-overload]
                notes=tuple(map(str, plain["notes"])),  # type: ignore[call-overload]
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CorruptFile(
                f"the preparation of a table's columns is damaged ({error}): export the model again"
            ) from error

    @property
    def _used(self) -> list[str]:
        return [column.name for column in self.numbers] + [column.name for column in self.words]

    def _fill(self, prepared: npt.NDArray[np.float32], numbers: list[Numbers], table: pd.DataFrame) -> None:
        """Write the prepared rows of a part of the table."""
        start = 0
        if self.numbers:
            filled = imputer_of(self.numbers).transform(np.stack(numbers, axis=1))  # [rows, numbers + flags]
            n, start = len(self.numbers), filled.shape[1]
            scaled = scaler_of(self.numbers).transform(filled[:, :n])
            prepared[:, :n] = np.clip(scaled, -MAX_DEVIATIONS, MAX_DEVIATIONS)
            prepared[:, n:start] = filled[:, n:]
        if self.words:
            words = np.stack([to_words(table[column.name]) for column in self.words], axis=1)
            prepared[:, start:] = encoder_of(self.words).transform(words)

    def _check_columns(self, table: pd.DataFrame) -> None:
        missing = [name for name in self._used if name not in table.columns]
        if not missing:
            return
        listed = ", ".join(repr(readable(name)) for name in missing[:_SHOWN])
        more = f" and {len(missing) - _SHOWN:,} more" if len(missing) > _SHOWN else ""
        near = difflib.get_close_matches(missing[0], [name for name in table.columns if name not in self._used], n=1)
        meant = f" Is {readable(near[0])!r} meant for {readable(missing[0])!r}? Then rename it." if near else ""
        raise DataError(
            f"the table lacks columns that training had: {listed}{more}.{meant} Add them; where their values are not "
            "known, leave them empty"
        )


def _chunks(n: int) -> Iterator[slice]:
    return (slice(start, min(start + CHUNK_ROWS, n)) for start in range(0, n, CHUNK_ROWS))
