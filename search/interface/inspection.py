"""What a search would find in data of the user's own, without searching."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.data.catalog import DATASETS
from packtune.data.files import readable
from packtune.errors import UnknownDataset
from packtune.report.live.progress import ProgressView
from packtune.run.own.finding import read_source
from packtune.run.own.new_search import data_options
from packtune.run.own.words import describe_own
from packtune.run.planning import OwnDataOptions

if TYPE_CHECKING:
    from packtune.data.dataset import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found.

    Attributes:
        lines: as a search tells them.
        headers: of a table of the classes.
        rows: a row for each class of each head: the head, the class, and its examples in each split and in all.
    """

    lines: tuple[str, ...]
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def inspect_data(path: str | Path, options: OwnDataOptions, view: ProgressView) -> Inspection:
    """Read data of the user's own, split and prepare them as a search would, and tell what was found.

    Args:
        path: a file or folder.
        options: how it is read.
        view: told how far the reading is.

    Raises:
        UnknownDataset: it is the name of a built-in data set, and no path.
        DataError: the data cannot be used.
        SettingsError: an option does not fit the data.
    """
    _check_is_path(Path(path))
    view.stage(f"Reading {readable(str(path))}")
    prepared = read_source(str(Path(path).expanduser().absolute()), data_options(options), view)
    return Inspection(
        lines=tuple(describe_own(prepared.own)),
        headers=("head", "class", *prepared.dataset.splits, "all"),
        rows=tuple(_rows(prepared.dataset)),
    )


def _check_is_path(path: Path) -> None:
    if path.name in DATASETS and not path.exists():
        raise UnknownDataset(
            f"{path.name} is a built-in data set, which `packtune datasets` lists: give the path of data of your own, "
            "or no path"
        )


def _rows(dataset: Dataset) -> list[tuple[str, ...]]:
    return [
        (readable(head.name), name, *_counts(dataset, number, index))
        for number, head in enumerate(dataset.heads)
        for index, name in enumerate(head.classes)
    ]


def _counts(dataset: Dataset, head: int, index: int) -> list[str]:
    """Count the examples of a class in each split, and in all."""
    counts = [int((split.labels[:, head] == index).sum()) for split in dataset.splits.values()]
    return [f"{n:,}" for n in (*counts, sum(counts))]
