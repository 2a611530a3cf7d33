"""PNG images in shades of grey. The only file here that uses Pillow, and only when called."""

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
    """Read a PNG file as uint8 [height, width]; colours become their luminance, transparency is left out.

    Raises:
        CorruptFile: the file is damaged, too large, or has 16-bit greys.
        DataError: Pillow is not installed.
    """
    try:
        # Imported here because only predictions on PNG files need it.
        from PIL import Image
    except ImportError as error:
        raise DataError(
            f"A PNG file cannot be read: {path} given, which takes Pillow, which is not installed ({error}). "
            "Install pillow, or save the images as .npz."
        ) from error
    # A damaged file makes Pillow raise a dozen types of error; a huge one makes it warn, which counts as one.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as image:
                mode, n_pixels = image.mode, image.width * image.height
                usable = mode not in _DEEP_MODES and n_pixels <= MAX_PIXELS
                # Pillow warns of a palette with transparency unless that is converted too.
                grey = image.convert("RGBA").convert("L") if usable else None
    except Exception as error:
        raise _corrupt("A PNG file is damaged", f"{path} ({error})") from error
    if grey is None:
        raise _corrupt("A PNG file is too deep or too large", f"{path} with mode {mode}, {n_pixels:,} pixels")
    return np.array(grey, dtype=np.uint8)


def _corrupt(what: str, given: str) -> CorruptFile:
    return CorruptFile(
        f"{what}: {given} given, 8 bits a channel and at most {MAX_PIXELS:,} pixels allowed. "
        "Export it again as an 8-bit PNG."
    )
