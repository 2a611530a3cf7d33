"""The values of one hyperparameter as numbers: on a line, or in numbered cells. Knows nothing of Optuna."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from packtune.models.configuration import Value
from packtune.space.domains import Choices, Dimension, IntRange

Floats = npt.NDArray[np.float64]
# An integer range with so few values has a cell for each; a larger one is a line whose codes are rounded.
MAX_CELLS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The codes of a range: 0 to 1, evenly in the number or in its logarithm.

    Attributes:
        low, high: the numbers at 0 and 1; half a step outside the range if `integer`.
        log: whether the codes are even in the logarithm.
        integer: whether only whole numbers are allowed.
    """

    low: float
    high: float
    log: bool
    integer: bool

    def encode(self, value: Value) -> float:
        """Give the code of a number in the range."""
        inside = min(self.high, max(self.low, float(value)))
        low, high, number = (math.log(x) if self.log else x for x in (self.low, self.high, inside))
        return (number - low) / (high - low)

    def decode(self, code: float) -> Value:
        """Give the number of a code from 0 to 1."""
        if code in (0.0, 1.0) and not self.integer:
            return self.high if code else self.low
        low, high = (math.log(x) if self.log else x for x in (self.low, self.high))
        linear = low + code * (high - low)
        number = math.exp(linear) if self.log else linear
        if self.integer:
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
        step = 0.5 if self.integer else 0.0
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


def codes_of(dimension: Dimension) -> Codes:
    """Choose how the values of a hyperparameter are coded."""
    domain = dimension.domain
    if isinstance(domain, Choices):
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in domain.values)
        values = tuple(sorted(domain.values)) if numbers else domain.values
        return Cells(values=values, ordered=numbers, edges=np.linspace(0, 1, len(values) + 1))
    if domain.low == domain.high:
        return Cells(values=(domain.low,), ordered=True, edges=np.array([0.0, 1.0]))
    if not isinstance(domain, IntRange):
        return Line(low=domain.low, high=domain.high, log=domain.log, integer=False)
    line = Line(low=domain.low - 0.5, high=domain.high + 0.5, log=domain.log, integer=True)
    if domain.high - domain.low >= MAX_CELLS:
        return line
    edges = np.array([line.encode(value - 0.5) for value in range(domain.low, domain.high + 2)])
    return Cells(values=tuple(range(domain.low, domain.high + 1)), ordered=True, edges=edges)
