"""The sizes of pictures: whether they are alike, what scaling does to them, and the memory that they need."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from packtune.data.files import readable
from packtune.data.reading.pictures.decoding import Facts, State
from packtune.data.reading.raw import PictureForm
from packtune.errors import DataError

SHOWN = 3
SUGGESTED_SIDE = 64
"""Networks here are small: the longer side of a size that is suggested."""
GIB = 2**30
ASPECT_TOLERANCE = 0.02


def check_sizes(facts: Facts, where: Path) -> None:
    """Refuse pictures of several sizes.

    Raises:
        DataError: some picture has another size than the first one.
    """
    if not (facts["state"] == State.OTHER_SIZE).any():
        return
    sizes = count_sizes(facts)
    told = ", ".join(f"{n:,} of {height}x{width}" for (height, width), n in sizes.most_common(SHOWN))
    more = f", and {len(sizes) - SHOWN:,} sizes more" if len(sizes) > SHOWN else ""
    height, width = suggest_size(facts)
    raise DataError(
        f"the pictures in {readable(str(where))} have different sizes (height x width): {told}{more}. A network takes "
        f"one size: scale them with --image-size {height}x{width}, for example"
    )


def count_sizes(facts: Facts) -> Counter[tuple[int, int]]:
    """Count the pictures of each height and width; those that cannot be read are left out."""
    seen = facts[facts["state"] != State.UNREADABLE]
    pairs = np.stack([seen["height"], seen["width"]], axis=1)
    sizes, counts = np.unique(pairs, axis=0, return_counts=True)
    return Counter({(int(size[0]), int(size[1])): int(n) for size, n in zip(sizes, counts, strict=True)})


def suggest_size(facts: Facts) -> tuple[int, int]:
    """Suggest a size: the median height and width, reduced until the longer one is 64 or less."""
    seen = facts[facts["state"] != State.UNREADABLE]
    height, width = float(np.median(seen["height"])), float(np.median(seen["width"]))
    factor = min(1.0, SUGGESTED_SIDE / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def describe_scaling(facts: Facts, form: PictureForm) -> tuple[str, ...]:
    """Say how many pictures are scaled, and how many are stretched by that."""
    scaled = int(((facts["height"] != form.height) | (facts["width"] != form.width)).sum())
    if not scaled:
        return ()
    aspects = (facts["width"] / facts["height"]) / (form.width / form.height)
    stretched = int((np.abs(np.log(aspects)) > ASPECT_TOLERANCE).sum())
    size = f"{form.height}x{form.width}"
    note = (
        f"Of {len(facts):,} pictures, {scaled:,} are scaled to {size} (bilinear, averaged where they become smaller)."
    )
    if not stretched:
        return (note,)
    return (note, f"Of {len(facts):,} pictures, {stretched:,} have another aspect than {size} and are stretched.")


def check_memory(n: int, form: PictureForm, where: Path, memory_bytes: int | None) -> None:
    """Refuse pictures that do not fit into the memory, before they are read.

    Args:
        n: the number of pictures.
        memory_bytes: that may be used; none for no limit.

    Raises:
        DataError: they need more.
    """
    needed = n * form.channels * form.height * form.width
    if memory_bytes is None or needed <= memory_bytes:
        return
    factor = (memory_bytes / needed) ** 0.5
    height, width = (max(1, int(side * factor)) for side in (form.height, form.width))
    raise DataError(
        f"the {n:,} pictures in {readable(str(where))} need {needed / GIB:.2f} GiB of memory, as {form.height}x"
        f"{form.width} with {form.channels} channel{'s' * (form.channels > 1)}, and {memory_bytes / GIB:.2f} GiB may "
        f"be used: scale them with --image-size {height}x{width} or less, or use fewer pictures"
    )
