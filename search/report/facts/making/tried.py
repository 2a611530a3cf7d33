"""The hyperparameters of a search's trials: those that trials differ in become axes, the others are fixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from packtune.models.configuration import Configuration, Value
from packtune.report.columns.hyperparameters import hyperparameter_columns
from packtune.report.facts.hyperparameters import HyperparameterFacts
from packtune.space.domains import Choices, Dimension, Domain
from packtune.space.space import Space


class Tried:
    """The hyperparameters of some configurations.

    Attributes:
        axes: that the space leaves open, or that configurations differ in, in the order of tables.
        fixed: (name, value) of the others.
    """

    def __init__(self, space: Space, configurations: Sequence[Configuration]) -> None:
        counted = [each.counting() for each in configurations]
        seen = {name: _distinct(row.get(name) for row in counted) for name in hyperparameter_columns(configurations)}
        forms: dict[str, list[Dimension]] = {}
        for dimension in space.dimensions:
            forms.setdefault(dimension.name, []).append(dimension)
        names = [name for name in dict.fromkeys((*seen, *forms)) if configurations or name in forms]
        is_open = {name for name in names if len(seen.get(name, ())) > 1 or _is_open(forms.get(name, ()))}
        self.axes = tuple(_axis(name, forms.get(name, ()), seen.get(name, [])) for name in names if name in is_open)
        self.fixed = tuple(
            (name, value) for name in names if name not in is_open for value in seen.get(name, []) if value is not None
        )
        self._values = {each: self._on_axes(row) for each, row in zip(configurations, counted, strict=True)}

    def values(self, configuration: Configuration) -> tuple[Value | None, ...]:
        """Give the values of a configuration on the axes; none where a hyperparameter does not apply."""
        return self._values.get(configuration) or self._on_axes(configuration.counting())

    def _on_axes(self, counted: Mapping[str, Value]) -> tuple[Value | None, ...]:
        return tuple(counted.get(axis.name) for axis in self.axes)


def condition_of(dimension: Dimension) -> str:
    """Say where a dimension applies, such as "optimizer = adam or adamw"; nothing if everywhere."""
    return " and ".join(f"{name} = {' or '.join(map(str, allowed))}" for name, allowed in dimension.when.items())


def _distinct(values: Iterable[Value | None]) -> list[Value | None]:
    return list(dict.fromkeys(values))


def _is_open(forms: Sequence[Dimension]) -> bool:
    return len(forms) > 1 or any(len(set(each.domain.bounds())) > 1 for each in forms)


def _axis(name: str, forms: Sequence[Dimension], seen: Sequence[Value | None]) -> HyperparameterFacts:
    domains, tried = [each.domain for each in forms], [value for value in seen if value is not None]
    choices = _choices(domains, tried)
    numbers = [] if choices else [float(value) for value in (*_bounds(domains), *tried) if not isinstance(value, str)]
    return HyperparameterFacts(
        name=name,
        choices=choices,
        low=min(numbers, default=None),
        high=max(numbers, default=None),
        is_log=min(numbers, default=0) > 0 and any(not isinstance(each, Choices) and each.log for each in domains),
        is_whole=bool(numbers) and all(type(value) is int for value in (*_bounds(domains), *tried)),
        is_conditional=None in seen,
    )


def _choices(domains: Sequence[Domain], tried: Sequence[Value]) -> tuple[Value, ...]:
    """List the values of an axis in their order; none if it is a range."""
    has_range = not all(isinstance(each, Choices) for each in domains) or not domains
    if has_range and all(type(value) in (int, float) for value in tried):
        return ()
    values = tuple(dict.fromkeys((*_bounds(domains), *tried)))
    return values if any(isinstance(value, str) for value in values) else tuple(sorted(values))


def _bounds(domains: Sequence[Domain]) -> list[Value]:
    return [value for each in domains for value in each.bounds()]
