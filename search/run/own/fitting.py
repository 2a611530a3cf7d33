"""A space, fitted to the data: what needs images is left out for a table."""

from __future__ import annotations

from dataclasses import replace

from packtune.data.description import Description
from packtune.errors import SpaceError
from packtune.models.configuration import IMAGE_ARCHITECTURES, Value
from packtune.space.domains import Choices, Dimension
from packtune.space.space import Space

ARCHITECTURE = "architecture"


def left_out(space: Space, data: Description) -> tuple[str, ...]:
    """List the architectures that a space offers and the data do not allow."""
    if data.is_images:
        return ()
    offered = next((_choices(each) for each in space.dimensions if each.name == ARCHITECTURE), ())
    return tuple(name for name in IMAGE_ARCHITECTURES if name in offered)


def fit_space(space: Space, data: Description) -> Space:
    """Leave out of a space the architectures that the data do not allow, and what belongs to them alone.

    Raises:
        SpaceError: nothing is left.
    """
    out = left_out(space, data)
    if not out:
        return space
    listed = tuple(values for values in space.listed if values.get(ARCHITECTURE) not in out)
    dimensions = tuple(kept for each in space.dimensions if (kept := _without(each, out)) is not None)
    if (space.listed and not listed) or not any(each.name == ARCHITECTURE for each in dimensions):
        raise SpaceError(
            f"the space {space.name!r} offers only {', '.join(out)}, which need images, and {data.name} is a table: "
            "give a space with the architecture mlp"
        )
    return replace(space, dimensions=dimensions, listed=listed)


def _without(dimension: Dimension, out: tuple[str, ...]) -> Dimension | None:
    """Take values away from the choices of the architecture, or from a condition on it; none if nothing is left."""
    if dimension.name == ARCHITECTURE:
        kept = tuple(value for value in _choices(dimension) if value not in out)
        return replace(dimension, domain=Choices(values=kept)) if kept else None
    if ARCHITECTURE not in dimension.when:
        return dimension
    allowed = tuple(value for value in dimension.when[ARCHITECTURE] if value not in out)
    return replace(dimension, when={**dimension.when, ARCHITECTURE: allowed}) if allowed else None


def _choices(dimension: Dimension) -> tuple[Value, ...]:
    return dimension.domain.values if isinstance(dimension.domain, Choices) else ()
