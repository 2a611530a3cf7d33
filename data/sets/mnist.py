"""MNIST: find or download its four files, check their SHA-256 sums, and split the images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from packtune.data import download
from packtune.data.dataset import Dataset, Split
from packtune.data.description import digit_heads
from packtune.data.files import read_bytes
from packtune.data.formats import idx
from packtune.errors import CorruptFile, MissingFiles

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
N_TRAIN = 54_000
"""The first 54,000 of 60,000 training images are for training, the last 6,000 for validation, as in the notebook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MnistFile:
    """One of the four files.

    Attributes:
        name: the original name, without .gz.
        sha256: the SHA-256 sum of the unpacked content, in hexadecimal digits.
    """

    name: str
    sha256: str

    @property
    def accepted_names(self) -> tuple[str, ...]:
        """The names that the file may have, in the order of the search."""
        dotted = self.name.replace("-idx", ".idx")
        return (self.name, f"{self.name}.gz", dotted, f"{dotted}.gz")


TRAIN_IMAGES = MnistFile(
    name="train-images-idx3-ubyte",
    sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
)
TRAIN_LABELS = MnistFile(
    name="train-labels-idx1-ubyte",
    sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
)
TEST_IMAGES = MnistFile(
    name="t10k-images-idx3-ubyte",
    sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
)
TEST_LABELS = MnistFile(
    name="t10k-labels-idx1-ubyte",
    sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
_DOWNLOADED = "It was downloaded before: delete it and run again"
_GIVEN = (
    "The data set 'mnist' is made of the original files alone: give their folder with --data-dir, or leave that option "
    "out to download them"
)
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


def load(
    data_dir: Path | None,
    *,
    progress: download.Progress | None = None,
    mirrors: Sequence[str] = MIRRORS,
) -> Dataset:
    """Load MNIST: 54,000 training, 6,000 validation and 10,000 test images of 28x28.

    Args:
        data_dir: the folder with the four files; None uses `cache_dir()` and downloads the files that are missing.
        progress: called during a download.
        mirrors: addresses of folders to download from, tried in order.

    Raises:
        MissingFiles: `data_dir` does not have all files.
        CorruptFile: a file is damaged, or is not the original.
        DownloadFailed: a file is missing, and no mirror sent it.
    """
    folder = cache_dir() if data_dir is None else data_dir
    if data_dir is None:
        _download_missing(folder, progress=progress, mirrors=mirrors)
    try:
        return _read_dataset(_find_all(folder))
    except CorruptFile as error:
        raise CorruptFile(f"{error}. {_DOWNLOADED if data_dir is None else _GIVEN}") from error


def cache_dir() -> Path:
    """Find the folder for downloads: packtune/mnist in the user's cache (XDG_CACHE_HOME or ~/.cache).

    Raises:
        MissingFiles: this user has no home folder.
    """
    # The XDG Base Directory Specification says that a relative path must be ignored.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else _home() / ".cache") / "packtune" / "mnist"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise MissingFiles(
            "there is no folder to keep MNIST in, as this user has no home folder: give the folder of its files with "
            "--data-dir, or set HOME or XDG_CACHE_HOME to a folder that can be written"
        ) from error


def check_sum(content: bytes, file: MnistFile, *, source: str) -> None:
    """Check that the unpacked content of a file is the original.

    Raises:
        CorruptFile: the SHA-256 sum is wrong.
    """
    given = hashlib.sha256(content).hexdigest()
    if given != file.sha256:
        raise CorruptFile(
            f"{source} is not the original file of MNIST: its unpacked content has the SHA-256 sum {given}, the "
            f"original has {file.sha256}"
        )


def _download_missing(folder: Path, *, progress: download.Progress | None, mirrors: Sequence[str]) -> None:
    for file in FILES:
        if _find(folder, file) is None:
            target = folder / f"{file.name}.gz"
            download.fetch(mirrors, target, verify=partial(_verify_download, file), progress=progress)


def _verify_download(file: MnistFile, content: bytes) -> None:
    check_sum(idx.decompress(content, file.name), file, source="the download")


def _find(folder: Path, file: MnistFile) -> Path | None:
    return next((folder / name for name in file.accepted_names if (folder / name).is_file()), None)


def _find_all(folder: Path) -> dict[MnistFile, Path]:
    found = {file: path for file in FILES if (path := _find(folder, file)) is not None}
    missing = [file.name for file in FILES if file not in found]
    if missing:
        state = "has no" if folder.is_dir() else "is no folder, so there is no"
        raise MissingFiles(
            f"files of MNIST are missing: {folder} {state} {', '.join(missing)}. Each file may be plain or .gz, with a "
            f"hyphen or a dot before idx ({', '.join(TRAIN_IMAGES.accepted_names)}). Put the files there, give their "
            "folder with --data-dir, or leave out --data-dir to download them"
        )
    return found


def _read_dataset(paths: Mapping[MnistFile, Path]) -> Dataset:
    pool = _read_split(paths[TRAIN_IMAGES], TRAIN_IMAGES, paths[TRAIN_LABELS], TRAIN_LABELS)
    return Dataset(
        name="mnist",
        train=pool.first(N_TRAIN),
        validation=pool.slice(N_TRAIN, len(pool)),
        test=_read_split(paths[TEST_IMAGES], TEST_IMAGES, paths[TEST_LABELS], TEST_LABELS),
        heads=digit_heads("digit"),
    )


def _read_split(images_path: Path, images: MnistFile, labels_path: Path, labels: MnistFile) -> Split:
    return Split(
        inputs=torch.from_numpy(_read(images_path, images)).unsqueeze(1),
        labels=torch.from_numpy(_read(labels_path, labels).astype(np.int64)[:, None]),
    )


def _read(path: Path, file: MnistFile) -> npt.NDArray[np.uint8]:
    content = idx.decompress(read_bytes(path), str(path))
    check_sum(content, file, source=str(path))
    return idx.parse(content, source=str(path))
