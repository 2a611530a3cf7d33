"""What the user gave as data: the name of a built-in data set, a path, or objects of a Python program."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.data.catalog import DATASETS
from packtune.data.files import readable
from packtune.data.options import DataOptions
from packtune.errors import DataError, SettingsError, UnknownDataset, suggest_name
from packtune.limits import memory_limit, usable_cpus
from packtune.run.own.words import describe_own
from packtune.run.settings_file import OBJECTS
from packtune.startup import quick_imports

if TYPE_CHECKING:
    from packtune.data.own.assembling import PreparedData
    from packtune.data.reading.raw import Progress, RawData
    from packtune.report.live.progress import ProgressView

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".npz", ".gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenData:
    """Data to search on.

    Attributes:
        name: as settings name them: a key of `DATASETS`, an absolute path, or `OBJECTS`.
        prepared: data of the user's own; none for a built-in data set.
    """

    name: str
    prepared: PreparedData | None = None


def find_data(
    given: object, options: DataOptions, view: ProgressView, when_read: Callable[[], None] = lambda: None
) -> GivenData:
    """Find data, and read them if they are the user's own.

    Args:
        given: the name of a built-in data set, the path of a file or folder, or what `from_objects` takes.
        options: how data of the user's own are read.
        view: told what was found, and how far the reading is.
        when_read: called once a file or folder of the user's own has been read, before it is prepared.

    Raises:
        UnknownDataset: a text is neither the name of a data set nor the path of a file or folder.
        DataError: the data cannot be used.
        SettingsError: an option does not fit the data.
    """
    if isinstance(given, str) and given in DATASETS:
        _refuse_options(given, options)
        if Path(given).exists():
            view.say(f"{given} is the built-in data set. To use the {given} that lies here, give ./{given}")
        return GivenData(name=given)
    if not isinstance(given, str | Path):
        return _prepare(OBJECTS, _read_objects(given, options), options, view)
    if given == "":
        raise SettingsError("data is empty: give the name of a data set, or the path of data of your own")
    path = Path(given).expanduser()
    if isinstance(given, str) and not _is_path(given) and not path.exists():
        raise UnknownDataset(
            f"unknown data set {readable(given)!r}, and there is no such file or folder."
            f"{suggest_name(given.lower(), DATASETS)} Or give the path of data of your own"
        )
    view.stage(f"Reading {readable(str(path))}")
    raw = _read_path(path, options, reading_progress(view))
    when_read()
    return _prepare(str(path.absolute()), raw, options, view)


def read_source(name: str, options: DataOptions, view: ProgressView) -> PreparedData:
    """Read data of the user's own again, from the path that they were read from.

    Raises:
        DataError: they are not there any more, or cannot be used.
    """
    from packtune.data.own.assembling import prepare

    if name == OBJECTS:
        raise DataError("the examples came from a Python program, and are kept nowhere else: start a new run")
    return prepare(_read_path(Path(name), options, reading_progress(view)), options)


def reading_progress(view: ProgressView) -> Progress:
    """Show in a view how far the reading of data is, at most once a second."""
    shown_s = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown_s
        if done < total and time.monotonic() - shown_s >= 1:
            shown_s = time.monotonic()
            view.stage(f"Reading: {done:,} of {total:,} examples")

    return show


def _read_path(path: Path, options: DataOptions, progress: Callable[[int, int], None]) -> RawData:
    from packtune.data.reading.find import read

    return read(path, options, progress, memory_bytes=memory_limit(), cpus=usable_cpus())


def _read_objects(given: object, options: DataOptions) -> RawData:
    from packtune.data.reading.objects import from_objects

    return from_objects(given, options)


def _prepare(name: str, raw: RawData, options: DataOptions, view: ProgressView) -> GivenData:
    with quick_imports():
        from packtune.data.own.assembling import prepare

    prepared = prepare(raw, options)
    for line in describe_own(prepared.own):
        view.say(line)
    return GivenData(name=name, prepared=prepared)


def _is_path(text: str) -> bool:
    """Tell whether a text is meant to be a path, as it has a slash or a known ending."""
    return "/" in text or "\\" in text or text.startswith(("~", ".")) or text.lower().endswith(TABLES)


def _refuse_options(name: str, options: DataOptions) -> None:
    if options != DataOptions():
        raise SettingsError(
            f"target, group, shares and image size are not allowed with the built-in data set {name!r}, whose splits "
            "are fixed: leave them out, or give the path of data of your own"
        )
