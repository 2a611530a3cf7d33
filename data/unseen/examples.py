"""What a model wants, and new examples as it takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from packtune.data.description import Head, Scaling
from packtune.data.own.form import Form, read_form

LIGHT = 128
"""Training images of at least this mean level are dark on light."""
Inputs = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
Words = npt.NDArray[np.object_]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What examples must become.

    Attributes:
        form: of the examples for training.
        heads: of the model: columns with these names are no inputs.
        light_on_dark: whether images for training were dark on average.
        like_mnist: whether pictures are placed like MNIST's; none to decide it by the pictures.
    """

    form: Form
    heads: tuple[Head, ...]
    light_on_dark: bool = True
    like_mnist: bool | None = False

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the heads."""
        return tuple(head.name for head in self.heads)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unseen:
    """New examples, prepared.

    Attributes:
        inputs: uint8 [m, channels, height, width] or float32 [m, columns], those that get a label.
        names: n names of files, or numbers of rows from 0.
        kept: bool [n], which examples get a label, m of them.
        notes: of examples, by index: why they get no label, or what is doubtful.
        unreadable: how many examples could not be used.
        are_pictures: whether the examples are files of pictures.
        labels: of each head, [n] names of the right classes, empty where not known; no heads if none is known.
        said: what a person should know, each a sentence.
    """

    inputs: Inputs
    names: Sequence[str | int]
    kept: Marks
    notes: Mapping[int, str] = field(default_factory=dict)
    unreadable: int = 0
    are_pictures: bool = False
    labels: Mapping[str, Words] = field(default_factory=dict)
    said: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)


def wanted_by(
    preparation: str, heads: tuple[Head, ...], scaling: Scaling, *, like_mnist: bool | None = False
) -> Wanted:
    """Say what a model wants.

    Args:
        preparation, heads, scaling: that the model keeps.

    Raises:
        CorruptFile: the preparation is damaged.
    """
    # The mean of the training images became 0: mean * factor + offset = 0.
    means = [-offset / factor for offset, factor in zip(scaling.offsets, scaling.factors, strict=True) if factor]
    return Wanted(
        form=read_form(preparation),
        heads=heads,
        light_on_dark=sum(means) < LIGHT * len(means),
        like_mnist=like_mnist,
    )
