"""All images of a prediction, prepared for a network or left as they are, with what there is to say about them."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from packtune.data.preparation.contrast import Contrast, Ink, contrast_of, to_light_on_dark
from packtune.data.preparation.framing import Framing
from packtune.data.preparation.levels import check_pixels, find_top, stretch_levels
from packtune.data.preparation.placing import place

GivenImages = Sequence[npt.NDArray[np.generic]] | npt.NDArray[np.generic]
"""Images of numbers from 0 on: an array [n, height, width], or n arrays [height, width] of any sizes."""


class Prepare(enum.StrEnum):
    """Whether images are prepared."""

    AUTO = "auto"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """Images that a network takes.

    Attributes:
        images: uint8 [n, height, width].
        has_label: bool [n], false for images that are blank and get no label.
        notes: n texts, empty for an image about which there is nothing to say.
        summary: what was done, in one line; empty if nothing was done.
    """

    images: npt.NDArray[np.uint8]
    has_label: npt.NDArray[np.bool_]
    notes: tuple[str, ...]
    summary: str


def prepare(images: GivenImages, *, height: int, width: int, framing: Framing) -> Prepared:
    """Make images like those that a network was trained on: light on black, of one size, framed in the same way.

    Each image is judged by itself, but for the levels of the pixels, which are those of all. An image of the right
    size, light on black and with full contrast, stays as it is.

    Args:
        height, width: that the network takes.
        framing: of the data set that it was trained on.

    Raises:
        ValueError: there are no images, or they hold something else than pixels.
    """
    top = _common_top(images)
    scaled = [stretch_levels(image, top) for image in images]
    contrasts = [contrast_of(image) for image in scaled]
    done: Counter[str] = Counter()
    size = height, width
    made = [_prepare_one(*each, size, framing, done) for each in zip(scaled, contrasts, strict=True)]
    has_label = np.array([contrast.kind is not Ink.BLANK for contrast in contrasts])
    return Prepared(
        images=np.stack(made),
        has_label=has_label,
        notes=tuple(_note(contrast) for contrast in contrasts),
        summary=_summary(done, contrasts, top, size),
    )


def leave(images: GivenImages, *, height: int, width: int) -> Prepared:
    """Take images as they are; each gets a label, and a note if that may be wrong.

    Raises:
        ValueError: the images have another type or another size than the network takes.
    """
    for image in images:
        _check_fits(image, height, width)
    stacked = np.stack([image.astype(np.uint8, copy=False) for image in images])
    contrasts = [contrast_of(image) for image in stacked]
    notes = tuple(_note(contrast) or ("dark on light" * contrast.is_dark_on_light) for contrast in contrasts)
    doubtful = sum(map(bool, notes))
    return Prepared(
        images=stacked,
        has_label=np.ones(len(stacked), dtype=np.bool_),
        notes=notes,
        summary=f"Not prepared: {doubtful:,} of {_count(len(notes))} {_are(doubtful)} blank, dim or dark on light, and "
        "may get a wrong label."
        if doubtful
        else "",
    )


def _prepare_one(
    image: npt.NDArray[np.uint8], contrast: Contrast, size: tuple[int, int], framing: Framing, done: Counter[str]
) -> npt.NDArray[np.uint8]:
    if contrast.kind is Ink.BLANK:
        return np.zeros(size, dtype=np.uint8)
    done["inverted"] += contrast.is_dark_on_light
    done["stretched"] += not contrast.is_full
    light = to_light_on_dark(image, contrast)
    if image.shape == size:
        return light
    done["placed"] += 1
    return place(light, *size, framing)


def _common_top(images: GivenImages) -> int:
    if len(images) == 0:
        raise ValueError("there are no images: give one at least")
    for image in images:
        if image.ndim != 2 or image.size == 0:
            raise ValueError(f"an image is {list(image.shape)}, but must be [height, width]: reshape the images")
        check_pixels(image)
    return find_top(max(float(image.max()) for image in images))


def _check_fits(image: npt.NDArray[np.generic], height: int, width: int) -> None:
    if image.dtype != np.uint8:
        raise ValueError(f"the images are {image.dtype}, but must be uint8 from 0 to 255: convert them")
    if image.shape != (height, width):
        given = " x ".join(map(str, image.shape))
        raise ValueError(
            f"the images are {given}, but the model was trained on {height} x {width} (height x width): resize the "
            "images"
        )


def _note(contrast: Contrast) -> str:
    if contrast.kind is Ink.CLEAR:
        return ""
    if contrast.difference == 0:
        return f"blank: all pixels are {contrast.ground}"
    return f"{contrast.kind.value}: contrast {contrast.difference} of 255"


def _summary(done: Counter[str], contrasts: Sequence[Contrast], top: int, size: tuple[int, int]) -> str:
    """Say in one line what was done to how many images."""
    kinds = Counter(contrast.kind for contrast in contrasts)
    steps = [
        (top != 255 and len(contrasts), f"pixels from 0 to {top:,} taken as 0 to 255"),
        (done["inverted"], "inverted, as dark on light"),
        (done["stretched"], "stretched to full contrast"),
        (done["placed"], f"cut out, scaled and centred in {size[0]} x {size[1]}"),
        (kinds[Ink.DIM], "dim, with a doubtful label"),
        (kinds[Ink.BLANK], "blank, without a label"),
    ]
    told = "; ".join(f"{n:,} {what}" for n, what in steps if n)
    return f"Of {_count(len(contrasts))}: {told}." if told else ""


def _count(n: int) -> str:
    return f"{n:,} image{'s' * (n != 1)}"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"
