"""A space as columns of numbers, for samplers that work on arrays. Knows nothing of Optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from packtune.models.configuration import Value
from packtune.proposals.codes import Cells, Codes, Floats, Line, codes_of
from packtune.space.space import Space

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of a space: for each column the codes from `low` to `high`, both float64 [columns]."""

    low: Floats
    high: Floats


class Encoding:
    """A space's dimensions as columns; a row is one configuration, NaN where a dimension does not apply.

    Attributes:
        names: the keys of the dimensions, each behind those that its condition names.
        columns: how the values of each are coded.
        everywhere: the region of all codes.
    """

    def __init__(self, space: Space) -> None:
        self.names = tuple(dimension.key for dimension in space.dimensions)
        self.columns: tuple[Codes, ...] = tuple(codes_of(dimension) for dimension in space.dimensions)
        self.everywhere = Region(
            low=np.zeros(len(self.columns)),
            high=np.array([len(c.values) - 1 if isinstance(c, Cells) else 1 for c in self.columns], dtype=float),
        )
        self._conditions = [
            [(self.names.index(parent), frozenset(allowed)) for parent, allowed in dimension.when.items()]
            for dimension in space.dimensions
        ]

    def encode(self, values: Mapping[str, Value]) -> Floats:
        """Turn the values of one configuration into a row [columns].

        Raises:
            ValueError: a value is not in the space.
        """
        return np.array(
            [
                column.encode(values[name]) if name in values else math.nan
                for name, column in zip(self.names, self.columns, strict=True)
            ]
        )

    def decode(self, row: Floats) -> dict[str, Value]:
        """Turn a row into the values of the dimensions that apply."""
        return {
            name: column.decode(code)
            for name, column, code in zip(self.names, self.columns, row.tolist(), strict=True)
            if not math.isnan(code)
        }

    def applies(self, column: int, rows: Floats) -> Mask:
        """Tell for which rows [n, columns] the condition of a column holds, given the columns before it."""
        holds = np.ones(len(rows), dtype=bool)
        for parent, allowed in self._conditions[column]:
            decode = self.columns[parent].decode
            codes, inverse = np.unique(rows[:, parent], return_inverse=True)
            meets = [not math.isnan(code) and decode(code) in allowed for code in codes.tolist()]
            holds &= np.array(meets, dtype=bool)[inverse]
        return holds

    def region(self, ranges: Mapping[str, tuple[Value, Value]]) -> Region:
        """Give the region where each named dimension lies from the first to the second value, both included."""
        low, high = self.everywhere.low.copy(), self.everywhere.high.copy()
        for index, (name, column) in enumerate(zip(self.names, self.columns, strict=True)):
            if name in ranges:
                low[index], high[index] = column.span(*ranges[name])
        return Region(low=low, high=high)

    def snap(self, rows: Floats) -> Floats:
        """Move the codes of whole numbers to those that their numbers have."""
        for index, column in enumerate(self.columns):
            if isinstance(column, Line) and column.integer:
                rows[:, index] = [
                    code if math.isnan(code) else column.encode(column.decode(code)) for code in rows[:, index].tolist()
                ]
        return rows
