"""Picture files, read as grey images. No other module here imports Pillow."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from packtune.data.formats.greys import deep_to_bytes, lay_on_ground
from packtune.errors import CorruptFile, DataError

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

# By the first bytes of a file; a dot stands for any byte.
MAGICS = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "WEBP": (b"RIFF....WEBP",),
    "BMP": (b"BM....\0\0\0\0",),
    "TIFF": (b"II*\0", b"MM\0*"),
    "GIF": (b"GIF8",),
}
MAGIC_BYTES = 12
"""As many bytes of a file tell its format."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
MAX_PIXELS = 2**26
MAX_SIDE = 2048
"""A picture with a longer side is reduced when it is read: photographs in their hundreds fit into the memory then."""

_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "F")


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
    return any(_begins(start, magic) for magics in MAGICS.values() for magic in magics)


def read(path: Path) -> Picture:
    """Read a picture: PNG, JPEG, WebP, BMP, TIFF or GIF.

    Colours are converted to luminance; 16 bits become 8. What is transparent gets a ground that the ink can be told
    from. A photograph is turned as its EXIF data say.

    Raises:
        CorruptFile: the file is damaged, or too large.
        DataError: Pillow is not installed.
    """
    try:
        # Imported here, because only predictions for pictures need it.
        from PIL import Image
    except ImportError as error:
        raise DataError(
            f"cannot read the picture {path} without Pillow ({error}): install pillow, or save the images as .npz"
        ) from error
    # For a damaged file, Pillow may raise any of a dozen types of error, and warn of what does not matter here.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=tuple(MAGICS)) as image:
                n_pixels = image.width * image.height
                pixels = _reduce(_to_grey(image)) if n_pixels <= MAX_PIXELS else None
                pages = getattr(image, "n_frames", 1)
    except Image.DecompressionBombError as error:
        raise _corrupt(path, f"is too large ({error})") from error
    except Exception as error:
        raise _corrupt(path, f"is damaged ({error})") from error
    if pixels is None:
        raise _corrupt(path, f"is too large ({n_pixels:,} pixels)")
    return Picture(pixels=pixels, pages=pages)


def _to_grey(image: PillowImage) -> npt.NDArray[np.uint8]:
    from PIL import ImageOps

    turned = ImageOps.exif_transpose(image)
    if turned.mode in _DEEP_MODES:
        return deep_to_bytes(np.asarray(turned))
    if turned.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        turned = turned.convert("RGB")
    # Pillow warns about a palette with transparency unless it is converted to RGBA first.
    coloured = turned.convert("RGBA")
    grey, opacity = np.array(coloured.convert("L")), np.asarray(coloured.getchannel("A"))
    return grey if opacity.min() == 255 else lay_on_ground(grey, opacity)


def _reduce(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    from PIL import Image

    step = -(-max(grey.shape) // MAX_SIDE)
    return grey if step == 1 else np.array(Image.fromarray(grey).reduce(step))


def _begins(start: bytes, magic: bytes) -> bool:
    return len(start) >= len(magic) and all(m in (ord("."), s) for m, s in zip(magic, start, strict=False))


def _corrupt(path: Path, what: str) -> CorruptFile:
    return CorruptFile(
        f"the picture {path} {what}: at most {MAX_PIXELS:,} pixels are allowed: export it again, as a PNG of 8 bits "
        "for example"
    )
