"""The data sets by name. A new one is a file and an entry here; the contract tests pick it up.

What loads a data set is imported when it is loaded: a name can be checked without waiting for PyTorch.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.errors import UnknownDataset

if TYPE_CHECKING:
    from packtune.data.dataset import Dataset
    from packtune.data.download import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEntry:
    """What is known of a data set before it is loaded.

    Attributes:
        description: one line for people.
        n_train, n_validation, n_test: images in each split.
        height, width: rows and columns of an image.
        head_names: what each label of an image means.
        needs_files: whether files are read, from a given folder or after a download.
        load: makes the data set from the folder (None: download) and whom to tell of a download.
    """

    description: str
    n_train: int
    n_validation: int
    n_test: int
    height: int
    width: int
    head_names: tuple[str, ...]
    needs_files: bool
    load: Callable[[Path | None, Progress | None], Dataset]

    @property
    def heads(self) -> int:
        """Labels of an image."""
        return len(self.head_names)


def load(name: str, data_dir: Path | None = None, progress: Progress | None = None) -> Dataset:
    """Load a data set by its name; two loads are equal.

    Args:
        name: a key of `DATASETS`.
        data_dir: the folder with its files; None downloads them. Ignored where no files are needed.
        progress: told how far a download is.

    Raises:
        UnknownDataset: no data set has that name.
        MissingFiles, CorruptFile, DownloadFailed: its files cannot be used.
    """
    return find(name).load(data_dir, progress)


def find(name: str) -> DatasetEntry:
    """Look a data set up by its name.

    Raises:
        UnknownDataset: no data set has that name.
    """
    if name in DATASETS:
        return DATASETS[name]
    nearest = difflib.get_close_matches(name.lower(), DATASETS, n=1, cutoff=0)
    raise UnknownDataset(
        f"No data set has that name: {name!r} given, one of {', '.join(DATASETS)} allowed. Did you mean {nearest[0]!r}?"
    )


def _load_digits(data_dir: Path | None, progress: Progress | None) -> Dataset:
    from packtune.data.sets import digits

    return digits.load()


def _load_mnist(data_dir: Path | None, progress: Progress | None) -> Dataset:
    from packtune.data.sets import mnist

    return mnist.load(data_dir, progress=progress)


def _load_digits_overlap(data_dir: Path | None, progress: Progress | None) -> Dataset:
    from packtune.data.sets import digits
    from packtune.data.sets.overlap import PAIR_SEED, ValidationPool, pair

    return pair(
        digits.load(),
        name="digits-overlap",
        n_train=3_600,
        n_validation=400,
        n_test=400,
        seed=PAIR_SEED,
        validation_pool=ValidationPool.SEPARATE,
    )


def _load_mnist_overlap(data_dir: Path | None, progress: Progress | None) -> Dataset:
    from packtune.data.sets import mnist
    from packtune.data.sets.overlap import PAIR_SEED, ValidationPool, pair

    return pair(
        mnist.load(data_dir, progress=progress),
        name="mnist-overlap",
        n_train=36_000,
        n_validation=4_000,
        n_test=4_000,
        seed=PAIR_SEED,
        validation_pool=ValidationPool.SHARED,
    )


DATASETS: dict[str, DatasetEntry] = {
    "digits": DatasetEntry(
        description="1,797 scanned digits that come with scikit-learn, enlarged to 28x28",
        n_train=1_257,
        n_validation=270,
        n_test=270,
        height=28,
        width=28,
        head_names=("digit",),
        needs_files=False,
        load=_load_digits,
    ),
    "mnist": DatasetEntry(
        description="MNIST, 70,000 handwritten digits",
        n_train=54_000,
        n_validation=6_000,
        n_test=10_000,
        height=28,
        width=28,
        head_names=("digit",),
        needs_files=True,
        load=_load_mnist,
    ),
    "digits-overlap": DatasetEntry(
        description="pairs of overlapping digits from scikit-learn's scans",
        n_train=3_600,
        n_validation=400,
        n_test=400,
        height=42,
        width=28,
        head_names=("upper", "lower"),
        needs_files=False,
        load=_load_digits_overlap,
    ),
    "mnist-overlap": DatasetEntry(
        description="pairs of overlapping digits from MNIST",
        n_train=36_000,
        n_validation=4_000,
        n_test=4_000,
        height=42,
        width=28,
        head_names=("upper", "lower"),
        needs_files=True,
        load=_load_mnist_overlap,
    ),
}
