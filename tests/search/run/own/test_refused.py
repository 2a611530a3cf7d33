"""What a new user gives by mistake: each ends with one message that says what to do, and leaves no run behind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import packtune
from packtune.errors import PacktuneError

SHADES = range(8)


@pytest.fixture
def place(tmp_path, wine):
    """Give a folder with data of which nearly everything is wrong."""
    frame = pd.read_csv(wine)
    frame["const"] = 1
    frame["gaps"] = [None if number % 5 == 0 else "ab"[number % 2] for number in range(len(frame))]
    frame["noise"] = np.random.default_rng(0).normal(size=len(frame))
    frame.to_csv(tmp_path / "wine.csv", index=False)
    (tmp_path / "empty").mkdir()
    for name in ("good", "mixed", "one"):
        for label in "ab":
            (tmp_path / name / label).mkdir(parents=True)
            for shade in SHADES:
                height = 8 + shade if name == "mixed" else 8
                pixels = np.full((height, 9), shade * 9 + (label == "a"), np.uint8)
                Image.fromarray(pixels).save(tmp_path / name / label / f"{shade}.png")
    for shade in SHADES[1:]:
        (tmp_path / "one" / "b" / f"{shade}.png").unlink()
    np.savez(tmp_path / "objects.npz", x=np.array([{"a": 1}] * 9, dtype=object), y=np.arange(9) % 2)
    return tmp_path


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        ("nosuch", {}, "unknown data set 'nosuch', and there is no such file or folder"),
        ("mnst", {}, "Did you mean 'mnist'"),
        ("", {}, "data is empty: give the name of a data set, or the path"),
        ("./wine.cvs", {}, "did you mean wine.csv"),
        ("empty", {}, "is empty. Allowed are a folder with a folder of pictures for each class"),
        ("wine.csv", {}, "Give one as the target, probably --target target"),
        ("wine.csv", {"target": "targe"}, "no column 'targe', which is given as the target. Did you mean 'target'"),
        ("wine.csv", {"target": "const"}, "have the same 'const': '1'. A search needs two classes or more"),
        ("wine.csv", {"target": "gaps"}, r"has no value in 36 of 178 rows \(row 1, 6, 11, ...\): remove these rows"),
        ("wine.csv", {"target": "noise"}, "this looks like regression: not supported"),
        ("wine.csv", {"target": ["target", "target"]}, "names a column twice"),
        ("wine.csv", {"target": "target", "group": "nosuch"}, "no column 'nosuch', which is given as the group"),
        ("wine.csv", {"target": "target", "space": "notebook-cnn"}, "offers only cnn, which needs images"),
        ("objects.npz", {}, "hold Python's objects, which are never read, since they can run code: x"),
        ("one", {}, "'b' has 1, and 3 are needed"),
        ("mixed", {}, "have different sizes .* scale them with --image-size"),
        ("good", {"target": "x"}, "with a folder of pictures, where the names of the folders are the classes"),
        ("good", {"group": "x"}, "group = x is not allowed with a folder of pictures"),
        ("good", {"validation_share": 1.5}, "validation_share = 1.5 is not allowed: give a share above 0 and below 1"),
        ("good", {"image_size": (0, 3)}, "image_size = 0x3 is not allowed: give a height and width from 1"),
        ("digits", {"target": "x"}, "not allowed with the built-in data set 'digits', whose splits are fixed"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_and_leaves_nothing(place, monkeypatch, data, options, words):
    monkeypatch.chdir(place)
    with pytest.raises(PacktuneError, match=words) as caught:
        packtune.search(data, **options)
    assert "\n" not in str(caught.value)
    assert not (place / "results").exists()


def test_a_space_that_cannot_be_kept_leaves_no_run(place, monkeypatch):
    monkeypatch.chdir(place)
    (place / "results").write_text("a file where a folder is needed")
    with pytest.raises(PacktuneError, match="choose another folder with --results"):
        packtune.search("wine.csv", target="target")
