"""A data set in memory: inputs and labels, in three splits. Knows nothing about files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from packtune.data.description import PLAIN, Description, Head, Scaling


# eq=False: an equality by value would compare tensors, and the result has no truth value.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Examples and their labels, for one purpose (training, validation or test).

    Attributes:
        inputs: images uint8 [n, channels, height, width], or rows of a table float32 [n, columns], prepared.
        labels: int64 [n, heads], one class for each head.

    Raises:
        ValueError: a dtype or shape is wrong, there are no examples, or inputs and labels differ in number.
    """

    inputs: torch.Tensor
    labels: torch.Tensor

    def __post_init__(self) -> None:
        if self.inputs.dtype == torch.float32:
            _check_tensor("inputs", self.inputs, torch.float32, ("n", "columns"))
        else:
            _check_tensor("inputs", self.inputs, torch.uint8, ("n", "channels", "height", "width"))
        _check_tensor("labels", self.labels, torch.int64, ("n", "heads"))
        if len(self.inputs) != len(self.labels):
            raise ValueError(
                f"the split has {len(self.inputs)} inputs, but {len(self.labels)} rows of labels: "
                "give one row of labels for each input"
            )

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, indices: torch.Tensor) -> Split:
        """Copy the examples at `indices` into a new split, in that order.

        Args:
            indices: int64 [m], each from 0 to n - 1. An index may occur more than once.
        """
        return Split(inputs=self.inputs[indices], labels=self.labels[indices])

    def slice(self, start: int, stop: int) -> Split:
        """Copy the examples from index `start` to index `stop` - 1."""
        # A view of a tensor is pickled together with the tensor, which would be sent to every worker.
        return Split(inputs=self.inputs[start:stop].clone(), labels=self.labels[start:stop].clone())

    def first(self, n: int) -> Split:
        """Copy the first `n` examples, or all if there are fewer."""
        return self.slice(0, n)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """The three splits of a data set.

    Attributes:
        name: of the data set, such as a key of `packtune.data.catalog.DATASETS`.
        train, validation, test: splits with inputs of the same shape.
        heads: what each column of the labels means; labels are from 0 to the number of the head's classes - 1.
        scaling: how the bytes of images become a network's input.
        resamples: see `Description`.
        preparation: how new examples are made like these, as `packtune.data.own` writes it; empty for built-in sets.
        fingerprint: see `Description`.

    Raises:
        ValueError: the splits have inputs of different shapes, or the heads do not fit the labels.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    heads: tuple[Head, ...]
    scaling: Scaling = PLAIN
    resamples: bool = False
    preparation: str = ""
    fingerprint: str = ""

    def __post_init__(self) -> None:
        for split_name, split in self.splits.items():
            where = f"data set {self.name!r}: the {split_name} split"
            _check_shape(where, split, self.input_shape)
            _check_labels(where, split, self.heads)

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by name: train, validation, test."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def description(self) -> Description:
        """What is known about it without its examples."""
        return Description(
            name=self.name,
            input_shape=self.input_shape,
            heads=self.heads,
            n_train=len(self.train),
            n_validation=len(self.validation),
            n_test=len(self.test),
            resamples=self.resamples,
            fingerprint=self.fingerprint,
        )

    def with_splits(self, splits: Mapping[str, Split]) -> Dataset:
        """Replace the examples by others of the same kind.

        Args:
            splits: by the names train, validation and test.
        """
        return replace(self, train=splits["train"], validation=splits["validation"], test=splits["test"])

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input: (channels, height, width) of an image, (columns,) of a row."""
        return tuple(self.train.inputs.shape[1:])

    @property
    def classes(self) -> int:
        """The largest number of classes of a head; each head of a network has so many outputs."""
        return self.description.classes

    @property
    def outputs(self) -> int:
        """Logits of a network, over all heads."""
        return self.description.outputs

    def resampled(self, seed: int) -> Dataset:
        """Draw anew which of the training and validation examples are used for which, in the same numbers.

        The test split stays.

        Args:
            seed: 0 to 2**63 - 1.
        """
        pool = Split(
            inputs=torch.cat([self.train.inputs, self.validation.inputs]),
            labels=torch.cat([self.train.labels, self.validation.labels]),
        )
        order = torch.randperm(len(pool), generator=torch.Generator().manual_seed(seed))
        n = len(self.train)
        return replace(self, train=pool.take(order[:n]), validation=pool.take(order[n:]))


def _check_tensor(what: str, tensor: torch.Tensor, dtype: torch.dtype, axes: tuple[str, ...]) -> None:
    shape = list(tensor.shape)
    if tensor.dtype == dtype and len(shape) == len(axes) and all(shape):
        return
    raise ValueError(
        f"the {what} are {tensor.dtype} {shape}, but must be {dtype} [{', '.join(axes)}] with every size at least 1: "
        "convert or reshape them"
    )


def _check_shape(where: str, split: Split, shape: tuple[int, ...]) -> None:
    found = tuple(split.inputs.shape[1:])
    if found == shape:
        return
    raise ValueError(
        f"{where} has inputs of {' x '.join(map(str, found))}, but the training split has inputs of "
        f"{' x '.join(map(str, shape))}: bring them into one shape"
    )


def _check_labels(where: str, split: Split, heads: tuple[Head, ...]) -> None:
    names = tuple(head.name for head in heads)
    if split.labels.shape[1] != len(heads):
        raise ValueError(
            f"{where} has {split.labels.shape[1]} columns of labels, but there are {len(heads)} heads {names}: "
            "give one head for each column"
        )
    for head, labels in zip(heads, split.labels.T, strict=True):
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= len(head.classes):
            raise ValueError(
                f"{where} has labels from {low} to {high}, but 0 to {len(head.classes) - 1} are allowed for "
                f"{head.name!r}: number the classes from 0, or name more classes"
            )
