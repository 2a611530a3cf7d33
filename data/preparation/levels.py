"""Which levels the pixels of an array have: 0 to 1, 0 to 16, 0 to 255 or 0 to 65,535. All become 0 to 255."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from packtune.data.formats.greys import TOPS

SCAN_TOP = 16
"""scikit-learn's scanned digits have levels from 0 to 16."""
LEAST_OF_SCAN = 8
"""Images whose brightest pixel has at most 16 and at least this have levels from 0 to 16; below, they are dark."""


def find_top(largest: float) -> int:
    """Find the level that stands for full brightness, from the largest pixel of all images.

    Args:
        largest: 0 or more.

    Returns:
        1, 16, or one of `TOPS`.

    Raises:
        ValueError: no format has pixels as large as that.
    """
    if 0 < largest <= 1:
        return 1
    if LEAST_OF_SCAN <= largest <= SCAN_TOP:
        return SCAN_TOP
    for top in TOPS:
        if largest <= top:
            return top
    raise ValueError(f"the images have pixels of {largest:g}, but {TOPS[-1]:,} is the most: give pixels from 0 to 255")


def stretch_levels(image: npt.NDArray[np.generic], top: int) -> npt.NDArray[np.uint8]:
    """Turn pixels from 0 to `top` into uint8 from 0 to 255. Bytes of which 255 is the top stay as they are."""
    if top == TOPS[0] and image.dtype == np.uint8:
        return image.astype(np.uint8, copy=False)
    return np.rint(image.astype(np.float64) * (TOPS[0] / top)).astype(np.uint8)


def check_pixels(images: npt.NDArray[np.generic]) -> None:
    """Refuse an array that holds no pixels.

    Raises:
        ValueError: it holds no real numbers, or some that are negative or not finite.
    """
    if images.dtype.kind not in "buif":
        raise ValueError(f"the images are {images.dtype}, but must be uint8 from 0 to 255: convert them")
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        raise ValueError("the images have pixels that are not finite: give pixels from 0 to 255")
    if images.size and images.min() < 0:
        raise ValueError(
            f"the images have pixels from {images.min():g} to {images.max():g}, but pixels are 0 or more: give them "
            "as they were before they were normalized, from 0 to 255"
        )
