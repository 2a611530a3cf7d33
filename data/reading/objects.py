"""Data that a Python program has already: arrays, tensors, tables of pandas, and data sets of PyTorch."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from packtune.data.options import DataOptions
from packtune.data.reading.arrays.joining import join
from packtune.data.reading.arrays.levels import Array
from packtune.data.reading.arrays.torch_datasets import is_dataset, read_dataset
from packtune.data.reading.frames import from_frames, is_frame
from packtune.data.reading.raw import TEST, TRAIN, VALIDATION, RawData
from packtune.errors import DataError

if TYPE_CHECKING:
    import torch

SPLIT_NAMES = {"train": TRAIN, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "test": TEST}
_ALLOWED = (
    "Allowed are (X, y), (X_train, y_train, X_test, y_test), a DataFrame with target=..., a torch.utils.data.Dataset, "
    "or a dict of these by the splits train, validation and test"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Examples:
    """Examples and labels of a split, as they were given."""

    x: object
    y: object


def from_objects(data: object, options: DataOptions) -> RawData:
    """Read data that a program has.

    Args:
        data: (X, y), where X is an array or tensor of images [n, height, width], [n, channels, height, width] or [n,
            height, width, channels], or of rows [n, columns], or a DataFrame, and y has the labels; (X_train, y_train,
            X_test, y_test); ((X_train, y_train), (X_test, y_test)) as Keras gives them; a DataFrame with a target; a
            map-style data set of PyTorch; or a dict of these, except those of several splits, by the splits' names.
        options: the target of a DataFrame, and the image size.

    Raises:
        DataError: it is something else, or examples and labels do not fit.
    """
    splits = _to_splits(data)
    if any(is_frame(each.x) for each in splits.values()):
        return from_frames({split: (each.x, each.y) for split, each in splits.items()}, options)
    # PyTorch has channels before height and width; NumPy's users mostly after them.
    first = any(is_tensor(each.x) for each in splits.values())
    arrays = {split: (to_array(each.x, "X"), to_array(each.y, "y")) for split, each in splits.items()}
    return join(arrays, options, name="arrays", format="arrays", channels_first=first)


def _to_splits(data: object) -> dict[str, _Examples]:
    if isinstance(data, Mapping):
        return _from_mapping(data)
    if isinstance(data, tuple | list) and len(data) == 2 and all(map(_is_pair, data)):
        return {TRAIN: _Examples(x=data[0][0], y=data[0][1]), TEST: _Examples(x=data[1][0], y=data[1][1])}
    if isinstance(data, tuple | list) and len(data) == 4:
        x_train, y_train, x_test, y_test = _in_our_order(data)
        return {TRAIN: _Examples(x=x_train, y=y_train), TEST: _Examples(x=x_test, y=y_test)}
    return {TRAIN: _to_examples(data)}


def _from_mapping(data: Mapping[object, object]) -> dict[str, _Examples]:
    unknown = [name for name in data if str(name).lower() not in SPLIT_NAMES]
    splits = {SPLIT_NAMES[str(name).lower()]: each for name, each in data.items() if name not in unknown}
    if unknown or TRAIN not in splits or len(splits) != len(data):
        raise DataError(
            f"the dict has the keys {', '.join(map(str, data)) or 'of no split'}, but the names of splits are needed: "
            "train, and validation and test if there are any, each once"
        )
    return {split: _to_examples(each) for split, each in splits.items()}


def _to_examples(data: object) -> _Examples:
    if is_frame(data):
        return _Examples(x=data, y=None)
    if is_dataset(data):
        x, y = read_dataset(data)
        return _Examples(x=x, y=y)
    if isinstance(data, tuple | list) and len(data) == 2:
        return _Examples(x=data[0], y=data[1])
    given = f"{type(data).__name__} of {len(data)}" if isinstance(data, tuple | list) else type(data).__name__
    raise DataError(f"cannot learn from {_article(given)}. {_ALLOWED}: give one of these")


def _article(words: str) -> str:
    return f"{'an' if words[:1].lower() in 'aeiou' else 'a'} {words}"


def _is_pair(data: object) -> bool:
    return isinstance(data, tuple) and len(data) == 2 and all(hasattr(each, "shape") for each in data)


def _in_our_order(data: Sequence[object]) -> Sequence[object]:
    """Accept the order of scikit-learn's `train_test_split` too: X_train, X_test, y_train, y_test."""
    axes = [len(getattr(each, "shape", (0,))) for each in data]
    if axes[0] >= 2 and axes[1] == axes[0] and axes[2] == 1:
        return data[0], data[2], data[1], data[3]
    return data


def is_tensor(data: object) -> TypeGuard[torch.Tensor]:
    """Tell whether something is a tensor of PyTorch."""
    torch = sys.modules.get("torch")  # who has a tensor has imported it
    return torch is not None and isinstance(data, torch.Tensor)


def to_array(data: object, what: str) -> Array:
    """Give a tensor, an array or lists of numbers as an array.

    Args:
        what: they are, for the message.

    Raises:
        DataError: lists have different lengths, for example.
    """
    if is_tensor(data):
        plain = data.detach().cpu()
        return np.asarray((plain.float() if plain.dtype.itemsize == 2 and plain.is_floating_point() else plain).numpy())
    try:
        return np.asarray(data)
    except (ValueError, TypeError) as error:
        raise DataError(f"{what} is no array ({error}): give an array of numbers with one size") from error
