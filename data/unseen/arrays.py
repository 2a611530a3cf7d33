"""Arrays for prediction: from .npz archives, from IDX files, and from Python programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.files import readable
from packtune.data.formats.npz_arrays import list_keys, read_arrays, show_keys
from packtune.data.reading.arrays.archives import CONVENTIONS
from packtune.data.reading.arrays.idx_folder import find_images, read_images, read_labels
from packtune.data.reading.arrays.inputs import to_images, to_table
from packtune.data.reading.arrays.labels import to_labels
from packtune.data.reading.arrays.levels import Array
from packtune.data.reading.frames import is_frame
from packtune.data.reading.objects import is_tensor, to_array
from packtune.data.reading.raw import PictureForm
from packtune.data.splitting.classes import class_name
from packtune.data.unseen.examples import Inputs, Unseen, Wanted, Words
from packtune.data.unseen.mnist_like import are_on_paper, knows_digits, place_like_mnist
from packtune.errors import DataError, MissingFiles

LIKE_MNIST = "The images are placed like MNIST's{why}; `--prepare none` takes them as they are."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """An array of examples, perhaps with their labels.

    Attributes:
        name: of the array or its file.
    """

    name: str
    examples: Array
    labels: Array | None = None


def read_archive(path: Path, wanted: Wanted, memory_bytes: int | None = None) -> Unseen:
    """Read the examples of an .npz archive: of all its splits, or its only array.

    Raises:
        DataError: it has other arrays, or they do not fit the model.
    """
    keys = list_keys(path)
    pairs = _find_pairs(keys) or ({keys[0]: None} if len(keys) == 1 else {})
    if not pairs:
        raise DataError(
            f"{readable(str(path))} has the arrays {show_keys(keys)}, and none with a known name: save the examples "
            "alone with numpy.savez(path, images=...), or x=... for rows"
        )
    needed = [key for pair in pairs.items() for key in pair if key is not None]
    arrays = read_arrays(path, needed, memory_bytes)
    parts = [
        Part(name=key, examples=arrays[key], labels=None if label is None else arrays[label])
        for key, label in pairs.items()
    ]
    return prepare_parts(parts, wanted)


def read_idx(path: Path, wanted: Wanted) -> Unseen:
    """Read a single IDX file of images, gzipped or not.

    Raises:
        DataError: it is damaged, holds no images, or they do not fit the model.
    """
    return prepare_parts([Part(name=path.name, examples=read_images(path))], wanted)


def read_idx_folder(folder: Path, wanted: Wanted) -> Unseen:
    """Read all files of images in a folder of IDX files, and the labels beside them.

    Raises:
        DataError: a file is damaged, or the images do not fit the model.
    """
    pairs = find_images(folder)
    if not pairs:
        raise MissingFiles(f"{readable(str(folder))} has IDX files of labels, but none of images: add one")
    parts = [
        Part(name=images.name, examples=read_images(images), labels=None if labels is None else read_labels(labels))
        for images, labels in pairs
    ]
    return prepare_parts(parts, wanted)


def prepare_objects(given: object, wanted: Wanted) -> Inputs:
    """Prepare what a Python program has: an array, a tensor, or a DataFrame.

    Returns:
        uint8 [n, channels, height, width], or float32 [n, columns].

    Raises:
        DataError: it does not fit the model.
    """
    if is_frame(given):
        from packtune.data.unseen.tables import prepare_frame

        prepared: Inputs = prepare_frame(given, wanted)
        return prepared
    return _prepare(to_array(given, "the input"), wanted, channels_first=is_tensor(given))


def prepare_parts(parts: Sequence[Part], wanted: Wanted) -> Unseen:
    """Prepare arrays, one after another.

    Raises:
        DataError: they do not fit the model, or each other.
    """
    examples = _join(parts)
    names = range(len(examples)) if len(parts) == 1 else [name for part in parts for name in _number(part)]
    labels = _labels_of(parts, wanted)
    why = _why_placed(examples, wanted)
    if why is None:
        inputs = _prepare(examples, wanted)
        return Unseen(inputs=inputs, names=names, kept=np.ones(len(inputs), dtype=np.bool_), labels=labels)
    placed = place_like_mnist(list(_to_greys(examples)), wanted)
    notes = {index: note for index, note in enumerate(placed.notes) if note}
    said = (LIKE_MNIST.format(why=why), *filter(None, [placed.summary]))
    inputs = placed.images[placed.has_label]
    return Unseen(inputs=inputs, names=names, kept=placed.has_label, notes=notes, labels=labels, said=said)


def _prepare(array: Array, wanted: Wanted, *, channels_first: bool = False) -> Inputs:
    if isinstance(wanted.form, PictureForm):
        return to_images(array, wanted.form, channels_first=channels_first)
    _check_rows(array, wanted.form)
    return wanted.form.transform(to_table(array))


def _check_rows(array: Array, form: ColumnPreparation) -> None:
    n = form.n_columns
    if array.ndim != 2 or not len(array):
        raise DataError(f"the array is {list(array.shape)}, but the model takes rows [n, {n}]: reshape it")
    if array.shape[1] != n:
        raise DataError(f"the rows have {array.shape[1]:,} columns, but the model was trained on {n:,}: give as many")


def _join(parts: Sequence[Part]) -> Array:
    first = parts[0]
    other = next((part for part in parts if part.examples.shape[1:] != first.examples.shape[1:]), None)
    if other is not None:
        raise DataError(
            f"{readable(first.name)} is {list(first.examples.shape)} and {readable(other.name)} is "
            f"{list(other.examples.shape)}: give them one at a time"
        )
    return first.examples if len(parts) == 1 else np.concatenate([part.examples for part in parts])


def _number(part: Part) -> list[str]:
    return [f"{readable(part.name)} {index}" for index in range(len(part.examples))]


def _find_pairs(keys: Sequence[str]) -> dict[str, str | None]:
    """Find the arrays of examples, by a convention, each with its array of labels if there is one."""
    own = {key.lower(): key for key in reversed(keys)} | {key: key for key in keys if key == key.lower()}
    for convention in CONVENTIONS:
        pairs = {own[x]: own.get(y) for x, y in convention.keys.values() if x in own}
        if pairs:
            return pairs
    return {}


def _labels_of(parts: Sequence[Part], wanted: Wanted) -> dict[str, Words]:
    """Give the right labels as names of classes; none if they are not all there, or are of another kind."""
    arrays = {part.name: part.labels for part in parts if part.labels is not None}
    if len(arrays) != len(parts) or any(len(arrays[part.name]) != len(part.examples) for part in parts):
        return {}
    try:
        divided, _ = to_labels(arrays, wanted.targets)
    except DataError:
        return {}
    if any(tuple(heads) != wanted.targets for heads in divided.values()):
        return {}
    joined = {head: [value for heads in divided.values() for value in heads[head].tolist()] for head in wanted.targets}
    return {head: np.array([class_name(value) for value in values], dtype=object) for head, values in joined.items()}


def _why_placed(array: Array, wanted: Wanted) -> str | None:
    """Say why images are placed like MNIST's; none if they are not."""
    if wanted.like_mnist is not None:
        return "" if wanted.like_mnist else None
    if not knows_digits(wanted) or (isinstance(wanted.form, PictureForm) and wanted.form.scales):
        return None
    return _why_evident(array, wanted)


def _why_evident(array: Array, wanted: Wanted) -> str | None:
    if array.ndim == 2 or not _is_grey(array):
        return None
    form = wanted.form
    assert isinstance(form, PictureForm)
    if _to_greys(array).shape[1:] != (form.height, form.width):
        return ", as they have another size and the model knows digits"
    if are_on_paper(to_images(array, form)):
        return ", as they are dark on light and the model knows light digits on dark"
    return None


def _is_grey(array: Array) -> bool:
    return array.ndim == 3 or (array.ndim == 4 and 1 in (array.shape[1], array.shape[3]))


def _to_greys(array: Array) -> Array:
    """Give grey images the shape [n, height, width]."""
    if not _is_grey(array) or array.size == 0:
        raise DataError(f"the array is {list(array.shape)}, but grey images [n, height, width] are needed: convert it")
    if array.ndim == 3:
        return array
    return array[:, 0] if array.shape[1] == 1 else array[..., 0]
