"""The values that may be proposed for one hyperparameter: choices or a range, and under which condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from packtune.models.configuration import Value


def _in_words(value: Value) -> str:
    """Write a value as in TOML, without characters that a terminal would obey."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) and value.isprintable() else repr(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """One of some values; a single one fixes the hyperparameter."""

    values: tuple[Value, ...]

    def enumerate(self) -> tuple[Value, ...]:
        """List the values."""
        return self.values

    def bounds(self) -> tuple[Value, ...]:
        """Give the values that must lie in the range of the hyperparameter."""
        return self.values

    def has(self, value: Value) -> bool:
        """Tell whether it may be proposed."""
        return value in self.values

    def __str__(self) -> str:
        return ", ".join(_in_words(value) for value in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntRange:
    """A whole number from low to high, both included; `log` draws evenly in its logarithm."""

    low: int
    high: int
    log: bool = False

    def enumerate(self) -> Sequence[Value]:
        """List the values as a range, as there may be very many."""
        return range(self.low, self.high + 1)

    def bounds(self) -> tuple[Value, ...]:
        """Give the values that must lie in the range of the hyperparameter."""
        return (self.low, self.high)

    def has(self, value: Value) -> bool:
        """Tell whether it may be proposed."""
        return isinstance(value, int) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}{', log' if self.log else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatRange:
    """A number from low to high; `log` draws evenly in its logarithm."""

    low: float
    high: float
    log: bool = False

    def enumerate(self) -> tuple[Value, ...] | None:
        """Tell that a continuous range has no list of values."""
        return None

    def bounds(self) -> tuple[Value, ...]:
        """Give the values that must lie in the range of the hyperparameter."""
        return (self.low, self.high)

    def has(self, value: Value) -> bool:
        """Tell whether it may be proposed."""
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{', log' if self.log else ''}"


Domain = Choices | IntRange | FloatRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One hyperparameter of a space, or one of several forms of it, each with a range and a condition of its own.

    Attributes:
        name: a name of `HYPERPARAMETERS`.
        domain: the values that may be proposed.
        when: the dimension applies only where each of these hyperparameters has one of the given values.
        form: which of the forms of the hyperparameter it is, from 1; the space counts them.
    """

    name: str
    domain: Domain
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    form: int = 1

    @property
    def key(self) -> str:
        """The name under which proposals and studies have its values: each form has its own."""
        return self.name if self.form == 1 else f"{self.name}#{self.form}"

    def applies(self, values: Mapping[str, Value]) -> bool:
        """Tell whether the condition holds for the values chosen so far."""
        return all(values.get(name) in allowed for name, allowed in self.when.items())
