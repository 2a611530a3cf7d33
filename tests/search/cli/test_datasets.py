"""`packtune datasets PATH` says what a search would find, and searches nothing."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_wine

from packtune.data.options import DataOptions
from packtune.data.own.assembling import prepare
from packtune.data.reading.find import read
from packtune.run.own.words import describe_own


def packtune(*arguments, folder):
    command = [sys.executable, "-m", "packtune", "datasets", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)


@pytest.fixture
def wine(tmp_path):
    frame = load_wine(as_frame=True).frame
    frame["target"] = np.array(["red", "=white", "rosé"])[frame["target"]]
    frame.to_csv(tmp_path / "wine.csv", index=False)
    return tmp_path / "wine.csv"


def test_a_table_is_shown_with_the_classes_of_each_split(wine, tmp_path):
    done = packtune(wine, "--target", "target", "--test-share", "0.3", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    options = DataOptions(target=("target",), test_share=0.3)
    prepared = prepare(read(wine, options), options)
    lines = done.stdout.splitlines()
    assert lines[:2] == describe_own(prepared.own)
    assert lines[3].split() == ["head", "class", "train", "validation", "test", "all"]
    rows = [line.split() for line in lines[5:]]
    assert [row[1] for row in rows] == ["=white", "red", "rosé"]
    assert [int(row[-1]) for row in rows] == [71, 59, 48]
    for column, split in zip((2, 3, 4), prepared.dataset.splits.values(), strict=True):
        counts = np.bincount(split.labels[:, 0].numpy(), minlength=3)
        assert [int(row[column]) for row in rows] == counts.tolist()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wine.csv"]


def test_pictures_are_shown(tmp_path):
    scans = load_digits()
    for number, (image, label) in enumerate(zip(scans.images[:120], scans.target, strict=False)):
        (tmp_path / "scans" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(tmp_path / "scans" / str(label) / f"{number}.png")
    done = packtune("scans", "--image-size", "6x7", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "scans: a folder of pictures, a folder for each class; 120 images of 6 x 7 pixels, grey" in done.stdout
    assert done.stdout.count("\nlabel") == 10


def test_what_cannot_be_searched_is_told(wine, tmp_path):
    for arguments, message in [
        ((wine,), "Give one as the target, probably --target target"),
        ((wine, "--target", "tarket"), "Did you mean 'target'?"),
        (("wine.cvs",), "did you mean"),
        (("digits",), "digits is a built-in data set"),
    ]:
        done = packtune(*arguments, folder=tmp_path)
        assert done.returncode == 2
        assert done.stdout == ""
        assert message in done.stderr
