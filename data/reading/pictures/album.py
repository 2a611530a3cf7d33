"""All pictures of a data set: the form that fits them, and the pictures in that form."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from packtune.data.files import readable
from packtune.data.formats.greys import TOPS
from packtune.data.formats.pictures import Unreadable, opened, quiet, turned
from packtune.data.reading.pictures.batches import Batch, fill, make_empty
from packtune.data.reading.pictures.crew import count_processes, decode_all
from packtune.data.reading.pictures.decoding import Bytes, Facts, State
from packtune.data.reading.pictures.sizes import check_memory, check_sizes, describe_scaling
from packtune.data.reading.raw import PictureForm, Progress
from packtune.errors import CorruptFile

SAMPLE = 64
"""So many pictures are looked at before all are decoded. If they misled, all are decoded again."""
BRIGHT = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What reading may use, and whom it tells.

    Attributes:
        memory_bytes: for the images; none for no limit.
        cpus: processors, 1 or more.
        progress: called with the number of pictures that were read, and that of all.
    """

    memory_bytes: int | None = None
    cpus: int = 1
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Album:
    """Pictures in one form.

    Attributes:
        form: of all pictures.
        images: uint8 [n, channels, height, width], those that could be read, in the order of their paths.
        kept: bool [number of paths], which could be read.
        unreadable: why each of the others could not, in words that follow its path.
        notes: what a person should know, each a sentence.
    """

    form: PictureForm
    images: Bytes
    kept: np.ndarray[tuple[int], np.dtype[np.bool_]]
    unreadable: dict[str, str]
    notes: tuple[str, ...]


def read_album(paths: Sequence[str], where: Path, size: tuple[int, int] | None, means: Means) -> Album:
    """Read pictures, and find the form that fits them all.

    It is grey if each pixel of every picture has equal red, green and blue, and has three channels otherwise. Under
    transparent pixels lies white, or black if what can be seen of the pictures with such pixels is bright on average
    (128 of 255 or more). Pictures with more than 8 bits are divided by 1, 255, 1,023, 4,095, 16,383 or 65,535,
    whichever is the first that none of their pixels exceeds.

    Args:
        paths: of the files, 1 or more.
        where: the folder, for messages.
        size: height and width to which pictures are scaled; none if all must have one size.
        means: what may be used.

    Raises:
        DataError: the pictures differ in size, need too much memory, or none can be read.
    """
    form = _guess_form(paths, where, size)
    batch = _read_in(form, paths, where, means)
    better = _form_for(batch.facts, form)
    if better != form:
        form = better
        del batch  # before the next array is made
        batch = _read_in(form, paths, where, means)
    kept = batch.facts["state"] == State.READ
    return Album(
        form=form,
        images=_move_together(batch.images, kept),
        kept=kept,
        unreadable={paths[index]: reason for index, reason in sorted(batch.reasons.items())},
        notes=_describe(batch.facts[kept], form),
    )


def read_pictures(paths: Sequence[str | Path], form: PictureForm, means: Means) -> Batch:
    """Read pictures for prediction, in the form of those that a model was trained on.

    Args:
        paths: of the files.
        form: a picture of another size is scaled if those for training were, and cannot be used otherwise.
        means: what may be used.

    Returns:
        A place for each picture, in the order of the paths; and why a picture could not be read, in words that follow
        its name.

    Raises:
        DataError: they need too much memory.
    """
    files = [os.fspath(path) for path in paths]
    check_memory(len(files), form, Path(os.path.commonpath(files)), means.memory_bytes)
    batch = make_empty(len(files), form)
    decode_all(batch, files, form, processes=count_processes(files, means.cpus), progress=means.progress)
    for index in np.flatnonzero(batch.facts["state"] == State.OTHER_SIZE):
        height, width = batch.facts[index]["height"], batch.facts[index]["width"]
        batch.reasons[int(index)] = (
            f"is {height}x{width}, but the model takes {form.height}x{form.width} (height x width)"
        )
    return batch


def _guess_form(paths: Sequence[str], where: Path, size: tuple[int, int] | None) -> PictureForm:
    """Find the form that fits some of the pictures."""
    some = paths[:: max(1, len(paths) // SAMPLE)]
    height, width = size or _first_size(paths, where)
    form = PictureForm(channels=3, height=height, width=width, scales=size is not None)
    return _form_for(np.concatenate([_look_at(path, form) for path in some]), form)


def _look_at(path: str, form: PictureForm) -> Facts:
    """Find out what is to be known about one picture, [1], and forget its pixels."""
    batch = make_empty(1, form)
    fill(batch, [path], form)
    return batch.facts


def _first_size(paths: Sequence[str], where: Path) -> tuple[int, int]:
    """Give the height and width of the first picture that can be read."""
    reasons = []
    for path in paths:
        try:
            with quiet(), opened(path) as image:
                upright = turned(image)
                return upright.height, upright.width
        except Unreadable as error:
            reasons.append(f"{readable(path)} {error}")
    raise CorruptFile(
        f"none of the {len(paths):,} pictures in {readable(str(where))} can be read: {'; '.join(reasons[:3])}. Export "
        "them again, as PNG for example"
    )


def _form_for(facts: Facts, form: PictureForm) -> PictureForm:
    seen = facts[facts["state"] == State.READ]
    clear = seen[seen["transparent"]]
    bright = clear.size > 0 and float(clear["brightness"].mean(dtype=np.float64)) >= BRIGHT
    deepest = float(seen["deepest"].max(initial=0))
    deep_top = next((top for top in (1, *TOPS) if deepest <= top), TOPS[-1]) if deepest else TOPS[-1]
    channels = 3 if seen["coloured"].any() else 1
    return replace(form, channels=channels, ground=0 if bright else 255, deep_top=deep_top)


def _read_in(form: PictureForm, paths: Sequence[str], where: Path, means: Means) -> Batch:
    check_memory(len(paths), form, where, means.memory_bytes)
    batch = make_empty(len(paths), form)
    processes = count_processes(paths, means.cpus)
    decode_all(batch, paths, form, processes=processes, progress=means.progress)
    check_sizes(batch.facts, where)
    return batch


def _move_together(images: Bytes, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Bytes:
    """Close the gaps in an array, without a second one."""
    target = 0
    for source in range(len(images)) if not kept.all() else ():
        if kept[source]:
            images[target] = images[source]
            target += 1
    return images[: int(kept.sum())]


def _describe(facts: Facts, form: PictureForm) -> tuple[str, ...]:
    clear, deep, paged = (
        int(n) for n in (facts["transparent"].sum(), (facts["deepest"] > 0).sum(), facts["paged"].sum())
    )
    told = [
        (clear, f"{clear:,} with transparent pixels are laid on {'white' if form.ground else 'black'}"),
        (deep, f"{deep:,} with more than 8 bits are read with {form.deep_top:,} as white"),
        (paged, f"{paged:,} have more than one page, of which the first is read"),
    ]
    return (*(f"Of {len(facts):,} pictures, {what}." for n, what in told if n), *describe_scaling(facts, form))
