"""Data sets in Ray's object store: as NumPy arrays, which the workers of a node share without copying them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from packtune.data.dataset import Dataset, Split

Inputs = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
SplitArrays = tuple[Inputs, npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDataset:
    """A data set as arrays.

    Attributes:
        dataset: all of it but its examples: each split has only the first.
        splits: inputs as in `Split` and labels int64 [n, heads], by the name of the split.
    """

    dataset: Dataset
    splits: Mapping[str, SplitArrays]


def to_arrays(dataset: Dataset) -> SharedDataset:
    """Turn a data set into arrays."""
    splits = {name: (split.inputs.numpy(), split.labels.numpy()) for name, split in dataset.splits.items()}
    firsts = {name: split.first(1) for name, split in dataset.splits.items()}
    return SharedDataset(dataset=dataset.with_splits(firsts), splits=splits)


def from_arrays(shared: SharedDataset) -> Dataset:
    """Make a data set of the arrays, without copying them."""
    with warnings.catch_warnings():
        # The arrays are read-only, and nothing here writes to a data set.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        splits = {
            name: Split(inputs=torch.from_numpy(inputs), labels=torch.from_numpy(labels))
            for name, (inputs, labels) in shared.splits.items()
        }
    return shared.dataset.with_splits(splits)
