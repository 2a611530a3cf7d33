"""Data as they were read, before they are split and prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], None]
"""Called with the number of examples read so far, and that of all."""

TRAIN, VALIDATION, TEST = "train", "validation", "test"
"""The names of splits."""


# eq=False: an equality by value would compare arrays, and the result has no truth value.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawSplit:
    """Examples with their labels.

    Attributes:
        inputs: images uint8 [n, channels, height, width], or the columns of a table without targets and group.
        labels: of each head, [n] words, whole numbers or booleans, as they were found.
        names: n names of files, relative to what was given; empty where an example has only a number.
        groups: [n] values of the group column; none without one.
    """

    inputs: npt.NDArray[np.uint8] | pd.DataFrame
    labels: Mapping[str, npt.NDArray[np.generic]]
    names: tuple[str, ...] = ()
    groups: npt.NDArray[np.generic] | None = None

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureForm:
    """The form that pictures are given when they are read; a model keeps it for prediction.

    Attributes:
        channels: 1 for grey, 3 for red, green and blue; 4 only where arrays have as many.
        height, width: in pixels.
        ground: the brightness under transparent pixels, 0 or 255.
        scales: whether pictures of another size are scaled to this one; otherwise they do not fit.
        deep_top: of pictures with more than 8 bits, the level that stands for full brightness.
        array_top: of arrays, the level that stands for full brightness, such as 1, 16 or 255.
    """

    channels: int
    height: int
    width: int
    ground: int = 255
    scales: bool = False
    deep_top: int = 65_535
    array_top: int = 255


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawData:
    """What was found.

    Attributes:
        name: for people and for the names of runs: the file's or folder's name without its ending.
        format: what it is, in words: "a folder of pictures, a folder for each class".
        splits: `train`, and `validation` and `test` where these were given.
        form: of pictures; none for a table.
        notes: what a person should know, such as how many files were left out; each a sentence.
    """

    name: str
    format: str
    splits: Mapping[str, RawSplit]
    form: PictureForm | None = None
    notes: tuple[str, ...] = ()
