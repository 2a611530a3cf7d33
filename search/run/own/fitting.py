"""A space and the number of epochs, fitted to the data: what needs images, or larger ones, is left out, and for few
examples large batches and many filters."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

from packtune.data.description import Description
from packtune.errors import SpaceError
from packtune.models.architectures.shapes import fits
from packtune.models.configuration import IMAGE_ARCHITECTURES, IMAGE_AUGMENTATIONS, Configuration, Value
from packtune.run.own.room import ARCHITECTURE, CNN, fit_cnn, has_room
from packtune.settings import DEFAULT_SPACE
from packtune.space.domains import Choices, Dimension, Domain
from packtune.space.narrowing import narrow, only, values_of
from packtune.space.space import Space

AUGMENTATION = "augmentation"
BATCH_SIZE, DEFAULT_BATCH = "batch_size", Configuration().batch_size
MIN_STEPS = 4
"""Steps that an epoch should have."""
IMAGES_SEEN, ROWS_SEEN = 21_000, 28_000
"""A full training sees about so many examples by default, in `LEAST_EPOCHS` to `MOST_EPOCHS` epochs.

Of images they are fewer, as they cost more: on 5,000 digits, six epochs take two thirds of the time of nine, and a
winner reached 98.6 instead of 98.7 %.
"""
LEAST_EPOCHS, MOST_EPOCHS = 6, 100
FILTERS, MOST_FILTERS = "filters", 16
"""Of a cnn in the space `wide`, for fewer than `FEW_IMAGES` images of more than `SMALL_IMAGE` pixels.

With up to 32, a search on 5,000 digits of 28 x 28 took 1.9 times as long, and its winner was not better (98.8 against
98.7 % on 750 test images).
"""
FEW_IMAGES, SMALL_IMAGE = 10_000, 16 * 16


def left_out(space: Space, data: Description) -> tuple[str, ...]:
    """List the architectures that a space offers and the data do not allow: they need images, or larger ones."""
    offered = tuple(str(name) for name in values_of(space.dimensions, ARCHITECTURE))
    return tuple(name for name in offered if name in IMAGE_ARCHITECTURES and not _allowed(name, space, data))


def fit_space(space: Space, data: Description, asked: Collection[str] = ()) -> Space:
    """Leave out of a space what data of the user's own do not allow: built-in data sets allow everything.

    These are architectures that need images, or larger ones, with what belongs to them alone; kernels, blocks and
    pooling that leave no pixel; augmentations that need images; and batches that would leave fewer than `MIN_STEPS`
    steps in an epoch. Of the space `wide`, many filters are left out where they cost much time and gain nothing.

    Args:
        asked: hyperparameters that the user changed in the space.

    Raises:
        SpaceError: nothing is left.
    """
    if not data.fingerprint:
        return space
    if space.listed:
        return _fit_list(space, data)
    out = left_out(space, data)
    dimensions = _without(space, out, data)
    if CNN in values_of(dimensions, ARCHITECTURE):
        dimensions = fit_cnn(dimensions, data.input_shape)
        if space.name == DEFAULT_SPACE and FILTERS not in asked:
            dimensions = _fit_filters(dimensions, data)
    if not data.is_images:
        dimensions = _without_augmentations(space, dimensions)
    return replace(space, dimensions=_fit_batches(dimensions, data))


def default_epochs(data: Description) -> int:
    """Give how many epochs a full training has if nobody says: of few examples more, so that they make enough steps."""
    seen = IMAGES_SEEN if data.is_images else ROWS_SEEN
    return min(MOST_EPOCHS, max(LEAST_EPOCHS, math.ceil(seen / data.n_train)))


def _allowed(architecture: str, space: Space, data: Description) -> bool:
    if not data.is_images:
        return False
    if architecture == CNN and not space.listed:
        return has_room(space.dimensions, data.input_shape)
    rows = [row for row in space.listed if row.get(ARCHITECTURE) == architecture]
    kinds = map(Configuration.from_dict, rows) if space.listed else [Configuration(architecture=architecture)]
    return any(fits(each, data.input_shape) for each in kinds)


def _without(space: Space, out: tuple[str, ...], data: Description) -> tuple[Dimension, ...]:
    """Leave architectures out."""
    offered = next((each.domain for each in space.dimensions if each.name == ARCHITECTURE), None)
    if offered is None or not out:
        return space.dimensions
    kept = only(offered, lambda value: value not in out)
    if kept is None:
        raise _nothing_fits(space, out, data)
    return narrow(space.dimensions, {ARCHITECTURE: kept})


def _without_augmentations(space: Space, dimensions: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """Leave augmentations out that need images."""
    offered = next((each.domain for each in dimensions if each.name == AUGMENTATION), None)
    if offered is None:
        return dimensions
    kept = only(offered, lambda value: value not in IMAGE_AUGMENTATIONS)
    if kept is None:
        raise SpaceError(
            f"the space {space.name!r} offers only the augmentations {offered}, which need images, and the data are a "
            "table: give a space with mixup, noise or none"
        )
    return narrow(dimensions, {AUGMENTATION: kept})


def _fit_filters(dimensions: tuple[Dimension, ...], data: Description) -> tuple[Dimension, ...]:
    """Leave many filters out for few images, unless these are small."""
    *_, height, width = data.input_shape
    if data.n_train >= FEW_IMAGES or height * width <= SMALL_IMAGE:
        return dimensions
    kept = {
        each.key: only(each.domain, lambda n: int(n) <= MOST_FILTERS) for each in dimensions if each.name == FILTERS
    }
    return narrow(dimensions, {key: domain for key, domain in kept.items() if domain is not None})


def _fit_list(space: Space, data: Description) -> Space:
    """Leave out configurations that cannot be built, or whose batch is larger than the training split."""
    made = [(row, Configuration.from_dict(row)) for row in space.listed]
    built = [(row, each) for row, each in made if fits(each, data.input_shape)]
    listed = tuple(row for row, each in built if each.batch_size <= data.n_train)
    if not built:
        raise _nothing_fits(space, left_out(space, data), data)
    if not listed:
        raise _batch_error(min(each.batch_size for _, each in built), data)
    if len(listed) == len(made):
        return space
    domains = {each.key: _values_in(each, listed) for each in space.dimensions}
    return replace(space, dimensions=narrow(space.dimensions, domains), listed=listed)


def _values_in(dimension: Dimension, listed: tuple[Mapping[str, Value], ...]) -> Domain:
    kept = only(dimension.domain, lambda value: any(row.get(dimension.name) == value for row in listed))
    return kept or dimension.domain


def _fit_batches(dimensions: tuple[Dimension, ...], data: Description) -> tuple[Dimension, ...]:
    """Leave out batches that are too large; if all are, those that fit in the training split stay."""
    forms = {each.key: each.domain for each in dimensions if each.name == BATCH_SIZE}
    forms = forms or {BATCH_SIZE: Choices(values=(DEFAULT_BATCH,))}
    return narrow(dimensions, {key: _fit_batch(domain, data) for key, domain in forms.items()})


def _fit_batch(domain: Domain, data: Description) -> Domain:
    most = max(1, data.n_train // MIN_STEPS)
    kept = only(domain, lambda size: int(size) <= most) or only(domain, lambda size: int(size) <= data.n_train)
    if kept is None:
        raise _batch_error(min(int(value) for value in domain.enumerate() or ()), data)
    return kept


def _nothing_fits(space: Space, out: tuple[str, ...], data: Description) -> SpaceError:
    named = ", ".join(out)
    if data.is_images:
        _, height, width = data.input_shape
        return SpaceError(
            f"the space {space.name!r} offers only {named}, which leaves no pixel of images of {height} x {width}: "
            "give a space with the architecture mlp or with fewer blocks, or larger images with --image-size"
        )
    return SpaceError(
        f"the space {space.name!r} offers only {named}, which needs images, and {data.name} is a table: give a space "
        "with the architecture mlp"
    )


def _batch_error(smallest: int, data: Description) -> SpaceError:
    return SpaceError(
        f"the smallest batch_size of the space, {smallest}, is more than the {data.n_train} training examples of "
        f"{data.name}: give a space with a smaller one"
    )
