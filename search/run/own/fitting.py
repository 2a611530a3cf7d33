"""A space and the number of epochs, fitted to the data: what needs images is left out for a table, and large batches
for few examples."""

from __future__ import annotations

import math
from dataclasses import replace

from packtune.data.description import Description
from packtune.errors import SpaceError
from packtune.models.configuration import IMAGE_ARCHITECTURES, Value
from packtune.space.domains import Choices, Dimension, IntRange
from packtune.space.space import Space

ARCHITECTURE, BATCH_SIZE = "architecture", "batch_size"
MIN_STEPS = 4
"""Steps that an epoch should have."""
EXAMPLES_SEEN = 60_000
"""A full training sees about so many examples by default, in `LEAST_EPOCHS` to `MOST_EPOCHS` epochs."""
LEAST_EPOCHS, MOST_EPOCHS = 10, 100


def left_out(space: Space, data: Description) -> tuple[str, ...]:
    """List the architectures that a space offers and the data do not allow."""
    if data.is_images:
        return ()
    offered = next((_choices(each) for each in space.dimensions if each.name == ARCHITECTURE), ())
    return tuple(name for name in IMAGE_ARCHITECTURES if name in offered)


def fit_space(space: Space, data: Description) -> Space:
    """Leave out of a space what data of the user's own do not allow: built-in data sets allow everything.

    These are architectures that need images, with what belongs to them alone, and batches that would leave fewer than
    `MIN_STEPS` steps in an epoch.

    Raises:
        SpaceError: nothing is left.
    """
    if not data.fingerprint:
        return space
    return _fit_batches(_fit_architectures(space, data), data)


def default_epochs(data: Description) -> int:
    """Give how many epochs a full training has if nobody says: of few examples more, so that they make enough steps."""
    return min(MOST_EPOCHS, max(LEAST_EPOCHS, math.ceil(EXAMPLES_SEEN / data.n_train)))


def _fit_architectures(space: Space, data: Description) -> Space:
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


def _fit_batches(space: Space, data: Description) -> Space:
    """Leave out batches that are too large; if all are, those that fit in the training split stay."""
    most = max(1, data.n_train // MIN_STEPS)
    dimensions = tuple(_smaller(each, most, data) if each.name == BATCH_SIZE else each for each in space.dimensions)
    return replace(space, dimensions=dimensions)


def _smaller(dimension: Dimension, most: int, data: Description) -> Dimension:
    domain = dimension.domain
    if isinstance(domain, Choices):
        sizes = [value for value in domain.values if isinstance(value, int)]
        kept = [size for size in sizes if size <= most] or [size for size in sizes if size <= data.n_train]
        if not kept:
            smallest = min(sizes)
            raise SpaceError(
                f"the smallest batch_size of the space, {smallest}, is more than the {data.n_train} training examples "
                f"of {data.name}: give a space with a smaller one"
            )
        return replace(dimension, domain=Choices(values=tuple(kept)))
    if isinstance(domain, IntRange) and domain.high > most:
        return replace(dimension, domain=replace(domain, high=max(domain.low, most)))
    return dimension


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
