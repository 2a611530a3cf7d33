"""What is known about a data set without its examples. Knows neither PyTorch nor pandas."""

from __future__ import annotations

import math
from dataclasses import dataclass

from packtune.data.options import DataOptions

PIXEL_SCALE = 256
"""Pixels are divided by this number to give a network's input. The reference notebook divides by 256, not by 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How the bytes of images become a network's input: byte * factor + offset, for each channel.

    Attributes:
        factors, offsets: one for each channel, or one for all.
    """

    factors: tuple[float, ...] = (1 / PIXEL_SCALE,)
    offsets: tuple[float, ...] = (0.0,)


PLAIN = Scaling()
"""That of the built-in data sets."""


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
        fingerprint: of the examples and their splits; empty for a built-in data set, which its name tells.
    """

    name: str
    input_shape: tuple[int, ...]
    heads: tuple[Head, ...]
    n_train: int
    n_validation: int
    n_test: int
    resamples: bool = False
    fingerprint: str = ""

    @property
    def is_images(self) -> bool:
        """Tell whether an example is an image, and not a row of a table."""
        return len(self.input_shape) == 3

    @property
    def examples(self) -> str:
        """What people call its examples: images, or rows of a table."""
        return "images" if self.is_images else "rows"

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnData:
    """Data of the user's own, as they were found.

    Attributes:
        description: what is known about them without their examples.
        format: what they are, in words.
        options: what the user said of them.
        counts: of each head, the number of examples of each class, over all splits.
        is_split: the splits that were drawn from the training examples, as they were not given.
        notes: what else a person should know, each a sentence.
    """

    description: Description
    format: str
    options: DataOptions
    counts: tuple[tuple[int, ...], ...] = ()
    is_split: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineAccuracy:
    """What a simple method reaches. It plays no part in a search, and stands beside it.

    Attributes:
        name: of the method: "majority class" or "logistic regression".
        validation, test: the share of examples with every head right, 0 to 1.
        examples: of the training split, how many it learned from.
        metric: another metric, by which it was scored too; empty if by none.
        validation_score, test_score: by that metric; none if by none.
    """

    name: str
    validation: float
    test: float
    examples: int
    metric: str = ""
    validation_score: float | None = None
    test_score: float | None = None


def digit_heads(*names: str) -> tuple[Head, ...]:
    """Make heads that say a digit, 0 to 9, each."""
    return tuple(Head(name=name, classes=tuple("0123456789")) for name in names)
