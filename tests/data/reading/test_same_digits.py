"""The same digits, whatever the format that they come in."""

import gzip

import numpy as np
import pytest
import torch

from packtune.data.formats import idx
from packtune.data.options import DataOptions
from packtune.data.reading.find import read
from packtune.data.reading.objects import from_objects

OPTIONS = DataOptions()


def pairs(split):
    """List (pixels, label as text) in an order that depends on nothing else."""
    (labels,) = split.labels.values()
    return sorted((image.tobytes(), str(label)) for image, label in zip(split.inputs, labels, strict=True))


def check(raw, images, labels):
    split = raw.splits["train"]
    assert split.inputs.dtype == np.uint8 and split.inputs.shape == (len(images), 1, 28, 28)
    assert split.inputs.flags.c_contiguous
    assert (raw.form.channels, raw.form.height, raw.form.width) == (1, 28, 28)
    expected = sorted((image.tobytes(), str(label)) for image, label in zip(images, labels, strict=True))
    assert pairs(split) == expected


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp", ".gif"])
def test_class_folders(digits, write_pictures, suffix):
    options = {"lossless": True} if suffix == ".webp" else {}
    raw = read(write_pictures(*digits, suffix=suffix, **options), OPTIONS)
    check(raw, *digits)
    assert raw.format == "a folder of pictures, a folder for each class"
    assert raw.splits["train"].names[0] == f"0/00000{suffix}"


@pytest.mark.parametrize("names", [("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels")])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives_of_bytes(digits, tmp_path, names, save):
    save(tmp_path / "x.npz", **dict(zip(names, digits, strict=True)))
    check(read(tmp_path / "x.npz", OPTIONS), *digits)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[..., None],
        lambda x: x[:, None],
        lambda x: np.asfortranarray(x),
        lambda x: x.astype(np.int64),
        lambda x: x.astype(np.uint16) * 257,
        lambda x: x.astype(np.float64),
        lambda x: x / np.float32(255),
        lambda x: np.round(x * (16 / 255)),  # as scikit-learn has them
    ],
)
def test_archives_of_other_shapes_and_levels(digits, tmp_path, change):
    np.savez(tmp_path / "x.npz", X=change(digits[0]), y=digits[1][:, None])
    check(read(tmp_path / "x.npz", OPTIONS), *digits)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_folders(digits, tmp_path, pack):
    ending = ".gz" if pack is gzip.compress else ""
    for name, images, labels in (("train", digits[0], digits[1]), ("t10k", digits[0][:50], digits[1][:50])):
        (tmp_path / f"{name}-images-idx3-ubyte{ending}").write_bytes(pack(idx.write(images)))
        (tmp_path / f"{name}-labels-idx1-ubyte{ending}").write_bytes(pack(idx.write(labels.astype(np.uint8))))
    raw = read(tmp_path, OPTIONS)
    check(raw, *digits)
    assert set(raw.splits) == {"train", "test"}


@pytest.mark.parametrize(
    "make",
    [
        lambda x, y: (x, y),
        lambda x, y: (x.tolist(), y.tolist()),
        lambda x, y: {"train": (x, y)},
        lambda x, y: (torch.from_numpy(x), torch.from_numpy(y)),
        lambda x, y: (torch.from_numpy(x / np.float32(255))[:, None], torch.from_numpy(y)),
        lambda x, y: torch.utils.data.TensorDataset(torch.from_numpy(x)[:, None], torch.from_numpy(y)),
    ],
)
def test_objects(digits, make):
    check(from_objects(make(*digits), OPTIONS), *digits)


def test_rows_of_pixels_with_a_size(digits):
    rows = digits[0].reshape(200, -1)
    check(from_objects((rows, digits[1]), DataOptions(image_size=(28, 28))), *digits)
