"""A space as columns of numbers, for samplers that work on arrays. Knows nothing of Optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from packtune.space.space import Choices, Dimension, IntRange, Space, Value

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
# A whole number with so few values has a cell for each of them; with more it is a line whose codes are rounded.
MAX_CELLS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The codes of a range: 0 to 1, evenly in the number or in its logarithm.

    Attributes:
        low, high: the numbers at 0 and 1; half a step outside the range if `whole`.
        whole: only whole numbers count.
    """

    low: float
    high: float
    log: bool
    whole: bool

    def encode(self, value: Value) -> float:
        """Give the code of a number in the range."""
        low, high, at = (
            math.log(x) if self.log else x for x in (self.low, self.high, min(self.high, max(self.low, float(value))))
        )
        return (at - low) / (high - low)

    def decode(self, code: float) -> Value:
        """Give the number of a code from 0 to 1."""
        if code in (0.0, 1.0) and not self.whole:
            return self.high if code else self.low
        low, high = (math.log(x) if self.log else x for x in (self.low, self.high))
        at = low + code * (high - low)
        number = math.exp(at) if self.log else at
        if self.whole:
            return min(round(self.high - 0.5), max(round(self.low + 0.5), round(number)))
        return min(self.high, max(self.low, number))

    def cells(self, codes: Floats) -> Floats:
        """Give for each code [n] the width of the codes that have the same whole number [n]."""
        low, high = (math.log(x) if self.log else x for x in (self.low, self.high))
        if not self.log:
            return np.full(len(codes), 1 / (high - low))
        numbers = np.clip(np.rint(np.exp(low + codes * (high - low))), self.low + 0.5, self.high - 0.5)
        return (np.log(numbers + 0.5) - np.log(numbers - 0.5)) / (high - low)

    def span(self, low: Value, high: Value) -> tuple[float, float]:
        """Give the codes between which the numbers from `low` to `high` lie."""
        step = 0.5 if self.whole else 0.0
        return self.encode(float(low) - step), self.encode(float(high) + step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The codes of a few values: 0, 1, 2, ...

    Attributes:
        values: by their code, rising if `ordered`.
        ordered: numbers, so that neighbours are alike.
        edges: float64 [values + 1] from 0 to 1, the borders between the values; evenly if not `ordered`.
    """

    values: tuple[Value, ...]
    ordered: bool
    edges: Floats = field(compare=False)

    def encode(self, value: Value) -> float:
        """Give the code of one of the values.

        Raises:
            ValueError: it is none of them.
        """
        return float(self.values.index(value))

    def decode(self, code: float) -> Value:
        """Give the value of a code."""
        return self.values[int(code)]

    def span(self, low: Value, high: Value) -> tuple[float, float]:
        """Give the lowest and highest code of the values from `low` to `high`; of `low` alone if they have no order.

        Raises:
            ValueError: there is none.
        """
        if not self.ordered:
            return self.encode(low), self.encode(low)
        inside = [code for code, value in enumerate(self.values) if low <= value <= high]  # type: ignore[operator]
        return float(min(inside)), float(max(inside))


Codes = Line | Cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of a space: for each column the codes from `low` to `high`, both float64 [columns]."""

    low: Floats
    high: Floats


class Encoding:
    """A space's dimensions as columns; a row is one configuration, NaN where a dimension does not apply.

    Attributes:
        names: of the columns, each behind those that its condition names.
        columns: how the values of each are coded.
        whole: the region of all codes.
    """

    def __init__(self, space: Space) -> None:
        self.names = tuple(dimension.name for dimension in space.dimensions)
        self.columns: tuple[Codes, ...] = tuple(_codes_of(dimension) for dimension in space.dimensions)
        self.whole = Region(
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
        low, high = self.whole.low.copy(), self.whole.high.copy()
        for place, (name, column) in enumerate(zip(self.names, self.columns, strict=True)):
            if name in ranges:
                low[place], high[place] = column.span(*ranges[name])
        return Region(low=low, high=high)

    def snap(self, rows: Floats) -> Floats:
        """Move the codes of whole numbers to those that their numbers have."""
        for place, column in enumerate(self.columns):
            if isinstance(column, Line) and column.whole:
                rows[:, place] = [
                    code if math.isnan(code) else column.encode(column.decode(code)) for code in rows[:, place].tolist()
                ]
        return rows


def _codes_of(dimension: Dimension) -> Codes:
    domain = dimension.domain
    if isinstance(domain, Choices):
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in domain.values)
        values = tuple(sorted(domain.values)) if numbers else domain.values
        return Cells(values=values, ordered=numbers, edges=np.linspace(0, 1, len(values) + 1))
    if domain.low == domain.high:
        return Cells(values=(domain.low,), ordered=True, edges=np.array([0.0, 1.0]))
    if not isinstance(domain, IntRange):
        return Line(low=domain.low, high=domain.high, log=domain.log, whole=False)
    line = Line(low=domain.low - 0.5, high=domain.high + 0.5, log=domain.log, whole=True)
    if domain.high - domain.low >= MAX_CELLS:
        return line
    edges = np.array([line.encode(value - 0.5) for value in range(domain.low, domain.high + 2)])
    return Cells(values=tuple(range(domain.low, domain.high + 1)), ordered=True, edges=edges)
