"""Grey images from pictures with transparency, and from pictures with more than 8 bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

TOPS = (255, 1023, 4095, 16_383, 65_535)
"""The largest values of pixels with 8 to 16 bits: cameras with 12 bits write these into files with 16."""
OPAQUE = 128
OWN_CONTRAST = 64
"""From this range of levels on, what is not transparent has ink and ground of its own."""


def lay_on_ground(grey: npt.NDArray[np.uint8], opacity: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Lay a picture that is partly transparent on a ground.

    Ink of one level gets black or white as its ground, whichever is farther from it. A picture with ink and ground of
    its own, of which only the corners may be transparent, gets the level that most of it has.

    Args:
        grey: uint8 [height, width], the luminance.
        opacity: uint8 [height, width], 0 is transparent.

    Returns:
        uint8 [height, width].
    """
    share = opacity.astype(np.float64) / 255
    ground = _ground_for(grey[opacity >= OPAQUE])
    return np.rint(grey * share + ground * (1 - share)).astype(np.uint8)


def _ground_for(visible: npt.NDArray[np.uint8]) -> float:
    if visible.size == 0:
        return 0
    low, high = np.percentile(visible, (5, 95))
    if high - low >= OWN_CONTRAST:
        return float(np.median(visible))
    return 255 if visible.mean() < 128 else 0


def deep_to_bytes(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Turn pixels with more than 8 bits into uint8.

    Args:
        values: real numbers [height, width]. Fractions from 0 to 1 and whole numbers of 8 to 16 bits are known by the
            largest of them; larger ones are divided by the largest.

    Raises:
        ValueError: a pixel is not finite.
    """
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("a pixel is not finite")
    largest = float(numbers.max())
    tops = (1, *TOPS) if values.dtype.kind == "f" else TOPS
    top = next((top for top in tops if largest <= top), largest)
    return np.rint(np.clip(numbers / top, 0, 1) * 255).astype(np.uint8)
