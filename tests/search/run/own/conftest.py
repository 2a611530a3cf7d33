"""Real data that come with scikit-learn, written in the formats that users have, and searches on them without Ray."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits, load_wine

from packtune.data.formats import idx
from packtune.data.sets.digits import enlarge
from packtune.report.live.progress import SilentView
from packtune.run.own.keeping import load_data
from packtune.run.own.new_search import new_search
from packtune.space.source import find_space

SPACE = {"hidden_units": [8, 16], "learning_rate": [0.1, 0.3], "batch_size": [16]}


@pytest.fixture(scope="session")
def digits():
    """Give 300 digits: uint8 [300, 28, 28], and int64 [300]."""
    bunch = load_digits()
    return enlarge(bunch.images[:300]), bunch.target[:300]


@pytest.fixture(scope="session")
def wine(tmp_path_factory):
    """Give a table: 178 rows of 13 numbers, with a target of three words, another of two, as CSV."""
    frame = load_wine(as_frame=True).frame
    frame["target"] = [("barolo", "grignolino", "barbera")[number] for number in frame["target"]]
    frame["strong"] = frame.pop("alcohol") > 13
    path = tmp_path_factory.mktemp("wine") / "wine.csv"
    frame.to_csv(path, index=False)
    return path


def write_folders(folder, images, labels):
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"{number:05}.png")
    return folder


def write_npz(folder, images, labels):
    folder.mkdir()
    np.savez(folder / "digits.npz", images=images, labels=labels)
    return folder / "digits.npz"


def write_idx(folder, images, labels):
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(idx.write(images))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx.write(labels.astype(np.uint8)))
    return folder


WRITERS = {
    "folders": write_folders,
    "npz": write_npz,
    "idx": write_idx,
    "arrays": lambda folder, images, labels: (images, labels),
    "tensors": lambda folder, images, labels: (torch.from_numpy(images)[:, None], torch.from_numpy(labels)),
}


@pytest.fixture(params=WRITERS)
def written(request, tmp_path, digits):
    """Give the digits in one of the formats."""
    return WRITERS[request.param](tmp_path / "digits", *digits)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory, digits):
    """Give the digits as a folder of PNG files for each class."""
    return write_folders(tmp_path_factory.mktemp("pictures") / "digits", *digits)


@pytest.fixture(scope="session")
def searched(carry_out_alone):
    """Give a function that searches: (data, results, space, options) -> run, ending. Without Ray, in this process."""

    def search(data, results: Path, space=SPACE, **options):
        run = new_search(data, find_space(space), {"epochs": 2, "lookahead": 4, **options}, SilentView()).create(
            results=results, name="mine"
        )
        return run, carry_out_alone(run, load_data(run))

    return search
