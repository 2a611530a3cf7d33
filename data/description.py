"""What is known about a data set without its examples. Knows neither PyTorch nor pandas."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a network says of an example: one of some classes.

    Attributes:
        name: what the class means, for example "digit" or a table's target column.
        classes: names of the classes, in the order of their numbers; 2 or more.
    """

    name: str
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is known about a data set without its examples.

    Attributes:
        name: for people and for the names of runs, such as "mnist" or "flowers".
        input_shape: of one example as a network gets it: (channels, height, width) of an image, (columns,) of a row.
        heads: what is to be said of each example, 1 or more.
        n_train, n_validation, n_test: the number of examples in each split.
        resamples: whether examples may move between training and validation: they stand for themselves, and there are
            few validation examples.
    """

    name: str
    input_shape: tuple[int, ...]
    heads: tuple[Head, ...]
    n_train: int
    n_validation: int
    n_test: int
    resamples: bool = False

    @property
    def is_images(self) -> bool:
        """Tell whether an example is an image, and not a row of a table."""
        return len(self.input_shape) == 3

    @property
    def inputs(self) -> int:
        """How many numbers an example has."""
        return math.prod(self.input_shape)

    @property
    def classes(self) -> int:
        """The largest number of classes of a head; each head of a network has so many outputs."""
        return max(len(head.classes) for head in self.heads)

    @property
    def outputs(self) -> int:
        """Logits of a network, over all heads."""
        return len(self.heads) * self.classes

    @property
    def head_names(self) -> tuple[str, ...]:
        """What each label of an example means."""
        return tuple(head.name for head in self.heads)
