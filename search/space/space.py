"""A space: what may be proposed for each hyperparameter, and under which condition. Knows nothing of Optuna."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packtune.errors import SpaceError, suggest_name
from packtune.models.configuration import HYPERPARAMETERS, Configuration
from packtune.protocol import Protocol

Value = bool | int | float | str
MAX_ENUMERATED = 100_000


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

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{', log' if self.log else ''}"


Domain = Choices | IntRange | FloatRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One hyperparameter of a space.

    Attributes:
        name: a name of `HYPERPARAMETERS`.
        domain: the values that may be proposed.
        when: the dimension applies only where each of these hyperparameters has one of the given values.
    """

    name: str
    domain: Domain
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    def applies(self, values: Mapping[str, Value]) -> bool:
        """Tell whether the condition holds for the values chosen so far."""
        return all(values.get(name) in allowed for name, allowed in self.when.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Dimensions with conditions, or a list of configurations made of them.

    Attributes:
        name: for people, and for the name of a run.
        dimensions: sorted when made, so that each comes after those that its condition names.
        listed: the only configurations that are proposed, in this order; empty if there is no list.
        description: one line for people.
        protocol: how trials are trained, unless the user chooses the other protocol.

    Raises:
        SpaceError: a name is unknown; bounds are swapped or outside the range of the hyperparameter; a logarithm of
            zero; there are no choices; a condition names a hyperparameter that the space lacks, or conditions form a
            circle.
    """

    name: str
    dimensions: tuple[Dimension, ...]
    listed: tuple[Mapping[str, Value], ...] = ()
    description: str = ""
    protocol: Protocol = Protocol.SEARCH

    def __post_init__(self) -> None:
        if not self.dimensions:
            raise SpaceError(f"space {self.name!r} has no hyperparameters: give at least one")
        for dimension in self.dimensions:
            _check_dimension(self.name, dimension, {d.name: d for d in self.dimensions})
        object.__setattr__(self, "dimensions", _sort_by_condition(self.name, self.dimensions))

    def choose(self, value_of: Callable[[Dimension], Value]) -> dict[str, Value]:
        """Choose a value for each dimension whose condition holds, in the order of the dimensions.

        Args:
            value_of: called once for each of these dimensions.
        """
        values: dict[str, Value] = {}
        for dimension in self.dimensions:
            if dimension.applies(values):
                values[dimension.name] = value_of(dimension)
        return values

    def configuration_of(self, values: Mapping[str, Value]) -> Configuration:
        """Make the configuration with these values; those of dimensions that do not apply count for nothing.

        Raises:
            KeyError: the value of a dimension that applies is missing.
            ValueError: a value lies outside the range of its hyperparameter.
        """
        return Configuration.from_dict(self.choose(lambda dimension: values[dimension.name]))

    @property
    def is_enumerable(self) -> bool:
        """Tell whether the space has a finite number of configurations."""
        return bool(self.listed) or all(dimension.domain.enumerate() is not None for dimension in self.dimensions)

    def enumerate(self) -> list[dict[str, Value]]:
        """List the values of each configuration, in the order of the dimensions and their values.

        Raises:
            SpaceError: a dimension is continuous, or the list would have more than MAX_ENUMERATED entries.
        """
        if self.listed:
            return [dict(values) for values in self.listed]
        rows = list(itertools.islice(self._walk({}, 0), MAX_ENUMERATED + 1))
        if len(rows) > MAX_ENUMERATED:
            raise SpaceError(
                f"space {self.name!r} has more than {MAX_ENUMERATED:,} configurations, too many to try each: "
                "use the sampler 'random', 'tpe' or 'qmc'"
            )
        return rows

    def _walk(self, values: dict[str, Value], index: int) -> Iterator[dict[str, Value]]:
        if index == len(self.dimensions):
            yield dict(values)
            return
        dimension = self.dimensions[index]
        if not dimension.applies(values):
            yield from self._walk(values, index + 1)
            return
        choices = dimension.domain.enumerate()
        if choices is None:
            raise SpaceError(
                f"space {self.name!r} cannot be tried in full: {dimension.name} is continuous ({dimension.domain}). "
                "Use the sampler 'random', 'tpe' or 'qmc', or give the hyperparameter a list of choices"
            )
        for value in choices:
            yield from self._walk({**values, dimension.name: value}, index + 1)


def _check_dimension(space: str, dimension: Dimension, known: Mapping[str, Dimension]) -> None:
    where = f"space {space!r}, hyperparameter {dimension.name!r}"
    if dimension.name not in HYPERPARAMETERS:
        raise SpaceError(
            f"space {space!r}: unknown hyperparameter {dimension.name!r}."
            + suggest_name(dimension.name, HYPERPARAMETERS)
        )
    _check_domain(where, dimension.domain)
    hyperparameter = HYPERPARAMETERS[dimension.name]
    if hyperparameter.kind in (bool, str) and not isinstance(dimension.domain, Choices):
        raise SpaceError(f"{where}: a range was given, but it must be {hyperparameter.allowed}: use choices = [...]")
    for value in dimension.domain.bounds():
        if not hyperparameter.accepts(value):
            raise SpaceError(f"{where}: {value!r} is not allowed: it must be {hyperparameter.allowed}")
    for parent, allowed in dimension.when.items():
        _check_condition(where, parent, allowed, known)


def _check_domain(where: str, domain: Domain) -> None:
    if isinstance(domain, Choices):
        if not domain.values:
            raise SpaceError(f"{where}: choices is empty: give at least one value")
        if len(set(map(repr, domain.values))) < len(domain.values):
            raise SpaceError(f"{where}: choices has a value twice ({domain}): give each once")
        return
    if not (math.isfinite(domain.low) and math.isfinite(domain.high)):
        raise SpaceError(f"{where}: the bounds {domain.low} and {domain.high} must be finite numbers")
    if domain.low > domain.high:
        raise SpaceError(f"{where}: low = {domain.low} is above high = {domain.high}: swap them")
    if domain.log and domain.low <= 0:
        raise SpaceError(f"{where}: log = true needs low above 0, but low = {domain.low}: raise low, or leave log out")


def _check_condition(where: str, parent: str, allowed: tuple[Value, ...], known: Mapping[str, Dimension]) -> None:
    if parent not in known:
        raise SpaceError(
            f"{where}: its condition names {parent!r}, which the space does not have." + suggest_name(parent, known)
        )
    if not allowed:
        raise SpaceError(f"{where}: its condition on {parent!r} lists no value: give at least one")
    possible = known[parent].domain.enumerate()
    for value in allowed:
        if possible is not None and value not in possible:
            raise SpaceError(
                f"{where}: its condition asks for {parent} = {value!r}, which the space never proposes "
                f"({known[parent].domain}): correct one of the two"
            )


def _sort_by_condition(space: str, dimensions: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """Move each dimension behind those that its condition names; otherwise the order stays."""
    ordered: list[Dimension] = []
    left = list(dimensions)
    while left:
        placed = {dimension.name for dimension in ordered}
        ready = next((dimension for dimension in left if set(dimension.when) <= placed), None)
        if ready is None:
            names = ", ".join(dimension.name for dimension in left)
            raise SpaceError(f"space {space!r}: the conditions of {names} go round in circles: remove one of them")
        left.remove(ready)
        ordered.append(ready)
    return tuple(ordered)
