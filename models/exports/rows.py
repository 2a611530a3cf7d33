"""The preparation of a table's columns in tensors, for programs without pandas and scikit-learn; and its inverse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from packtune.data.columns.kinds import MAX_NUMBER
from packtune.data.columns.preparation import MAX_DEVIATIONS, ColumnPreparation
from packtune.data.columns.prepared import WordColumn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawRows:
    """The rows of a table as tensors.

    Attributes:
        numbers: float64 [n, columns of numbers], NaN for a missing one; a date is days since 1970, a truth value
            0 or 1.
        words: int64 [n, columns of words]: the place of the word among those of its column, from 0; their number for
            any other word.
    """

    numbers: Tensor
    words: Tensor

    def __len__(self) -> int:
        return len(self.numbers)


class PreparedRows(nn.Module):
    """Prepares rows as `ColumnPreparation.transform` does, to rounding.

    Args:
        columns: what was learnt from the training examples.
    """

    median: Tensor
    mean: Tensor
    scale: Tensor
    gaps: Tensor
    largest: Tensor

    def __init__(self, columns: ColumnPreparation) -> None:
        super().__init__()
        for name in ("median", "mean", "scale"):
            values = [getattr(column, name) for column in columns.numbers]
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))
        # A plain number of this size would become float32 on its way to ONNX, and infinite.
        self.register_buffer("largest", torch.tensor(MAX_NUMBER, dtype=torch.float64))
        gaps = [index for index, column in enumerate(columns.numbers) if column.has_gaps]
        self.register_buffer("gaps", torch.tensor(gaps, dtype=torch.int64))
        self._places = [len(column.names) for column in columns.words]

    def forward(self, numbers: Tensor | None, words: Tensor | None) -> Tensor:
        """Prepare rows.

        Args:
            numbers, words: see `RawRows`; none where the table has no such columns.

        Returns:
            float32 [n, columns].
        """
        parts = [] if numbers is None else self._numbers(numbers)
        return torch.cat(parts if words is None else [*parts, *self._words(words)], dim=1)

    def _numbers(self, given: Tensor) -> list[Tensor]:
        numbers = torch.where(given.abs() <= self.largest, given, torch.nan)
        is_missing = numbers.isnan()
        filled = torch.where(is_missing, self.median, numbers)
        scaled = ((filled - self.mean) / self.scale).clamp(-MAX_DEVIATIONS, MAX_DEVIATIONS).float()
        return [scaled, is_missing[:, self.gaps].float()] if len(self.gaps) else [scaled]

    def _words(self, words: Tensor) -> list[Tensor]:
        # The place after the last word is that of all others: a column without one for them has 0 everywhere.
        return [(words[:, index, None] == torch.arange(places)).float() for index, places in enumerate(self._places)]


def raw_rows(columns: ColumnPreparation, prepared: Tensor) -> RawRows:
    """Give rows that are prepared to these, to rounding.

    Args:
        prepared: float32 [n, columns], as `ColumnPreparation.transform` gives them.
    """
    n_numbers, flags = len(columns.numbers), [column for column in columns.numbers if column.has_gaps]
    start = n_numbers + len(flags)
    numbers = [prepared[:, index].double() * column.scale + column.mean for index, column in enumerate(columns.numbers)]
    for place, column in enumerate(flags, start=n_numbers):
        index = columns.numbers.index(column)
        numbers[index] = torch.where(prepared[:, place] > 0, torch.nan, numbers[index])
    places = [start]
    places += [start := start + len(column.names) for column in columns.words]
    words = [
        _places(prepared[:, first:stop], column)
        for (first, stop), column in zip(pairwise(places), columns.words, strict=True)
    ]
    return RawRows(numbers=_beside(numbers, len(prepared)).double(), words=_beside(words, len(prepared)).long())


def _places(prepared: Tensor, column: WordColumn) -> Tensor:
    """Give the place of each word, int64 [n], from one-hot columns."""
    return torch.where(prepared.amax(1) > 0, prepared.argmax(1), len(column.words))


def _beside(columns: Sequence[Tensor], n: int) -> Tensor:
    return torch.stack(list(columns), dim=1) if columns else torch.empty(n, 0)
