"""A folder with a folder of pictures for each class, with or without folders of splits above, as torchvision has it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from packtune.data.files import readable
from packtune.data.formats import pictures
from packtune.data.reading.pictures.album import Album, Means, read_album
from packtune.data.reading.raw import TEST, TRAIN, VALIDATION, RawData, RawSplit
from packtune.data.reading.walking import list_files, list_folders, walk
from packtune.errors import CorruptFile, DataError

HEAD = "label"
"""What a class means, where nothing gives it a name."""
SPLIT_NAMES = {"train": TRAIN, "val": VALIDATION, "validation": VALIDATION, "valid": VALIDATION, "test": TEST}
SHOWN = 3
_NEEDED = "Needed is a folder for each class, such as cats/1.png and dogs/2.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """The pictures of a data set, before any is read.

    Attributes:
        paths: of all pictures, split after split and class after class.
        classes: of each path, the name of its class.
        splits: of each path, the name of its split.
        others: files that are no pictures, by their names.
    """

    paths: tuple[str, ...]
    classes: tuple[str, ...]
    splits: tuple[str, ...]
    others: tuple[str, ...]


def is_class_folders(folder: Path) -> bool:
    """Tell whether a picture lies anywhere below the folders in a folder."""
    return any(is_picture(path) for inner in list_folders(folder) for path in walk(inner))


def read_class_folders(folder: Path, size: tuple[int, int] | None, means: Means) -> RawData:
    """Read a folder with a folder of pictures for each class.

    Folders `train`, `val` (or `validation`, `valid`) and `test` above those of the classes give the splits. Pictures in
    folders below a class belong to it.

    Args:
        size: height and width to which pictures are scaled; none if all have one size.
        means: what may be used.

    Raises:
        DataError: there are fewer than two classes, or one of them has no picture; or the pictures do not fit, see
            `read_album`.
        MissingFiles: a folder cannot be read.
    """
    split_folders = find_splits(folder)
    listing = _list(split_folders or {TRAIN: folder})
    album = read_album(listing.paths, folder, size, means)
    kept = np.flatnonzero(album.kept)
    _check_classes_left(listing, kept, folder)
    above = ", in folders of splits" if split_folders else ""
    return RawData(
        name=readable(folder.resolve().name) or "pictures",
        format=f"a folder of pictures, a folder for each class{above}",
        splits=_split(listing, kept, album, folder),
        form=album.form,
        notes=(*_notes_on_folder(folder, split_folders, listing), *_notes_on_unreadable(album, folder), *album.notes),
    )


def find_splits(folder: Path) -> dict[str, Path]:
    """Find the folders of splits, by the split's name; none if the folders are those of classes.

    `train` may be the name of a class too: then pictures lie in it.

    Raises:
        DataError: a split has two folders, or there is one for testing but none for training.
    """
    found = [inner for inner in list_folders(folder) if inner.name.casefold() in SPLIT_NAMES]
    found = [inner for inner in found if list_folders(inner) and not any(map(is_picture, list_files(inner)))]
    splits: dict[str, Path] = {}
    for inner in found:
        split = SPLIT_NAMES[inner.name.casefold()]
        if split in splits:
            raise DataError(
                f"{readable(str(folder))} has two folders for {split}, {splits[split].name} and {inner.name}: keep one"
            )
        splits[split] = inner
    if splits and TRAIN not in splits:
        raise DataError(
            f"{readable(str(folder))} has {' and '.join(splits)}, but no folder train: name the folder with the "
            "training pictures so"
        )
    return splits


def _list(split_folders: Mapping[str, Path]) -> _Listing:
    rows: list[tuple[str, str, str]] = []
    others: list[str] = []
    for split, folder in split_folders.items():
        class_folders = list_folders(folder)
        if split == TRAIN and len(class_folders) < 2:
            raise _too_few(folder, class_folders)
        listed = {inner: list(walk(inner)) for inner in class_folders}
        found = {inner: [path for path in paths if is_picture(path)] for inner, paths in listed.items()}
        if split == TRAIN:
            _check_filled(folder, [inner.name for inner, paths in found.items() if not paths])
        rows += [(path, readable(inner.name), split) for inner, paths in found.items() for path in paths]
        others += [path for inner, paths in listed.items() for path in sorted(set(paths) - set(found[inner]))]
    paths, classes, splits = zip(*rows, strict=True)
    return _Listing(paths=paths, classes=classes, splits=splits, others=tuple(others))


def is_picture(path: str | Path) -> bool:
    """Tell by a file's ending, or else by its first bytes, whether it is to be read as a picture."""
    if os.fspath(path).lower().endswith(pictures.SUFFIXES):
        return True
    try:
        with open(path, "rb", buffering=0) as file:
            return pictures.is_picture(file.read(pictures.MAGIC_BYTES))
    except OSError:
        return False


def _too_few(folder: Path, class_folders: Sequence[Path]) -> DataError:
    given = readable(str(folder))
    if not class_folders:
        return DataError(f"{given} has no folders. {_NEEDED}: move the pictures into such folders")
    (only,) = class_folders
    inner = list_folders(only)
    meant = f" Did you mean {readable(str(only))}, which has {len(inner)} folders?" if len(inner) > 1 else ""
    return DataError(
        f"{given} has a single folder, {readable(only.name)}, and so a single class, but two are needed at "
        f"least.{meant} {_NEEDED}"
    )


def _check_filled(folder: Path, empty: Sequence[str]) -> None:
    if empty:
        more = f" and {len(empty) - SHOWN:,} more" if len(empty) > SHOWN else ""
        raise DataError(
            f"no pictures are in these folders of {readable(str(folder))}: {_join(empty)}{more}. Each is taken for a "
            "class: put pictures there, or remove them"
        )


def _check_classes_left(listing: _Listing, kept: np.ndarray[tuple[int], np.dtype[np.intp]], folder: Path) -> None:
    of_training = np.array(listing.classes)[np.array(listing.splits) == TRAIN]
    left = {listing.classes[index] for index in kept if listing.splits[index] == TRAIN}
    lost = sorted(set(of_training.tolist()) - left)
    if lost:
        raise CorruptFile(
            f"in {readable(str(folder))}, no picture of these classes can be read: {_join(lost)}. Export the pictures "
            "again, as PNG for example, or remove the folders"
        )


def _split(
    listing: _Listing, kept: np.ndarray[tuple[int], np.dtype[np.intp]], album: Album, folder: Path
) -> dict[str, RawSplit]:
    """Divide the pictures that were read among the splits; their arrays are parts of one."""
    splits = np.array(listing.splits)[kept]
    classes = np.array(listing.classes)[kept]
    names = [_name(listing.paths[index], folder) for index in kept]
    divided = {}
    for split in dict.fromkeys(listing.splits):
        places = np.flatnonzero(splits == split)
        if places.size == 0:
            continue
        part = slice(int(places[0]), int(places[-1]) + 1)
        divided[split] = RawSplit(inputs=album.images[part], labels={HEAD: classes[part]}, names=tuple(names[part]))
    return divided


def _notes_on_folder(folder: Path, split_folders: Mapping[str, Path], listing: _Listing) -> list[str]:
    """Say what is left out of a folder."""
    notes = []
    if listing.others:
        shown = _join([_name(path, folder) for path in listing.others])
        notes.append(_left_out(len(listing.others), "is no picture", "are no pictures", shown))
    used = set(split_folders.values())
    folders = [inner.name for inner in list_folders(folder) if inner not in used] if split_folders else []
    if folders:
        notes.append(f"Beside the folders of splits, these are left out: {_join(folders)}.")
    loose = [path.name for path in list_files(folder) if is_picture(path)]
    if loose:
        notes.append(_left_out(len(loose), "lies in no class's folder", "lie in no class's folder", _join(loose)))
    return notes


def _notes_on_unreadable(album: Album, folder: Path) -> list[str]:
    if not album.unreadable:
        return []
    named = [f"{_name(path, folder)} {reason}" for path, reason in album.unreadable.items()]
    return [_left_out(len(named), "cannot be read", "cannot be read", "; ".join(named[:SHOWN]))]


def _left_out(n: int, one: str, many: str, shown: str) -> str:
    more = f", and {n - SHOWN:,} more" if n > SHOWN else ""
    return (
        f"{n:,} file{'s' * (n != 1)} {one if n == 1 else many} and {'is' if n == 1 else 'are'} left out: {shown}{more}."
    )


def _join(names: Sequence[str]) -> str:
    return ", ".join(readable(name) for name in names[:SHOWN])


def _name(path: str, folder: Path) -> str:
    """Name a file by its place in the folder of the data set."""
    return readable(path.removeprefix(str(folder)).lstrip(os.sep))
