"""Images of any size, framed like those of a data set: the ink is cut out, scaled and centred."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from packtune.data.preparation.framing import Centring, Framing
from packtune.data.sets.digits import SCAN_LEVELS, enlarge

Pixels = npt.NDArray[np.float64]

INK_SHARE = 0.25
"""A pixel belongs to the ink from this share of the brightest one."""
COARSE_SIDE = 40
"""The ink is looked for in an image of at most this size first, where noise and specks of dust have been averaged."""
LEAST_SIDE = 80
"""Smaller ink is enlarged before it is placed, so that its place can be a fraction of a pixel."""


def place(image: npt.NDArray[np.uint8], height: int, width: int, framing: Framing) -> npt.NDArray[np.uint8]:
    """Frame an image like those of a data set.

    Args:
        image: uint8 [any height, any width], light ink on black, not blank.
        height, width: of the images of the data set.

    Returns:
        uint8 [height, width].
    """
    side = framing.scan_side
    if side is None:
        return _to_bytes(_center(_cut_out(image), height, width, framing.margin, framing.centring))
    is_scan = image.shape == (side, side)
    scan = image if is_scan else _to_bytes(_center(_cut_out(image), side, side, 0, framing.centring))
    (enlarged,) = enlarge(np.rint(scan * (SCAN_LEVELS / 255))[None])
    return np.asarray(enlarged)


def resample(image: Pixels, height: int, width: int) -> Pixels:
    """Scale an image: averages with triangular weights where it becomes smaller, linear interpolation else."""
    return _weights(image.shape[0], height) @ image @ _weights(image.shape[1], width).T


def _weights(before: int, after: int) -> Pixels:
    """Give the weight of each old pixel in each new one, [after, before]."""
    scale = before / after
    centres = (np.arange(after)[:, None] + 0.5) * scale - 0.5
    distances = np.abs(np.arange(before)[None] - np.clip(centres, 0, before - 1))
    weights = np.maximum(0, 1 - distances / max(scale, 1))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _cut_out(image: npt.NDArray[np.uint8]) -> Pixels:
    """Cut out the rectangle with the ink: float64, 0 to 255."""
    pixels = image.astype(np.float64)
    step = -(-max(image.shape) // COARSE_SIDE)
    if step > 1:
        rows, columns = (-(-side // step) for side in image.shape)
        top, bottom, left, right = _box(resample(pixels, rows, columns))
        # Thin ends of the ink may be missed there: one row and one column more at each side.
        y, x = image.shape[0] / rows, image.shape[1] / columns
        pixels = pixels[_around(top, bottom, y), _around(left, right, x)]
    top, bottom, left, right = _box(pixels)
    return pixels[top:bottom, left:right]


def _around(start: int, stop: int, step: float) -> slice:
    return slice(max(0, int((start - 1) * step)), int((stop + 1) * step) + 1)


def _box(pixels: Pixels) -> tuple[int, int, int, int]:
    """Find the first and the last row and column of the ink, the last ones plus one."""
    has_ink = pixels >= INK_SHARE * pixels.max()
    rows, columns = np.flatnonzero(has_ink.any(axis=1)), np.flatnonzero(has_ink.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _center(ink: Pixels, height: int, width: int, margin: int, centring: Centring) -> Pixels:
    """Put ink in the middle of an empty image, as large as the margins allow, its proportions kept."""
    times = -(-LEAST_SIDE // max(ink.shape))
    large = resample(ink, ink.shape[0] * times, ink.shape[1] * times) if times > 1 else ink
    scale = max(large.shape[0] / (height - 2 * margin), large.shape[1] / (width - 2 * margin))
    shape = (max(large.shape[0], round(height * scale)), max(large.shape[1], round(width * scale)))
    paper = np.zeros(shape)
    middle = _middle_of(large, centring)
    starts = [
        min(max(0, round(room / 2 - at)), room - side)
        for room, side, at in zip(shape, large.shape, middle, strict=True)
    ]
    paper[starts[0] : starts[0] + large.shape[0], starts[1] : starts[1] + large.shape[1]] = large
    return resample(paper, height, width)


def _middle_of(ink: Pixels, centring: Centring) -> tuple[float, float]:
    """Give the row and the column that go to the middle of the image."""
    if centring is Centring.BOX:
        return ink.shape[0] / 2, ink.shape[1] / 2
    rows, columns = (np.arange(side) + 0.5 for side in ink.shape)
    return float(ink.sum(axis=1) @ rows / ink.sum()), float(ink.sum(axis=0) @ columns / ink.sum())


def _to_bytes(image: Pixels) -> npt.NDArray[np.uint8]:
    """Make the brightest pixel white: a thin line has become grey where it was averaged."""
    return np.asarray(np.rint(np.clip(image * (255 / image.max()), 0, 255)), dtype=np.uint8)
