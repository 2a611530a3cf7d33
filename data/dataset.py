"""A data set in memory: images, labels and how they are split. Knows nothing about files."""

from __future__ import annotations

from dataclasses import dataclass

import torch

PIXEL_SCALE = 256
"""What a network's input is divided by. The reference divides by 256, not by 255."""


# Equality by value would compare tensors elementwise, which has no truth value: hence eq=False.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Images and their labels, for one purpose (training, validation or test).

    Attributes:
        images: uint8 [n, height, width], 0 is background.
        labels: int64 [n, heads], one class a head.

    Raises:
        ValueError: a wrong dtype or shape, no images, or as many labels as there are not images.
    """

    images: torch.Tensor
    labels: torch.Tensor

    def __post_init__(self) -> None:
        _check_tensor("images", self.images, torch.uint8, ("n", "height", "width"))
        _check_tensor("labels", self.labels, torch.int64, ("n", "heads"))
        if len(self.images) != len(self.labels):
            raise ValueError(
                f"A split's images and labels differ in number: {len(self.images)} images and "
                f"{len(self.labels)} rows of labels given. Give one row of labels for each image."
            )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: torch.Tensor) -> Split:
        """Pick images by position, in the given order, into a split with its own memory.

        Args:
            indices: int64 [m], each from 0 to n - 1; repeats are allowed.
        """
        return Split(images=self.images[indices], labels=self.labels[indices])

    def slice(self, start: int, stop: int) -> Split:
        """Copy the images from position `start` up to, not including, `stop`."""
        # A view would drag its whole storage along when the split is pickled to a worker.
        return Split(images=self.images[start:stop].clone(), labels=self.labels[start:stop].clone())

    def first(self, n: int) -> Split:
        """Copy the first `n` images (all of them, if there are fewer)."""
        return self.slice(0, n)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """The three splits of a data set.

    Attributes:
        name: the name in the catalogue.
        train, validation, test: splits with images of one size.
        classes: classes of every head; labels run from 0 to `classes` - 1.
        head_names: what each column of the labels means, as ("digit",) or ("upper", "lower").

    Raises:
        ValueError: splits that do not fit each other, or `classes` or `head_names` that do not fit them.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: int = 10
    head_names: tuple[str, ...]

    def __post_init__(self) -> None:
        for split_name, split in self.splits.items():
            where = f"The {split_name} split of data set {self.name!r}"
            _check_size(where, split, self.height, self.width)
            _check_labels(where, split, self.head_names, self.classes)

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by name: train, validation, test."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def height(self) -> int:
        """Rows of an image."""
        return self.train.images.shape[1]

    @property
    def width(self) -> int:
        """Columns of an image."""
        return self.train.images.shape[2]

    @property
    def heads(self) -> int:
        """Labels of an image."""
        return len(self.head_names)


def _check_tensor(what: str, tensor: torch.Tensor, dtype: torch.dtype, axes: tuple[str, ...]) -> None:
    shape = list(tensor.shape)
    if tensor.dtype == dtype and len(shape) == len(axes) and all(shape):
        return
    raise ValueError(
        f"A split's {what} have the wrong type or shape: {tensor.dtype} {shape} given, "
        f"{dtype} [{', '.join(axes)}] with every size at least 1 allowed. Convert or reshape them first."
    )


def _check_size(where: str, split: Split, height: int, width: int) -> None:
    if split.images.shape[1:] == (height, width):
        return
    raise ValueError(
        f"{where} has images of another size than the training split: {list(split.images.shape[1:])} "
        f"given, [{height}, {width}] allowed. Bring all splits to one size first."
    )


def _check_labels(where: str, split: Split, head_names: tuple[str, ...], classes: int) -> None:
    if split.labels.shape[1] != len(head_names):
        raise ValueError(
            f"{where} has another number of heads than head_names: {split.labels.shape[1]} given, "
            f"{len(head_names)} {head_names} allowed. Name every column of the labels."
        )
    low, high = int(split.labels.min()), int(split.labels.max())
    if low < 0 or high >= classes:
        raise ValueError(
            f"{where} has labels out of range: {low} to {high} given, 0 to {classes - 1} allowed. "
            "Number the classes from 0, or raise `classes`."
        )
