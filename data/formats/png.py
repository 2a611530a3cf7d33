"""PNG files, read as grey images. No other module here imports Pillow."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt

from packtune.errors import CorruptFile, DataError

MAGIC = b"\x89PNG\r\n\x1a\n"
MAX_PIXELS = 2**26

_DEEP_MODES = ("I", "I;16", "I;16B", "F")


def read(path: Path) -> npt.NDArray[np.uint8]:
    """Read a PNG file as uint8 [height, width]. Colours are converted to luminance, transparency is ignored.

    Raises:
        CorruptFile: the file is damaged, too large, or has 16-bit greys.
        DataError: Pillow is not installed.
    """
    try:
        # Imported here, because only predictions for PNG files need it.
        from PIL import Image
    except ImportError as error:
        raise DataError(
            f"cannot read the PNG file {path} without Pillow ({error}): install pillow, or save the images as .npz"
        ) from error
    # For a damaged file, Pillow may raise any of a dozen types of error. Its warning of a huge file is made an error.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as image:
                mode, n_pixels = image.mode, image.width * image.height
                usable = mode not in _DEEP_MODES and n_pixels <= MAX_PIXELS
                # Pillow warns about a palette with transparency unless it is converted to RGBA first.
                grey = image.convert("RGBA").convert("L") if usable else None
    except Exception as error:
        raise _corrupt(path, f"is damaged ({error})") from error
    if grey is None:
        raise _corrupt(path, f"is too deep or too large (mode {mode}, {n_pixels:,} pixels)")
    return np.array(grey, dtype=np.uint8)


def _corrupt(path: Path, what: str) -> CorruptFile:
    return CorruptFile(
        f"the PNG file {path} {what}: at most 8 bits per channel and {MAX_PIXELS:,} pixels are allowed: "
        "export it again as an 8-bit PNG"
    )
