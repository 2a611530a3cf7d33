"""Data sets in Ray's object store: as NumPy arrays, which the workers of a node share without copying them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from packtune.data.dataset import Dataset, Split

SplitArrays = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDataset:
    """A data set as arrays.

    Attributes:
        splits: images uint8 [n, height, width] and labels int64 [n, heads], by the name of the split.
    """

    name: str
    splits: Mapping[str, SplitArrays]
    classes: int
    head_names: tuple[str, ...]


def to_arrays(dataset: Dataset) -> SharedDataset:
    """Turn a data set into arrays."""
    splits: dict[str, SplitArrays] = {
        name: (split.images.numpy(), split.labels.numpy())
        for name, split in (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test))
    }
    return SharedDataset(name=dataset.name, splits=splits, classes=dataset.classes, head_names=dataset.head_names)


def from_arrays(shared: SharedDataset) -> Dataset:
    """Make a data set of the arrays, without copying them."""
    with warnings.catch_warnings():
        # The arrays are read-only, and nothing here writes to a data set.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        splits = {
            name: Split(images=torch.from_numpy(images), labels=torch.from_numpy(labels))
            for name, (images, labels) in shared.splits.items()
        }
    return Dataset(name=shared.name, head_names=shared.head_names, classes=shared.classes, **splits)
