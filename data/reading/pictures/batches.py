"""Many pictures decoded into one array, a chunk at a time. Knows nothing about processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from packtune.data.formats.pictures import explain, quiet
from packtune.data.reading.pictures.decoding import FACTS, Facts, decode
from packtune.data.reading.raw import PictureForm
from packtune.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Pictures in one array.

    Attributes:
        images: uint8 [n, channels, height, width]; what was not read is left as it was.
        facts: [n], of type `FACTS`.
        reasons: why a picture could not be read, by its index.
    """

    images: npt.NDArray[np.uint8]
    facts: Facts
    reasons: dict[int, str] = field(default_factory=dict)


def make_empty(n: int, form: PictureForm) -> Batch:
    """Make room for n pictures."""
    images = np.zeros((n, form.channels, form.height, form.width), dtype=np.uint8)
    return Batch(images=images, facts=np.zeros(n, dtype=FACTS))


def fill(batch: Batch, paths: Sequence[str], form: PictureForm, start: int = 0) -> None:
    """Decode pictures into their places of a batch, from index `start` on."""
    batch.facts[start : start + len(paths)] = np.zeros((), dtype=FACTS)
    with quiet():
        for index, path in enumerate(paths, start):
            try:
                decode(path, form, batch.images[index], batch.facts[index])
            except DataError:
                raise
            except Exception as error:  # for a damaged file, Pillow may raise any of a dozen types
                batch.reasons[index] = str(explain(error))
