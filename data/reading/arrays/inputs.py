"""Arrays of examples: images of any layout and levels, or the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from packtune.data.reading.arrays.levels import BYTE, Array, describe_top, find_top, to_bytes
from packtune.data.reading.pictures.decoding import scale
from packtune.data.reading.raw import TRAIN, PictureForm
from packtune.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

CHANNELS = (1, 3, 4)
_ALLOWED = (
    "Allowed are [n, height, width], [n, height, width, channels] and [n, channels, height, width] with 1, 3 or 4 "
    "channels, or [n, columns] for a table"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """The examples of all splits, in one form.

    Attributes:
        splits: by the split's name, uint8 [n, channels, height, width] or a table with columns "0", "1", ...
        form: of images; none for tables.
        notes: what was done to them, each a sentence.
    """

    splits: Mapping[str, npt.NDArray[np.uint8] | pd.DataFrame]
    form: PictureForm | None
    notes: tuple[str, ...] = ()


def to_inputs(
    arrays: Mapping[str, Array], size: tuple[int, int] | None = None, *, channels_first: bool = False
) -> Inputs:
    """Bring the arrays of a data set into one form.

    Args:
        arrays: by the split's name, `train` among them: images [n, height, width], [n, height, width, channels] or [n,
            channels, height, width], or the rows of a table [n, columns].
        size: height and width to which images are scaled, or that the columns of a table make; none to leave them.
        channels_first: which axis is that of channels if both could be, as in PyTorch.

    Raises:
        DataError: the shapes or the numbers are not allowed, or differ between splits.
    """
    for split, array in arrays.items():
        _check_shape(split, array)
    shaped = {split: _unroll(array, size) for split, array in arrays.items()}
    _check_alike(shaped)
    if shaped[TRAIN].ndim == 2:
        return Inputs(splits={split: to_table(array) for split, array in shaped.items()}, form=None)
    first = is_channels_first(shaped[TRAIN].shape, channels_first=channels_first)
    top = find_top(list(shaped.values()))
    notes = describe_top(list(shaped.values()), top)
    height, width = size or _size_of(shaped[TRAIN].shape, first)
    if (height, width) != _size_of(shaped[TRAIN].shape, first):
        notes = (*notes, f"The images are scaled to {height}x{width} (bilinear, averaged where they become smaller).")
    layers = {split: _to_layers(to_bytes(array, top), first) for split, array in shaped.items()}
    images = {split: resize_all(each, height, width) for split, each in layers.items()}
    form = PictureForm(
        channels=images[TRAIN].shape[1], height=height, width=width, scales=size is not None, array_top=top
    )
    return Inputs(splits=images, form=form, notes=notes)


def to_images(array: Array, form: PictureForm, *, channels_first: bool = False) -> npt.NDArray[np.uint8]:
    """Give an array of images for prediction the form of those that a model was trained on.

    Args:
        array: images of a layout that `to_inputs` takes, with the levels that those for training had; or rows of
            pixels, as many as the form has.
        form: of the images for training.

    Returns:
        uint8 [n, channels, height, width].

    Raises:
        DataError: the shape or the numbers do not fit the form.
    """
    _check_shape("given", array)
    shaped = _unroll(array, (form.height, form.width))
    if shaped.ndim == 2:
        raise DataError(f"the array is {list(array.shape)}, but the model takes images. {_ALLOWED}: reshape it")
    found = find_top([shaped])
    if shaped.dtype.kind == "f" and found > form.array_top:
        raise DataError(
            f"the images have pixels of more than {form.array_top}, the full brightness of the images that the model "
            "was trained on: divide them"
        )
    first = is_channels_first(shaped.shape, channels_first=channels_first)
    images = _to_layers(to_bytes(shaped, _top_for(shaped, found, form)), first)
    if images.shape[1] != form.channels or (images.shape[2:] != (form.height, form.width) and not form.scales):
        raise DataError(
            f"the images are {list(images.shape[1:])}, but the model takes {[form.channels, form.height, form.width]} "
            "(channels, height, width): convert them"
        )
    return resize_all(images, form.height, form.width)


def _top_for(array: Array, found: int, form: PictureForm) -> int:
    """Give the level of full brightness: that of training, but for bytes, and for fractions of what training had."""
    if array.dtype == np.uint8 or form.array_top == 1 < found:
        return BYTE
    return 1 if found == 1 and form.array_top == BYTE else form.array_top


def is_channels_first(shape: tuple[int, ...], *, channels_first: bool) -> bool:
    """Tell whether the axis of channels comes before height and width.

    Args:
        shape: of images, with 3 or 4 axes.
        channels_first: what is assumed if both axes could be it.

    Raises:
        DataError: no axis has 1, 3 or 4 channels.
    """
    if len(shape) == 3:
        return False
    can_be_first, can_be_last = shape[1] in CHANNELS, shape[3] in CHANNELS
    if not (can_be_first or can_be_last):
        raise DataError(
            f"the images are {list(shape)}, without an axis of 1, 3 or 4 channels. {_ALLOWED}: reshape them"
        )
    return channels_first if can_be_first and can_be_last else can_be_first


def resize_all(images: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    """Scale images, uint8 [n, channels, height, width]; those of the right size are not copied."""
    if images.shape[2:] == (height, width):
        return images
    made = np.empty((*images.shape[:2], height, width), dtype=np.uint8)
    for old, new in zip(images, made, strict=True):
        for channel, place in zip(old, new, strict=True):
            place[...] = scale(np.ascontiguousarray(channel), height, width)
    return made


def _unroll(array: Array, size: tuple[int, int] | None) -> Array:
    """Give rows of pixels the shape of the images that they make; anything else stays as it is."""
    if array.ndim != 2 or size is None:
        return array
    height, width = size
    channels, rest = divmod(array.shape[1], height * width)
    if rest or channels not in CHANNELS:
        raise DataError(
            f"{array.shape[1]:,} columns make no images of {height}x{width}: these need {height * width:,} columns, or "
            "3 or 4 times as many: give another image size, or none for a table"
        )
    return array.reshape(len(array), height, width, channels)


def _check_shape(split: str, array: Array) -> None:
    if not 2 <= array.ndim <= 4 or array.size == 0:
        raise DataError(
            f"the {split} array is {array.dtype} {list(array.shape)}. {_ALLOWED}, with every size at least 1: reshape "
            "the array"
        )


def _check_alike(arrays: Mapping[str, Array]) -> None:
    expected = arrays[TRAIN].shape[1:]
    for split, array in arrays.items():
        if array.shape[1:] != expected:
            raise DataError(
                f"the {split} array is {list(array.shape)}, but that for training is {list(arrays[TRAIN].shape)}: all "
                "sizes but the first must be equal"
            )


def _size_of(shape: tuple[int, ...], first: bool) -> tuple[int, int]:
    height, width = shape[2:4] if first else shape[1:3]
    return height, width


def _to_layers(images: npt.NDArray[np.uint8], first: bool) -> npt.NDArray[np.uint8]:
    """Bring the channels to the front: [n, channels, height, width], contiguous."""
    if images.ndim == 3:
        return np.ascontiguousarray(images[:, None])
    return np.ascontiguousarray(images if first else images.transpose(0, 3, 1, 2))


def to_table(array: Array) -> pd.DataFrame:
    """Give rows [n, columns] as a table with the columns "0", "1", ...

    Raises:
        DataError: they are no numbers.
    """
    import pandas as pd

    if array.dtype.kind not in "buif":
        raise DataError(f"the columns are {array.dtype}, but must be numbers: give a DataFrame if some are words")
    numbers = array if array.dtype == np.float32 else array.astype(np.float64)
    return pd.DataFrame(numbers, columns=[str(column) for column in range(array.shape[1])])
