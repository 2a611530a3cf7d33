"""Configurations that a user wants to be tried first: completed from a space, and checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packtune.data.description import Description
from packtune.errors import SettingsError
from packtune.models.architectures.shapes import check_fits
from packtune.models.configuration import Configuration, Value, is_own
from packtune.space.domains import Choices, Dimension, IntRange
from packtune.space.space import Space


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One configuration that was asked for, as far as it was said.

    Attributes:
        source: where it was said, for errors.
        values: by the name of the hyperparameter.
    """

    source: str
    values: Mapping[str, Value]

    def completed(self, space: Space) -> Configuration:
        """Fill in what was left out: the default, or the value next to it in the space.

        Raises:
            SettingsError: a value is not allowed.
        """
        expected = None if space.network is None else space.network.architecture
        architecture = self.values.get("architecture", expected)
        if architecture != expected and (expected or is_own(architecture)):
            raise SettingsError(
                f"try {self.source}: the architecture {architecture} is not that of this search"
                f"{f', {expected}: leave it out' if expected else ': name its file with --model'}"
            )
        try:
            return space.completed_by(self.values, _next_to_default)
        except ValueError as error:
            raise SettingsError(f"try {self.source}: {error}") from error


def complete_tries(tries: Iterable[Try], space: Space, data: Description) -> tuple[Configuration, ...]:
    """Make the configurations, each once.

    Raises:
        SettingsError: a value is not allowed, or a network cannot be built or trained on the data.
    """
    made: dict[object, Configuration] = {}
    for each in tries:
        configuration = each.completed(space)
        _check_trains(each.source, configuration, data)
        made.setdefault(tuple(configuration.used().items()), configuration)
    return tuple(made.values())


def describe_outside(space: Space, configuration: Configuration) -> str:
    """Say what of a configuration a space never proposes; empty if nothing is."""
    if space.values_of(configuration) is not None:
        return ""
    applying = space.nearest_values(configuration) or {}
    domains = {each.name: each.domain for each in space.dimensions if each.key in applying}
    default = Configuration().as_dict()
    if space.network is not None:
        default["architecture"] = space.network.architecture
    odd = [
        f"{name} {value}"
        for name, value in configuration.used().items()
        if (value != default[name] if name not in domains else not domains[name].has(value))
    ]
    what = ", ".join(odd) or "the combination of its values"
    return f"Tried first, although the space {space.name} never proposes it: {what}."


def _next_to_default(dimension: Dimension) -> Value:
    """Give the default of a hyperparameter, or what is next to it; of own networks, the first or the middle value."""
    domain, default = dimension.domain, Configuration().as_dict().get(dimension.name)
    if isinstance(domain, Choices):
        return default if default is not None and domain.has(default) else domain.values[0]
    if default is not None:
        return min(domain.high, max(domain.low, default))
    middle = math.sqrt(domain.low * domain.high) if domain.log else (domain.low + domain.high) / 2
    return round(middle) if isinstance(domain, IntRange) else middle


def _check_trains(source: str, configuration: Configuration, data: Description) -> None:
    try:
        check_fits(configuration, data.input_shape)
    except ValueError as error:
        raise SettingsError(f"try {source}: {error}") from error
    if configuration.batch_size > data.n_train:
        raise SettingsError(
            f"try {source}: batch_size = {configuration.batch_size} is more than the {data.n_train} training examples "
            f"of {data.name}: give a smaller one"
        )
