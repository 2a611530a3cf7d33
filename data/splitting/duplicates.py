"""Counting examples that are identical in two splits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from packtune.data.reading.raw import RawSplit

Hashes = npt.NDArray[np.uint64]


def hash_inputs(split: RawSplit) -> Hashes:
    """Give a number for the inputs of each example, uint64 [n]; equal inputs have equal numbers."""
    inputs = split.inputs
    return _hash_rows(inputs) if isinstance(inputs, pd.DataFrame) else _hash_images(inputs)


def duplicate_notes(hashes: Mapping[str, Hashes]) -> list[str]:
    """Count the examples of a split that are identical to one of a split before it.

    Args:
        hashes: of each split uint64 [n], that for training first.
    """
    notes: list[str] = []
    before: list[Hashes] = []
    for split, found in hashes.items():
        n = int(np.isin(found, np.concatenate(before)).sum()) if before else 0
        if n:
            earlier = " or ".join(name for name in list(hashes)[: len(before)])
            notes.append(
                f"{n:,} of {len(found):,} {split} examples are identical to one for {earlier}: their accuracy may be "
                "too high."
            )
        before.append(found)
    return notes


def _hash_images(images: npt.NDArray[np.uint8]) -> Hashes:
    digests = b"".join(hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.frombuffer(digests, dtype=np.uint64)


def _hash_rows(frame: pd.DataFrame) -> Hashes:
    plain = {str(name): _hashable(column) for name, column in frame.items()}
    hashes = pd.util.hash_pandas_object(pd.DataFrame(plain, index=frame.index), index=False)
    return np.asarray(hashes, dtype=np.uint64)


def _hashable(column: pd.Series) -> pd.Series:
    """Give a column that pandas can hash: numbers and words stay, other objects become their text."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    return column.map(str) if column.dtype == object else column
