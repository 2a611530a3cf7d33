"""The data sets by name. A new data set is a file in `sets` and an entry in `DATASETS`; the tests then cover it too.

The module of a data set is imported when it is loaded, so that a name can be checked without waiting for PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.data.description import Description, digit_heads
from packtune.data.preparation.framing import Centring, Framing
from packtune.errors import UnknownDataset, suggest_name

if TYPE_CHECKING:
    from packtune.data.dataset import Dataset
    from packtune.data.download import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEntry:
    """A data set before it is loaded.

    Attributes:
        summary: what it is, in one line.
        description: what is known about it without its images.
        needs_files: whether files are needed, from a given folder or from a download.
        load: loads the data set from a folder, or downloads it if the folder is None; reports the download's progress.
        framing: how its images are framed, and images of users for prediction; that of MNIST if left out.
    """

    summary: str
    description: Description
    needs_files: bool
    load: Callable[[Path | None, Progress | None], Dataset]
    framing: Framing = field(default_factory=Framing)


def load(name: str, data_dir: Path | None = None, progress: Progress | None = None) -> Dataset:
    """Load a data set by its name. Every load gives the same images and labels in the same order.

    Args:
        name: a key of `DATASETS`.
        data_dir: the folder with the files; None downloads them. Not used if the data set needs no files.
        progress: called during a download.

    Raises:
        UnknownDataset: no data set has that name.
        DataError: its files are missing, damaged or not downloaded, or a package that it needs is not installed.
    """
    return find(name).load(data_dir, progress)


def find(name: str) -> DatasetEntry:
    """Find a data set by its name.

    Raises:
        UnknownDataset: no data set has that name.
    """
    if name in DATASETS:
        return DATASETS[name]
    raise UnknownDataset(f"unknown data set {name!r}.{suggest_name(name.lower(), DATASETS)}")


def framing_of(name: str, height: int, width: int) -> Framing:
    """Give how the images of a data set are framed; of one that is not known, or has another size, about as MNIST's."""
    entry = DATASETS.get(name)
    if entry is not None and entry.description.input_shape == (1, height, width):
        return entry.framing
    return Framing(margin=min(height, width) // 7)


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
        summary="1,797 scanned digits that come with scikit-learn, enlarged to 28x28",
        description=Description(
            name="digits",
            input_shape=(1, 28, 28),
            heads=digit_heads("digit"),
            n_train=1_257,
            n_validation=270,
            n_test=270,
            resamples=True,
        ),
        needs_files=False,
        load=_load_digits,
        # Each digit was cut out of a form and fills the rows of its scan (Alpaydin and Kaynak, Optical Recognition of
        # Handwritten Digits, 1998).
        framing=Framing(margin=2, centring=Centring.BOX, scan_side=8),
    ),
    "mnist": DatasetEntry(
        summary="MNIST, 70,000 handwritten digits",
        description=Description(
            name="mnist",
            input_shape=(1, 28, 28),
            heads=digit_heads("digit"),
            n_train=54_000,
            n_validation=6_000,
            n_test=10_000,
        ),
        needs_files=True,
        load=_load_mnist,
    ),
    "digits-overlap": DatasetEntry(
        summary="pairs of overlapping digits from scikit-learn's scans",
        description=Description(
            name="digits-overlap",
            input_shape=(1, 42, 28),
            heads=digit_heads("upper", "lower"),
            n_train=3_600,
            n_validation=400,
            n_test=400,
        ),
        needs_files=False,
        load=_load_digits_overlap,
        framing=Framing(margin=2, centring=Centring.BOX),
    ),
    "mnist-overlap": DatasetEntry(
        summary="pairs of overlapping digits from MNIST",
        description=Description(
            name="mnist-overlap",
            input_shape=(1, 42, 28),
            heads=digit_heads("upper", "lower"),
            n_train=36_000,
            n_validation=4_000,
            n_test=4_000,
        ),
        needs_files=True,
        load=_load_mnist_overlap,
        framing=Framing(centring=Centring.BOX),
    ),
}
