"""The 1,797 scanned digits of scikit-learn, enlarged to the size of MNIST: the data set that needs no download."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from packtune.data.dataset import Dataset, Split
from packtune.data.description import digit_heads
from packtune.errors import DataError

SPLIT_SEED = 1797
"""The same for all searches, so that their leaderboards can be compared."""

N_TRAIN, N_VALIDATION, N_TEST = 1_257, 270, 270

SCAN_LEVELS = 16
"""A pixel of a scan counts the inked pixels in a block of 4x4, from 0 to 16."""
_ENLARGEMENT = 3
_PADDING = 2


def load(*, seed: int = SPLIT_SEED) -> Dataset:
    """Load the digits: 1,257 training, 270 validation and 270 test images of 28x28.

    Args:
        seed: decides which image is in which split.

    Raises:
        DataError: scikit-learn is not installed.
    """
    scans, digits = _read_scans()
    order = torch.from_numpy(np.random.Generator(np.random.PCG64(seed)).permutation(len(scans)))
    shuffled = Split(
        inputs=torch.from_numpy(enlarge(scans)).unsqueeze(1),
        labels=torch.from_numpy(digits.astype(np.int64)[:, None]),
    ).take(order)
    return Dataset(
        name="digits",
        train=shuffled.first(N_TRAIN),
        validation=shuffled.slice(N_TRAIN, N_TRAIN + N_VALIDATION),
        test=shuffled.slice(N_TRAIN + N_VALIDATION, N_TRAIN + N_VALIDATION + N_TEST),
        heads=digit_heads("digit"),
        resamples=True,
    )


def enlarge(scans: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Enlarge scans to the size and scale of MNIST: each pixel becomes 3x3 pixels, and a border of 2 is added.

    Args:
        scans: float64 [n, 8, 8], from 0 to 16.

    Returns:
        uint8 [n, 28, 28], from 0 to 255.
    """
    scaled = np.rint(scans * (255 / SCAN_LEVELS)).astype(np.uint8)  # [n, 8, 8]
    enlarged = scaled.repeat(_ENLARGEMENT, axis=1).repeat(_ENLARGEMENT, axis=2)  # [n, 24, 24]
    return np.pad(enlarged, ((0, 0), (_PADDING, _PADDING), (_PADDING, _PADDING)))  # [n, 28, 28]


def _read_scans() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Read the images, float64 [1797, 8, 8], and their digits, int64 [1797].

    This reads the file that `sklearn.datasets.load_digits` reads, without importing scikit-learn. The import would take
    two seconds, reading the file takes 0.02 seconds.
    """
    spec = importlib.util.find_spec("sklearn")
    file = Path(spec.origin or "").parent / "datasets" / "data" / "digits.csv.gz" if spec else None
    if file is None or not file.is_file():
        raise DataError(
            f"cannot read the data set 'digits' of scikit-learn: {_why_missing(file)}: install scikit-learn, or use "
            "the data set 'mnist'"
        )
    rows = np.loadtxt(file, delimiter=",")
    return rows[:, :-1].reshape(-1, 8, 8), rows[:, -1].astype(np.int64)


def _why_missing(file: Path | None) -> str:
    return "scikit-learn is not installed" if file is None else f"there is no file {file}"
