"""How large the kernels, blocks and pooling of a cnn may be on small images."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packtune.models.architectures.shapes import fits
from packtune.models.configuration import Configuration
from packtune.space.domains import Choices, Dimension, Domain
from packtune.space.narrowing import narrow, only

ARCHITECTURE, CNN = "architecture", "cnn"
SHAPING = ("blocks", "kernel_size", "pooling")
"""What decides which images are large enough for a cnn: the smaller, the smaller the images may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """The largest value that a hyperparameter of a cnn has left.

    Attributes:
        kept: how many of its values are left.
        lowered: by how much it is below the default of a hyperparameter that the space leaves out.
    """

    value: int
    kept: int = 1
    lowered: int = 0


def has_room(dimensions: Sequence[Dimension], input_shape: tuple[int, ...]) -> bool:
    """Tell whether some cnn of a space can be built for images of a shape."""
    return _largest(dimensions, input_shape) is not None


def fit_cnn(dimensions: Sequence[Dimension], input_shape: tuple[int, ...]) -> tuple[Dimension, ...]:
    """Leave out the largest values of the kernels, blocks and pooling, until every cnn can be built.

    As many combinations as possible are left. Where a space leaves one of the three out, and its default is too large,
    it gets the largest value that fits.

    Args:
        dimensions: of a space for which `has_room` is true.
        input_shape: (channels, height, width) of the images.
    """
    limits = _largest(dimensions, input_shape) or {}
    domains: dict[str, Domain] = {}
    for each in dimensions:
        limit = limits.get(each.name)
        left = each.domain if limit is None else only(each.domain, lambda value, most=limit.value: value <= most)  # type: ignore[misc]
        domains[each.key] = left or each.domain
    added = [
        Dimension(name=name, domain=Choices(values=(limit.value,)), when={ARCHITECTURE: (CNN,)})
        for name, limit in limits.items()
        if limit.lowered
    ]
    return narrow([*dimensions, *added], domains)


def _largest(dimensions: Sequence[Dimension], input_shape: tuple[int, ...]) -> Mapping[str, _Limit] | None:
    """Give the limits under which most combinations are left, all of which fit; none if nothing fits."""
    combinations = itertools.product(*(_limits_of(name, dimensions) for name in SHAPING))
    fitting = [each for each in combinations if _fits(each, input_shape)]
    if not fitting:
        return None
    best = max(fitting, key=lambda each: (-sum(x.lowered for x in each), math.prod(x.kept for x in each)))
    return dict(zip(SHAPING, best, strict=True))


def _limits_of(name: str, dimensions: Sequence[Dimension]) -> list[_Limit]:
    """List the limits that a hyperparameter may get; of several forms, those of the one with the largest value."""
    forms: list[Dimension | None] = [each for each in dimensions if each.name == name]
    return max((_limits(name, each) for each in forms or [None]), key=lambda found: found[-1].value)


def _limits(name: str, dimension: Dimension | None) -> list[_Limit]:
    default: int = getattr(Configuration(), name)
    if dimension is None:
        return [_Limit(value=default - lowered, lowered=lowered) for lowered in range(default)]
    if CNN not in dimension.when.get(ARCHITECTURE, (CNN,)):
        return [_Limit(value=default)]
    values = sorted(value for value in dimension.domain.enumerate() or () if isinstance(value, int))
    at_least = default if set(dimension.when) - {ARCHITECTURE} else 0  # where its condition does not hold
    return [_Limit(value=max(value, at_least), kept=n) for n, value in enumerate(values, 1)]


def _fits(limits: Sequence[_Limit], input_shape: tuple[int, ...]) -> bool:
    sizes = {name: limit.value for name, limit in zip(SHAPING, limits, strict=True)}
    return fits(Configuration.from_dict({ARCHITECTURE: CNN, **sizes}), input_shape)
