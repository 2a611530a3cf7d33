"""Folders of IDX files with images and labels: MNIST, and sets with names like its, as Fashion-MNIST and EMNIST."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from packtune.data.files import readable
from packtune.data.formats import idx
from packtune.data.options import DataOptions
from packtune.data.reading.arrays.joining import join
from packtune.data.reading.arrays.levels import Array
from packtune.data.reading.raw import TEST, TRAIN, VALIDATION, RawData
from packtune.data.reading.walking import list_files, list_folders
from packtune.errors import CorruptFile, DataError, MissingFiles

SPLITS = {"train": TRAIN, "t10k": TEST, "test": TEST, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION}
NAME = re.compile(
    rf"(?P<set>.*?)(?P<split>{'|'.join(SPLITS)})[-_.](?P<what>images|labels)[-_.]idx\d[-_.]ubyte(?P<packed>\.gz)?",
    re.IGNORECASE,
)
"""EMNIST writes the name of a set before that of the split: emnist-letters-train-images-idx3-ubyte.gz."""
TRANSPOSED = "emnist"
"""The images of EMNIST lie on their side: rows and columns are exchanged (Cohen et al., EMNIST, 2017)."""
RAW = "raw"
"""torchvision keeps the files in a folder of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The two files of a split."""

    images: Path
    labels: Path


def find_idx_folder(folder: Path) -> Path | None:
    """Give the folder itself, or `raw` in it, if files with the names of MNIST's lie there; none otherwise."""
    raws = [inner for inner in list_folders(folder) if inner.name == RAW]
    return next((each for each in (folder, *raws) if any(_match(file) for file in list_files(each))), None)


def read_idx_folder(folder: Path, options: DataOptions) -> RawData:
    """Read a folder of IDX files, plain or gzipped.

    The images of EMNIST are turned upright. Where its file of classes lies beside them, `emnist-letters-mapping.txt`,
    labels become the letters and digits that it gives; of a capital and a small letter, the small one.

    Raises:
        DataError: there are several sets in the folder, or a file is missing.
        CorruptFile: a file is damaged.
    """
    name, pairs = _pair_up(folder)
    mapping = _read_mapping(folder, name)
    splits = {split: _read(pair, name, mapping) for split, pair in pairs.items()}
    notes = ["The images of EMNIST were turned upright."] if _is_transposed(name) else []
    notes += [] if mapping is None else [f"The names of the classes are those of {readable(_mapping_name(name))}."]
    outer = folder.resolve()
    shown = outer.parent.name if outer.name == RAW else outer.name
    title = readable(name.strip("-_.") or shown) or "images"
    return join(splits, options, name=title, format="a folder of IDX files", notes=notes)


def find_images(folder: Path) -> list[tuple[Path, Path | None]]:
    """List the files of images in a folder, those for training first, each with the file of its labels if it is there.

    Raises:
        MissingFiles: the folder cannot be read.
    """
    matches = [(match, file) for file in list_files(folder) if (match := _match(file))]
    matches.sort(key=lambda each: each[0]["packed"] is not None)  # a plain file comes before a gzipped one
    files: dict[tuple[str, str, str], Path] = {}
    for match, file in matches:
        files.setdefault((match["set"].lower(), SPLITS[match["split"].lower()], match["what"].lower()), file)
    order = [TRAIN, VALIDATION, TEST]
    images = sorted((key for key in files if key[2] == "images"), key=lambda key: (key[0], order.index(key[1])))
    return [(files[key], files.get((*key[:2], "labels"))) for key in images]


def read_images(file: Path) -> npt.NDArray[np.uint8]:
    """Read a file of images, [n, height, width]; those of EMNIST are turned upright.

    Raises:
        MissingFiles: the file cannot be opened.
        CorruptFile: it is damaged, or holds no images.
    """
    images = idx.read(file)
    if images.ndim not in (3, 4) or images.size == 0:
        raise CorruptFile(
            f"{readable(str(file))} is {list(images.shape)}, but images need [n, height, width] with every size at "
            "least 1: check that it is not the file of the labels"
        )
    match = _match(file)
    if match is None or not _is_transposed(match["set"].lower()):
        return images
    return np.ascontiguousarray(images.swapaxes(1, 2))


def read_labels(file: Path) -> Array:
    """Read a file of labels [n]: the names of classes where EMNIST's file of them lies beside it.

    Raises:
        MissingFiles: the file cannot be opened.
        CorruptFile: it is damaged.
    """
    labels, match = idx.read(file), _match(file)
    mapping = _read_mapping(file.parent, match["set"].lower()) if match else None
    return labels if mapping is None else _translate(labels, mapping, file)


def _match(file: Path) -> re.Match[str] | None:
    return NAME.fullmatch(file.name)


def _pair_up(folder: Path) -> tuple[str, dict[str, _Pair]]:
    """Find the files of each split; a plain file comes before a gzipped one."""
    sets: dict[str, dict[tuple[str, str], Path]] = {}
    matches = [(match, file) for file in list_files(folder) if (match := _match(file))]
    for match, file in sorted(matches, key=lambda each: each[0]["packed"] is not None):
        files = sets.setdefault(match["set"].lower(), {})
        files.setdefault((SPLITS[match["split"].lower()], match["what"].lower()), file)
    if len(sets) > 1:
        listed = ", ".join(readable(name.strip("-_.")) or "one without a name" for name in sets)
        raise DataError(
            f"{readable(str(folder))} holds {len(sets)} sets of IDX files: {listed}. Put the files of one into a "
            "folder of their own"
        )
    ((name, files),) = sets.items()
    return name, {split: _pair(folder, split, files) for split in dict.fromkeys(_in_order(files, folder))}


def _in_order(files: Mapping[tuple[str, str], Path], folder: Path) -> list[str]:
    found = {split for split, _ in files}
    if TRAIN not in found:
        raise MissingFiles(
            f"{readable(str(folder))} has no IDX files for training: add train-images-idx3-ubyte and "
            "train-labels-idx1-ubyte, plain or gzipped"
        )
    return [split for split in (TRAIN, VALIDATION, TEST) if split in found]


def _pair(folder: Path, split: str, files: Mapping[tuple[str, str], Path]) -> _Pair:
    given = {what: files.get((split, what)) for what in ("images", "labels")}
    images, labels = given["images"], given["labels"]
    if images is None or labels is None:
        (there,) = (file for file in given.values() if file is not None)
        missing = "images" if images is None else "labels"
        raise MissingFiles(
            f"{readable(str(folder))} has {readable(there.name)}, but no file of the {missing} for it: add that"
        )
    return _Pair(images=images, labels=labels)


def _is_transposed(name: str) -> bool:
    return name.startswith(TRANSPOSED)


def _read(pair: _Pair, name: str, mapping: Mapping[int, str] | None) -> tuple[Array, Array]:
    images, labels = idx.read(pair.images), idx.read(pair.labels)
    if images.ndim not in (3, 4) or labels.ndim != 1:
        raise CorruptFile(
            f"{readable(str(pair.images))} is {list(images.shape)}, but must be [n, height, width], and "
            f"{readable(str(pair.labels))} is {list(labels.shape)}, but must be [n]: check that they are the right "
            "files"
        )
    if _is_transposed(name):
        images = np.ascontiguousarray(images.swapaxes(1, 2))
    return images, labels if mapping is None else _translate(labels, mapping, pair.labels)


def _translate(labels: npt.NDArray[np.uint8], mapping: Mapping[int, str], file: Path) -> Array:
    unknown = sorted(set(np.unique(labels).tolist()) - set(mapping))
    if unknown:
        raise CorruptFile(
            f"{readable(str(file))} has the label {unknown[0]}, which the file of classes does not name: remove that "
            "file to keep the numbers"
        )
    table = np.array([mapping.get(number, "") for number in range(256)])
    return np.asarray(table[labels])


def _mapping_name(name: str) -> str:
    return f"{name.strip('-_.')}-mapping.txt"


def _read_mapping(folder: Path, name: str) -> dict[int, str] | None:
    """Read EMNIST's file of classes: a line has a label and the codes of its letters; none if there is no file."""
    file = next((file for file in list_files(folder) if file.name.lower() == _mapping_name(name)), None)
    if file is None:
        return None
    try:
        rows = [[int(word) for word in line.split()] for line in file.read_text("ascii").splitlines() if line.strip()]
        return {row[0]: _letter(row) for row in rows}
    except (OSError, ValueError) as error:
        raise CorruptFile(
            f"cannot read the classes in {readable(str(file))} ({error}): get the original file again, or remove it"
        ) from error


def _letter(row: Sequence[int]) -> str:
    if len(row) < 2:
        raise ValueError("a line has no code of a letter")
    return chr(row[-1])
