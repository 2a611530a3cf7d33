"""One picture file, decoded into its place in an array, with what is to be known about it."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from packtune.data.formats.pictures import DEEP_MODES, open_picture, turned
from packtune.data.reading.raw import PictureForm

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

Bytes = npt.NDArray[np.uint8]


class State(enum.IntEnum):
    """What came of a picture."""

    UNREADABLE = 0
    READ = 1
    OTHER_SIZE = 2


PAGED = ("GIF", "PNG", "TIFF", "WEBP")
"""Formats of which a file may have several pages."""
FACTS = np.dtype(
    [
        ("state", np.uint8),  # a State
        ("height", np.uint32),  # as the picture is to be seen, before it is scaled
        ("width", np.uint32),
        ("coloured", np.bool_),  # some pixel's red, green and blue differ
        ("paged", np.bool_),  # it has more than one page
        ("transparent", np.bool_),  # some pixel is not opaque, and some can be seen
        ("brightness", np.float32),  # of what can be seen of a transparent picture, 0 to 255
        ("deepest", np.float32),  # the largest value of a picture with more than 8 bits, 0 otherwise
    ]
)
"""What is known about a picture, a row of a structured array."""
Facts = npt.NDArray[np.void]


def decode(path: str | Path, form: PictureForm, place: Bytes, facts: np.void) -> None:
    """Decode a picture into its place, and write down what is known about it.

    The first page is read. Colours become luminance where the form is grey. Transparent pixels are laid on the form's
    ground. If the form scales, Pillow's bilinear filter does, which averages where the picture becomes smaller.

    Args:
        form: the form to give the picture.
        place: uint8 [channels, height, width] of the form, written to if the picture is read.
        facts: of type `FACTS`, all zero, written to.

    Raises:
        Exception: of any type, if the file cannot be opened, is no picture, is damaged or too large; see `explain`.
    """
    image = open_picture(path)
    size = image.size
    if form.scales and image.format == "JPEG":
        _draft(image, form)
    drafted = image.size
    upright = turned(image)
    # A JPEG may have been decoded smaller than it is.
    width, height = size if upright.size == drafted else size[::-1]
    fits = form.scales or (height == form.height and width == form.width)
    if fits:
        _fill(place, upright, form, facts)
    facts["height"], facts["width"] = height, width
    facts["state"] = State.READ if fits else State.OTHER_SIZE
    facts["paged"] = image.format in PAGED and bool(getattr(image, "is_animated", False))


def from_pillow(image: PillowImage, form: PictureForm) -> Bytes:
    """Give a picture of Pillow's in a form, uint8 [channels, height, width]."""
    place = np.empty((form.channels, form.height, form.width), dtype=np.uint8)
    _fill(place, image, form, np.zeros(1, dtype=FACTS)[0])
    return place


def scale(pixels: Bytes, height: int, width: int) -> Bytes:
    """Scale pixels, uint8 [height, width] or [height, width, 3 or 4], with Pillow's bilinear filter.

    Where the picture becomes smaller, the filter averages.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def _draft(image: PillowImage, form: PictureForm) -> None:
    """Let a large JPEG be decoded smaller, but at least twice as large as needed: much faster."""
    side = 2 * max(form.height, form.width)
    image.draft(None, (side, side))


def _fill(place: Bytes, image: PillowImage, form: PictureForm, facts: np.void) -> None:
    pixels = _flatten(image, form, facts)
    if pixels.ndim == 3 and form.channels != 4:
        red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
        facts["coloured"] = bool((red != green).any() or (green != blue).any())
        if form.channels == 1:
            pixels = _luminance(pixels) if facts["coloured"] else np.ascontiguousarray(red)
    scaled = scale(pixels, form.height, form.width)
    place[...] = scaled if scaled.ndim == 2 else scaled.transpose(2, 0, 1)


def _flatten(image: PillowImage, form: PictureForm, facts: np.void) -> Bytes:
    """Give the pixels of a picture of any mode, uint8 [height, width], or [height, width, channels] with colours."""
    if image.mode == "L" and form.channels != 4 and "transparency" not in image.info:  # the most frequent: made faster
        return np.frombuffer(image.tobytes(), dtype=np.uint8).reshape(image.height, image.width)
    if image.mode in DEEP_MODES:
        return _flatten_deep(image, form, facts)
    if form.channels == 4:
        return np.asarray(_to_rgba(image))
    if image.has_transparency_data:
        return _lay_on(np.asarray(_to_rgba(image)), form.ground, facts)
    mode = "L" if image.mode in ("L", "1") else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _flatten_deep(image: PillowImage, form: PictureForm, facts: np.void) -> Bytes:
    values = np.asarray(image, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("a pixel is not finite")
    facts["deepest"] = values.max()
    grey = np.rint(np.clip(values / form.deep_top, 0, 1) * 255).astype(np.uint8)
    return grey if form.channels != 4 else np.stack([grey, grey, grey, np.full_like(grey, 255)], axis=2)


def _to_rgba(image: PillowImage) -> PillowImage:
    if image.mode == "La":
        image = image.convert("LA")
    elif image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        image = image.convert("RGB")
    return image if image.mode == "RGBA" else image.convert("RGBA")


def _lay_on(pixels: Bytes, ground: int, facts: np.void) -> Bytes:
    """Lay pixels, uint8 [height, width, 4], on a ground: uint8 [height, width, 3]."""
    colours, opacity = pixels[..., :3], pixels[..., 3]
    if opacity.min() == 255:
        return np.ascontiguousarray(colours)
    share = opacity[..., None].astype(np.float32) / 255
    seen = float(share.sum())
    if seen > 0:
        facts["transparent"] = True
        facts["brightness"] = float((_luminance(colours)[..., None] * share).sum()) / seen
    return np.rint(colours * share + ground * (1 - share)).astype(np.uint8)


def _luminance(colours: Bytes) -> Bytes:
    from PIL import Image

    return np.asarray(Image.fromarray(np.ascontiguousarray(colours)).convert("L"))
