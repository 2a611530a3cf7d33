"""Photographs and drawings of digits, placed like the images of MNIST. Knows nothing about files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from packtune.data.preparation import batch
from packtune.data.preparation.contrast import WHITE, contrast_of
from packtune.data.preparation.framing import Framing
from packtune.data.reading.pictures.decoding import Bytes, scale
from packtune.data.reading.raw import PictureForm
from packtune.data.unseen.examples import Wanted
from packtune.errors import DataError

SIDE = 28
DIGITS = frozenset("0123456789")
MOSTLY = 0.9
"""Images of which at least this share is dark on light are drawings on paper."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Images placed like MNIST's.

    Attributes:
        images: uint8 [n, channels, height, width] of the model.
        has_label: bool [n], false for images that are blank.
        notes: n texts, empty where there is nothing to say.
        summary: what was done, in one line.
    """

    images: Bytes
    has_label: npt.NDArray[np.bool_]
    notes: tuple[str, ...]
    summary: str


def knows_digits(wanted: Wanted) -> bool:
    """Tell whether a model was trained on images like MNIST's: 28x28, grey, light on dark, with the classes 0 to 9."""
    form = wanted.form
    return (
        isinstance(form, PictureForm)
        and (form.channels, form.height, form.width) == (1, SIDE, SIDE)
        and wanted.light_on_dark
        and len(wanted.heads) == 1
        and set(wanted.heads[0].classes) >= DIGITS
    )


def are_on_paper(images: Bytes) -> bool:
    """Tell whether most of the images, uint8 [n, 1, height, width], are dark on light."""
    if not len(images):
        return False
    grounds = [contrast_of(image[0]) for image in images]
    return bool(np.mean([each.is_dark_on_light and each.ground > WHITE // 2 for each in grounds]) >= MOSTLY)


def place_like_mnist(greys: Sequence[npt.NDArray[np.generic]], wanted: Wanted) -> Placed:
    """Cut out the ink of each image, scale it into 20x20, and put its centre of mass in the middle of 28x28.

    That is then scaled to the size that the model takes, and inverted if its training images were dark on light.

    Args:
        greys: n images [height, width] of any sizes, pixels from 0.

    Raises:
        DataError: they are no pixels.
    """
    form = wanted.form
    assert isinstance(form, PictureForm)
    try:
        prepared = batch.prepare(list(greys), height=SIDE, width=SIDE, framing=Framing())
    except ValueError as error:
        raise DataError(str(error)) from error
    light = [scale(image, form.height, form.width) for image in prepared.images]
    images = np.stack(light if wanted.light_on_dark else [WHITE - image for image in light])
    return Placed(
        images=_to_channels(images, form.channels),
        has_label=prepared.has_label,
        notes=prepared.notes,
        summary=prepared.summary,
    )


def _to_channels(images: Bytes, channels: int) -> Bytes:
    """Repeat grey images, uint8 [n, height, width], for each channel; a fourth one is opaque."""
    layers = np.repeat(images[:, None], channels, axis=1)
    if channels == 4:
        layers[:, 3] = WHITE
    return layers
