"""A data set in memory: images and labels, in three splits. Knows nothing about files."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

PIXEL_SCALE = 256
"""Pixels are divided by this number to give a network's input. The reference notebook divides by 256, not by 255."""


# eq=False: an equality by value would compare tensors, and the result has no truth value.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Images and their labels, for one purpose (training, validation or test).

    Attributes:
        images: uint8 [n, height, width], 0 is background.
        labels: int64 [n, heads], one class for each head.

    Raises:
        ValueError: a dtype or shape is wrong, there are no images, or images and labels differ in number.
    """

    images: torch.Tensor
    labels: torch.Tensor

    def __post_init__(self) -> None:
        _check_tensor("images", self.images, torch.uint8, ("n", "height", "width"))
        _check_tensor("labels", self.labels, torch.int64, ("n", "heads"))
        if len(self.images) != len(self.labels):
            raise ValueError(
                f"the split has {len(self.images)} images, but {len(self.labels)} rows of labels: "
                "give one row of labels for each image"
            )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: torch.Tensor) -> Split:
        """Copy the images at `indices` into a new split, in that order.

        Args:
            indices: int64 [m], each from 0 to n - 1. An index may occur more than once.
        """
        return Split(images=self.images[indices], labels=self.labels[indices])

    def slice(self, start: int, stop: int) -> Split:
        """Copy the images from index `start` to index `stop` - 1."""
        # A view of a tensor is pickled together with the tensor, which would be sent to every worker.
        return Split(images=self.images[start:stop].clone(), labels=self.labels[start:stop].clone())

    def first(self, n: int) -> Split:
        """Copy the first `n` images, or all if there are fewer."""
        return self.slice(0, n)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """The three splits of a data set.

    Attributes:
        name: the key in `packtune.data.catalog.DATASETS`.
        train, validation, test: splits with images of the same size.
        classes: classes of every head; labels are from 0 to `classes` - 1.
        head_names: what each column of the labels means, for example ("digit",) or ("upper", "lower").

    Raises:
        ValueError: the splits have images of different sizes, or `classes` or `head_names` do not fit the labels.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: int = 10
    head_names: tuple[str, ...]

    def __post_init__(self) -> None:
        for split_name, split in self.splits.items():
            where = f"data set {self.name!r}: the {split_name} split"
            _check_size(where, split, self.height, self.width)
            _check_labels(where, split, self.head_names, self.classes)

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by name: train, validation, test."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def resampled(self, seed: int) -> Dataset:
        """Draw anew which of the training and validation images are used for which, in the same numbers.

        The test split stays.

        Args:
            seed: 0 to 2**63 - 1.
        """
        pool = Split(
            images=torch.cat([self.train.images, self.validation.images]),
            labels=torch.cat([self.train.labels, self.validation.labels]),
        )
        order = torch.randperm(len(pool), generator=torch.Generator().manual_seed(seed))
        n = len(self.train)
        return replace(self, train=pool.take(order[:n]), validation=pool.take(order[n:]))

    @property
    def height(self) -> int:
        """The number of rows of an image."""
        return self.train.images.shape[1]

    @property
    def width(self) -> int:
        """The number of columns of an image."""
        return self.train.images.shape[2]

    @property
    def heads(self) -> int:
        """The number of labels of an image."""
        return len(self.head_names)


def _check_tensor(what: str, tensor: torch.Tensor, dtype: torch.dtype, axes: tuple[str, ...]) -> None:
    shape = list(tensor.shape)
    if tensor.dtype == dtype and len(shape) == len(axes) and all(shape):
        return
    raise ValueError(
        f"the {what} are {tensor.dtype} {shape}, but must be {dtype} [{', '.join(axes)}] with every size at least 1: "
        "convert or reshape them"
    )


def _check_size(where: str, split: Split, height: int, width: int) -> None:
    if split.images.shape[1:] == (height, width):
        return
    raise ValueError(
        f"{where} has images of {' x '.join(map(str, split.images.shape[1:]))}, but the training split has images of "
        f"{height} x {width} (height x width): resize the images"
    )


def _check_labels(where: str, split: Split, head_names: tuple[str, ...], classes: int) -> None:
    if split.labels.shape[1] != len(head_names):
        raise ValueError(
            f"{where} has {split.labels.shape[1]} columns of labels, but head_names has {len(head_names)} names "
            f"{head_names}: give one name for each column"
        )
    low, high = int(split.labels.min()), int(split.labels.max())
    if low < 0 or high >= classes:
        raise ValueError(
            f"{where} has labels from {low} to {high}, but 0 to {classes - 1} are allowed: "
            "number the classes from 0, or give a larger `classes`"
        )
