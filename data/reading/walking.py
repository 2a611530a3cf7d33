"""Files in folders: which a data set may be made of. Knows nothing about their content."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from packtune.data.files import readable
from packtune.errors import MissingFiles

_SKIPPED = ("__MACOSX",)
"""Folders that programs put beside those of the user's; names with a dot first are hidden."""


def list_entries(folder: Path) -> list[os.DirEntry[str]]:
    """List what lies in a folder and is not hidden, in the order of the names.

    Raises:
        MissingFiles: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".") and entry.name not in _SKIPPED]
    except OSError as error:
        raise MissingFiles(
            f"cannot read the folder {readable(str(folder))}: {error.strerror or error}: check its permissions"
        ) from error
    return sorted(visible, key=lambda entry: entry.name)


def list_folders(folder: Path) -> list[Path]:
    """List the folders in a folder; links to folders count."""
    return [Path(entry.path) for entry in list_entries(folder) if _is_folder(entry)]


def list_files(folder: Path) -> list[Path]:
    """List the files in a folder; links to files count."""
    return [Path(entry.path) for entry in list_entries(folder) if _is_file(entry)]


def walk(folder: Path) -> Iterator[str]:
    """Give the paths of all files below a folder, in order. Links are followed, but no folder is read twice."""
    yield from _walk(folder, seen=set())


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[str]:
    identity = _identify(folder)
    if identity in seen:
        return  # a link leads back to it
    seen.add(identity)
    entries = list_entries(folder)
    yield from (entry.path for entry in entries if _is_file(entry))
    for entry in entries:
        if _is_folder(entry):
            yield from _walk(Path(entry.path), seen)


def _identify(folder: Path) -> tuple[int, int]:
    try:
        status = folder.stat()
    except OSError as error:
        raise MissingFiles(
            f"cannot read the folder {readable(str(folder))}: {error.strerror or error}: check its permissions"
        ) from error
    return status.st_dev, status.st_ino


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link to itself


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Tell files, and links that lead nowhere, from pipes and the like, which could block a reader."""
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))
    except OSError:
        return False
