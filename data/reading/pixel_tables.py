"""Tables whose rows are images, a column for each pixel, as Kaggle's tables of MNIST. Knows nothing about files."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from packtune.data.reading.raw import PictureForm

LABEL_NAME = "label"
"""The target of a pixel table where none is given."""

MIN_PIXELS = 16
CHANNELS = (1, 3)
_FIRST_ROWS = 100


def pixel_form(columns: Sequence[str], image_size: tuple[int, int] | None) -> PictureForm | None:
    """Tell by the names of a table's columns, without its target, whether its rows are images, and of which form.

    Names are pixel0, pixel1, ... or from pixel1, in this order, or 1x1, 1x2, ... of a row and column each. With a size
    any names will do. Pixels run by rows from the upper left; of colours, all red ones come first, then green, blue.

    Args:
        columns: in the order of the table.
        image_size: height and width, or none for square images.
    """
    n = len(columns)
    if image_size is not None:
        channels = n // math.prod(image_size)
        fits = channels in CHANNELS and n == channels * math.prod(image_size)
        return PictureForm(channels=channels, height=image_size[0], width=image_size[1]) if fits else None
    if n < MIN_PIXELS:
        return None
    side = math.isqrt(n)
    if side * side == n and _are_numbered(columns):
        return PictureForm(channels=1, height=side, width=side)
    size = _size_in_names(columns)
    return PictureForm(channels=1, height=size[0], width=size[1]) if size is not None else None


def to_images(frame: pd.DataFrame, form: PictureForm) -> npt.NDArray[np.uint8] | None:
    """Give the rows of a table as images, uint8 [n, channels, height, width]; none if a value is no whole 0 to 255."""
    if not all(pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes):
        return None
    if not _are_levels(frame.iloc[:_FIRST_ROWS]):  # most tables of other numbers end here
        return None
    if not all(_are_levels(frame.iloc[:, [column]]) for column in range(frame.shape[1])):
        return None
    images = np.empty(frame.shape, dtype=np.uint8)  # [n, pixels]
    for column in range(frame.shape[1]):  # one after the other: a copy of all as larger numbers would not fit
        images[:, column] = frame.iloc[:, column].to_numpy(dtype=np.uint8)
    return images.reshape(len(frame), form.channels, form.height, form.width)


def _are_levels(frame: pd.DataFrame) -> bool:
    values = frame.to_numpy()
    if values.dtype == bool or values.dtype.kind not in "iuf":
        return False
    return bool(np.all((values >= 0) & (values <= 255) & (np.mod(values, 1) == 0)))


def _are_numbered(columns: Sequence[str]) -> bool:
    numbers = [int(match[1]) if (match := re.fullmatch(r"pixel[_ ]?(\d+)", name.lower())) else -1 for name in columns]
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _size_in_names(columns: Sequence[str]) -> tuple[int, int] | None:
    last = re.fullmatch(r"(\d{1,4})x(\d{1,4})", columns[-1].lower())
    if last is None:
        return None
    height, width = int(last[1]), int(last[2])
    expected = [f"{row}x{column}" for row in range(1, height + 1) for column in range(1, width + 1)]
    return (
        (height, width) if height * width == len(columns) and [name.lower() for name in columns] == expected else None
    )
