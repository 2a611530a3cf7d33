"""Picture files: opened safely, and read as grey images. No other module here imports Pillow."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from packtune.data.files import MAX_BYTES
from packtune.data.formats.greys import deep_to_bytes, lay_on_ground
from packtune.errors import CorruptFile, DataError

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

KINDS = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "WEBP": rb"RIFF....WEBP",
    "BMP": rb"BM....\0\0\0\0",
    "TIFF": rb"II\*\0|MM\0\*",
    "GIF": rb"GIF8",
}
"""Patterns for the first bytes of a file, by Pillow's name of the format."""
MAGIC_BYTES = 12
"""As many bytes of a file tell its format."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
MAX_PIXELS = 2**26
MAX_SIDE = 2048
"""A picture with a longer side is reduced when it is read: photographs in their hundreds fit into the memory then."""

DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "F")
"""Pillow's modes for grey pictures of more than 8 bits."""
_ANY_KIND = re.compile(b"|".join(b"(?P<%b>%b)" % (kind.encode(), start) for kind, start in KINDS.items()), re.DOTALL)
_EXIF_KEYS = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")


class Unreadable(Exception):
    """A file that cannot be read as a picture; the message goes on after the file's name, as "is damaged"."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A picture file as it was read.

    Attributes:
        pixels: of the first page, uint8 [height, width].
        pages: how many the file has.
    """

    pixels: npt.NDArray[np.uint8]
    pages: int


def is_picture(start: bytes) -> bool:
    """Tell from the first bytes of a file whether it is a picture of a known format."""
    return kind_of(start) is not None


def kind_of(start: bytes) -> str | None:
    """Give the format of a picture, a key of `KINDS`, from the first bytes of the file; none for other files."""
    match = _ANY_KIND.match(start)
    return match.lastgroup if match else None


def read(path: Path) -> Picture:
    """Read a picture: PNG, JPEG, WebP, BMP, TIFF or GIF.

    Colours are converted to luminance; 16 bits become 8. What is transparent gets a ground that the ink can be told
    from. A photograph is turned as its EXIF data say.

    Raises:
        CorruptFile: the file is damaged, or too large.
        DataError: Pillow is not installed.
    """
    try:
        return read_grey(path)
    except Unreadable as error:
        raise CorruptFile(
            f"the picture {path} {error}: at most {MAX_PIXELS:,} pixels are allowed: export it again, as a PNG of 8 "
            "bits for example"
        ) from error


def read_grey(path: str | Path) -> Picture:
    """Read a picture as `read` does.

    Raises:
        Unreadable: the file is damaged, or too large.
        DataError: Pillow is not installed.
    """
    with quiet(), opened(path) as image:
        return Picture(pixels=_reduce(_to_grey(turned(image))), pages=getattr(image, "n_frames", 1))


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Pillow's warnings: it warns of what does not matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def opened(path: str | Path) -> Iterator[PillowImage]:
    """Open a picture whose content says that it is one. Its pixels are read when they are first used.

    Raises:
        Unreadable: the file cannot be opened, is no picture, is damaged, or is too large; also from within the block.
        DataError: Pillow is not installed.
    """
    try:
        yield open_picture(path)
    except DataError:
        raise
    except Exception as error:
        raise explain(error) from error


def open_picture(path: str | Path) -> PillowImage:
    """Open a picture as `opened` does, but raise whatever Pillow raises: any of a dozen types of error."""
    try:
        # Imported here, because only pictures need it.
        from PIL import Image
    except ImportError as error:
        raise DataError(
            f"cannot read the picture {path} without Pillow ({error}): install pillow, or save the images as .npz"
        ) from error
    content = _read_content(path)
    image = Image.open(io.BytesIO(content), formats=(_known_kind(content),))
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Unreadable(f"is too large ({width * height:,} pixels)")
    return image


def explain(error: Exception) -> Unreadable:
    """Say in words that follow a file's name why it could not be read."""
    if isinstance(error, Unreadable):
        return error
    is_bomb = type(error).__name__ == "DecompressionBombError"
    return Unreadable(f"is {'too large' if is_bomb else 'damaged'} ({error})")


def turned(image: PillowImage) -> PillowImage:
    """Turn a photograph as its EXIF data say; any other picture is given back as it is."""
    image.load()  # a PNG may have these data behind its pixels
    if image.info.keys().isdisjoint(_EXIF_KEYS):  # most pictures, which are read faster so
        return image
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _read_content(path: str | Path) -> bytes:
    """Read a file in one piece: for small pictures much faster than Pillow's many short reads."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            n_bytes = os.fstat(file).st_size
            content = os.read(file, n_bytes) if n_bytes <= MAX_BYTES else b""
        finally:
            os.close(file)
    except OSError as error:
        raise Unreadable(f"cannot be opened ({error.strerror or error})") from error
    if n_bytes > MAX_BYTES:
        raise Unreadable(f"is too large ({n_bytes:,} bytes)")
    return content


def _known_kind(content: bytes) -> str:
    kind = kind_of(content[:MAGIC_BYTES])
    if kind is None:
        raise Unreadable("is no picture")
    return kind


def _to_grey(image: PillowImage) -> npt.NDArray[np.uint8]:
    if image.mode in DEEP_MODES:
        return deep_to_bytes(np.asarray(image))
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        image = image.convert("RGB")
    # Pillow warns about a palette with transparency unless it is converted to RGBA first.
    coloured = image.convert("RGBA")
    grey, opacity = np.array(coloured.convert("L")), np.asarray(coloured.getchannel("A"))
    return grey if opacity.min() == 255 else lay_on_ground(grey, opacity)


def _reduce(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    from PIL import Image

    step = -(-max(grey.shape) // MAX_SIDE)
    return grey if step == 1 else np.array(Image.fromarray(grey).reduce(step))
