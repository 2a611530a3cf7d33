"""Data sets of PyTorch, read one example after another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from packtune.data.reading.arrays.levels import Array
from packtune.errors import DataError

if TYPE_CHECKING:
    import torch
    from torch.utils.data import Dataset

_ALLOWED = "Each example must be (image, label), the image a tensor, an array or a picture of Pillow"


def is_dataset(data: object) -> TypeGuard[Dataset[object]]:
    """Tell whether something is a data set of PyTorch."""
    torch = sys.modules.get("torch")  # who has a data set has imported it
    return torch is not None and isinstance(data, torch.utils.data.Dataset)


def read_dataset(dataset: Dataset[object]) -> tuple[Array | torch.Tensor, Array]:
    """Read all examples of a map-style data set.

    Returns:
        The examples, stacked; a tensor if they are tensors. And the labels [n]: the names that the data set's
        `classes` give to them, if it has these.

    Raises:
        DataError: it has no length or is empty, or an example is of another kind, or of another size than the first.
    """
    n = _count(dataset)
    pairs = [_check_pair(index, dataset[index]) for index in range(n)]
    labels = np.asarray([_to_label(label) for _, label in pairs])
    return _stack([example for example, _ in pairs]), _name_classes(labels, getattr(dataset, "classes", None))


def _count(dataset: Dataset[object]) -> int:
    try:
        n = len(dataset)  # type: ignore[arg-type]
    except TypeError as error:
        raise DataError(
            f"the data set {type(dataset).__name__} has no length: give a map-style one, with __len__ and __getitem__, "
            "or arrays (X, y)"
        ) from error
    if n == 0:
        raise DataError(f"the data set {type(dataset).__name__} is empty: give one with examples")
    return n


def _check_pair(index: int, item: object) -> tuple[object, object]:
    if isinstance(item, tuple | list) and len(item) == 2:
        return item[0], item[1]
    raise DataError(f"example {index} of the data set is of type {type(item).__name__}. {_ALLOWED}")


def _to_label(label: object) -> object:
    array = np.asarray(label)
    return array.item() if array.ndim == 0 else array


def _stack(examples: Sequence[object]) -> Array | torch.Tensor:
    """Stack examples of one kind and size."""
    import torch

    tensors = [example for example in examples if isinstance(example, torch.Tensor)]
    if len(tensors) == len(examples):
        _check_shapes([tuple(tensor.shape) for tensor in tensors])
        return torch.stack(tensors)
    arrays = [np.asarray(_with_plain_mode(example)) for example in examples]
    _check_shapes([array.shape for array in arrays])
    return np.stack(arrays)


def _with_plain_mode(example: object) -> object:
    """Convert a picture of Pillow with a palette or in black and white, whose array would hold other numbers."""
    mode, convert = getattr(example, "mode", None), getattr(example, "convert", None)
    if mode in (None, "L", "RGB", "RGBA") or convert is None or str(mode).startswith("I"):
        return example
    return convert("L" if mode in ("1", "LA") else "RGB")


def _check_shapes(shapes: Sequence[tuple[int, ...]]) -> None:
    other = next((index for index, shape in enumerate(shapes) if shape != shapes[0]), None)
    if other is not None:
        raise DataError(
            f"example {other} of the data set is {list(shapes[other])}, but the first is {list(shapes[0])}: add a "
            "transform that gives all one size, such as torchvision's Resize((64, 64))"
        )


def _name_classes(labels: Array, classes: object) -> Array:
    """Replace numbers by the names that the data set gives to its classes."""
    if not isinstance(classes, tuple | list) or labels.ndim != 1 or labels.dtype.kind not in "iu":
        return labels
    numbers = labels.astype(np.int64)
    if not classes or numbers.min() < 0 or numbers.max() >= len(classes):
        return labels
    return np.array([str(name) for name in classes])[numbers]
