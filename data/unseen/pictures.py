"""Files of pictures for prediction: one, or all below a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from packtune.data.description import Head
from packtune.data.files import readable
from packtune.data.formats.pictures import Unreadable, read_grey
from packtune.data.reading.pictures.album import Means, read_pictures
from packtune.data.reading.pictures.batches import Batch
from packtune.data.reading.pictures.class_folders import SPLIT_NAMES, is_picture
from packtune.data.reading.pictures.decoding import Bytes, State
from packtune.data.reading.raw import PictureForm
from packtune.data.reading.walking import walk
from packtune.data.unseen.examples import Marks, Unseen, Wanted, Words
from packtune.data.unseen.mnist_like import are_on_paper, knows_digits, place_like_mnist
from packtune.errors import MissingFiles

MOST_NAMED = 5
LIKE_MNIST = "The pictures are placed like MNIST's images{why}; `--prepare none` takes them as they are."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Album:
    """Pictures while they are read.

    Attributes:
        images: uint8 [n, channels, height, width].
        kept: bool [n], which get a label.
        notes: by index.
        failed: bool [n], which could not be read.
    """

    images: Bytes
    kept: Marks
    notes: dict[int, str]
    failed: Marks


def read_folder(folder: Path, wanted: Wanted, means: Means) -> Unseen:
    """Read all pictures below a folder, in the order of their names; those in it come before those in its folders.

    Where they lie in folders with names of classes, these are the right labels.

    Raises:
        MissingFiles: there is no picture, or a folder cannot be read.
        DataError: they need too much memory.
    """
    files = list(walk(folder))
    found = [file for file in files if is_picture(file)]
    others = sorted(set(files) - set(found))
    if not found:
        raise MissingFiles(f"no picture lies in {readable(str(folder))} or below it: check the path")
    names = [os.path.relpath(file, folder) for file in found]
    labels = _labels_of(names, wanted.heads)
    said = _left_out([readable(os.path.relpath(file, folder)) for file in others])
    return read_files(found, names, wanted, means, labels=labels, said=said)


def read_files(
    files: Sequence[str],
    names: Sequence[str],
    wanted: Wanted,
    means: Means,
    *,
    labels: Mapping[str, Words] | None = None,
    said: tuple[str, ...] = (),
) -> Unseen:
    """Read pictures in the form of those for training, or placed like MNIST's.

    Args:
        names: for people, one for each file.

    Raises:
        DataError: they need too much memory.
    """
    form = wanted.form
    assert isinstance(form, PictureForm)
    batch = read_pictures(files, form, means)
    is_read = batch.facts["state"] == State.READ
    album = _Album(images=batch.images, kept=is_read, notes=_notes(batch), failed=~is_read)
    others, why = _to_be_placed(batch, album.kept, wanted)
    if others.any():
        said = (*said, LIKE_MNIST.format(why=why), *_place(files, others, album, wanted))
    elif n_coloured := int((batch.facts["coloured"] & album.kept).sum()) * (form.channels == 1):
        said = (*said, f"In colour, and read as grey: {n_coloured:,} of {len(files):,} pictures.")
    return Unseen(
        inputs=album.images if album.kept.all() else album.images[album.kept],
        names=[readable(name) for name in names],
        kept=album.kept,
        notes=album.notes,
        unreadable=int(album.failed.sum()),
        are_pictures=True,
        labels=labels or {},
        said=said,
    )


def _to_be_placed(batch: Batch, kept: Marks, wanted: Wanted) -> tuple[Marks, str]:
    """Say which pictures are placed like MNIST's, and why."""
    nothing, readable_ones = np.zeros(len(kept), dtype=np.bool_), batch.facts["state"] != State.UNREADABLE
    if wanted.like_mnist is not None:
        return (readable_ones if wanted.like_mnist else nothing), ""
    form = wanted.form
    if not knows_digits(wanted) or (isinstance(form, PictureForm) and form.scales):
        return nothing, ""
    if are_on_paper(batch.images[kept]):
        return readable_ones, ", as they are dark on light and the model knows light digits on dark"
    return batch.facts["state"] == State.OTHER_SIZE, ", as they have another size and the model knows digits"


def _place(files: Sequence[str], others: Marks, album: _Album, wanted: Wanted) -> list[str]:
    """Read pictures of any size, place them, and write down what came of them; gives what was done."""
    greys = _read_greys(files, others, album)
    if not greys:
        return []
    placed = place_like_mnist(list(greys.values()), wanted)
    for place, index in enumerate(greys):
        album.images[index], album.kept[index] = placed.images[place], placed.has_label[place]
        album.notes.update({index: placed.notes[place]} if placed.notes[place] else {})
    return [placed.summary] if placed.summary else []


def _read_greys(files: Sequence[str], others: Marks, album: _Album) -> dict[int, Bytes]:
    greys = {}
    for index in map(int, np.flatnonzero(others)):
        album.notes.pop(index, None)
        try:
            greys[index] = read_grey(files[index]).pixels
        except Unreadable as error:
            album.notes[index] = str(error)
        album.failed[index] = index not in greys
        album.kept[index] = False
    return greys


def _notes(batch: Batch) -> dict[int, str]:
    paged = np.flatnonzero(batch.facts["paged"] & (batch.facts["state"] == State.READ))
    return dict(batch.reasons) | dict.fromkeys(map(int, paged), "the first of several pages")


def _labels_of(names: Sequence[str], heads: Sequence[Head]) -> dict[str, Words]:
    """Take the folders that pictures lie in for their classes, if all have names of classes."""
    if len(heads) != 1:
        return {}
    above = [[readable(part) for part in Path(name).parts[:-1]] for name in names]
    inner = [parts[1:] if parts[1:] and parts[0].casefold() in SPLIT_NAMES else parts for parts in above]
    if not all(parts and parts[0] in heads[0].classes for parts in inner):
        return {}
    return {heads[0].name: np.array([parts[0] for parts in inner], dtype=object)}


def _left_out(names: Sequence[str]) -> tuple[str, ...]:
    n = len(names)
    if not n:
        return ()
    named = ", ".join(names[:MOST_NAMED]) + (", ..." if n > MOST_NAMED else "")
    return (f"Left out, as {'it is no picture' if n == 1 else 'they are no pictures'}: {n} ({named}).",)
