"""A space: what may be proposed for each hyperparameter, and under which condition. Knows nothing of Optuna."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from packtune.errors import SpaceError
from packtune.models.configuration import Configuration, Value
from packtune.models.own.hyperparameters import NetworkSpace, hyperparameters_with, own_values
from packtune.protocol import Protocol
from packtune.space.checks import check_dimension, check_forms
from packtune.space.domains import Dimension

MAX_ENUMERATED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Dimensions with conditions, or a list of configurations made of them.

    Attributes:
        name: for people, and for the name of a run.
        dimensions: sorted when made, so that each comes after those that its condition names.
        listed: the only configurations that are proposed, in this order; empty if there is no list.
        description: one line for people.
        protocol: how trials are trained, unless the user chooses the other protocol.
        network: a network of the user's own, whose hyperparameters are among the dimensions; none for built-in ones.

    Raises:
        SpaceError: a name is unknown; bounds are swapped or outside the range of the hyperparameter; a logarithm of
            zero; there are no choices; a condition names a hyperparameter that the space lacks, or conditions form a
            circle; or several forms of a hyperparameter are not told apart by the architecture or the optimizer.
    """

    name: str
    dimensions: tuple[Dimension, ...]
    listed: tuple[Mapping[str, Value], ...] = ()
    description: str = ""
    protocol: Protocol = Protocol.SEARCH
    network: NetworkSpace | None = None

    def __post_init__(self) -> None:
        if not self.dimensions:
            raise SpaceError(f"space {self.name!r} has no hyperparameters: give at least one")
        known = hyperparameters_with(self.network)
        for dimension in self.dimensions:
            check_dimension(self.name, dimension, {d.name: d for d in self.dimensions}, known)
        check_forms(self.name, self.dimensions)
        object.__setattr__(self, "dimensions", _count_forms(_sort_by_condition(self.name, _together(self.dimensions))))

    def choose(self, value_of: Callable[[Dimension], Value]) -> dict[str, Value]:
        """Choose a value for each dimension whose condition holds, in the order of the dimensions.

        Args:
            value_of: called once for each of these dimensions.

        Returns:
            The values by the keys of the dimensions.
        """
        values: dict[str, Value] = {}
        for dimension in self.dimensions:
            if dimension.applies(values):
                values[dimension.key] = value_of(dimension)
        return values

    def configuration_of(self, values: Mapping[str, Value]) -> Configuration:
        """Make the configuration with these values; those of dimensions that do not apply count for nothing.

        Args:
            values: by the keys of the dimensions.

        Raises:
            KeyError: the value of a dimension that applies is missing.
            ValueError: a value lies outside the range of its hyperparameter.
        """
        return self.completed_by({}, lambda dimension: values[dimension.key])

    def completed_by(self, given: Mapping[str, Value], value_of: Callable[[Dimension], Value]) -> Configuration:
        """Make the configuration with given values, which may lie outside the space.

        Args:
            given: by the names of the hyperparameters.
            value_of: gives the value of each dimension that applies and is not among them.

        Raises:
            ValueError: a value lies outside the range of its hyperparameter.
        """
        keyed = self.choose(lambda each: given[each.name] if each.name in given else value_of(each))
        values = {**{each.name: keyed[each.key] for each in self.dimensions if each.key in keyed}, **given}
        if self.network is None:
            return Configuration.from_dict(values)
        own = own_values(self.network, values)
        common = {name: value for name, value in values.items() if name not in own}
        return Configuration.from_dict({"architecture": self.network.architecture, "own": own, **common})

    def has(self, values: Mapping[str, Value]) -> bool:
        """Tell whether the dimensions may have these values, by their keys, and each that applies has one."""
        try:
            applying = self.choose(lambda dimension: values[dimension.key])
        except KeyError:
            return False
        domains = {dimension.key: dimension.domain for dimension in self.dimensions}
        return applying.keys() == values.keys() and all(domains[key].has(value) for key, value in values.items())

    def values_of(self, configuration: Configuration) -> dict[str, Value] | None:
        """Give the values by key with which a configuration is proposed; none if it never is."""
        used = configuration.used()
        values = self.nearest_values(configuration)
        if values is None or not self.has(values) or self.configuration_of(values).used() != used:
            return None
        listed = not self.listed or any(self.configuration_of(row).used() == used for row in self.listed)
        return values if listed else None

    def nearest_values(self, configuration: Configuration) -> dict[str, Value] | None:
        """Give a configuration's values of the dimensions that apply, by key; none if it is of another network."""
        known = {**configuration.as_dict(), **configuration.own}
        try:
            return self.choose(lambda dimension: known[dimension.name])
        except KeyError:
            return None

    @property
    def is_enumerable(self) -> bool:
        """Tell whether the space has a finite number of configurations."""
        return bool(self.listed) or all(dimension.domain.enumerate() is not None for dimension in self.dimensions)

    def enumerate(self) -> list[dict[str, Value]]:
        """List the values of each configuration by the keys of the dimensions, in the order of both.

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
            yield from self._walk({**values, dimension.key: value}, index + 1)


def _sort_by_condition(space: str, dimensions: Sequence[Dimension]) -> list[Dimension]:
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
    return ordered


def _together(dimensions: Sequence[Dimension]) -> list[Dimension]:
    """Move the forms of each hyperparameter to its first one, as a file has them."""
    by_name: dict[str, list[Dimension]] = {}
    for each in dimensions:
        by_name.setdefault(each.name, []).append(each)
    return [each for forms in by_name.values() for each in forms]


def _count_forms(dimensions: Sequence[Dimension]) -> tuple[Dimension, ...]:
    """Number the forms of each hyperparameter in their order."""
    forms: Counter[str] = Counter()
    counted = []
    for each in dimensions:
        forms[each.name] += 1
        counted.append(replace(each, form=forms[each.name]))
    return tuple(counted)
