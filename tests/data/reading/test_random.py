"""Folders and arrays made at random: they are read, or refused with an error that a person can act on."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from packtune.data.formats import idx
from packtune.data.options import DataOptions
from packtune.data.reading.find import read
from packtune.data.reading.objects import from_objects
from packtune.data.reading.pictures.album import Means, read_pictures
from packtune.errors import PacktuneError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

KEYS = st.sampled_from(["x", "y", "x_train", "y_train", "x_test", "y_test", "images"])
FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.text(st.characters(blacklist_characters="/\0", codec="utf-8"), min_size=1, max_size=6).filter(
    lambda name: name not in (".", "..")
)
FOLDERS = st.sampled_from(["cats", "dogs", "train", "test", "val", "Valid", "raw", ".hidden"]) | NAMES
MODES = st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
FILES = st.sampled_from(["1.png", "2.jpg", "3.bmp", "4.gif", "5.webp", "6.tiff", "x.txt", "noend"])
KINDS = {"jpg": "JPEG", "bmp": "BMP", "gif": "GIF", "webp": "WEBP", "tiff": "TIFF"}


def picture(mode, size, level):
    image = Image.fromarray(np.full(size, level, dtype=np.uint8))
    return Image.fromarray(np.full(size, level * 100, dtype=np.uint16)) if mode == "I;16" else image.convert(mode)


def write(path, mode, size, level, cut):
    """Write a picture of a mode that its format can hold, or only its first bytes."""
    kind = KINDS.get(path.name.rpartition(".")[2], "PNG")
    fitting = {"JPEG": "L", "WEBP": "RGB", "BMP": "L", "GIF": "L"}.get(kind, "RGB" if mode == "CMYK" else mode)
    picture(fitting, size, level).save(path, format=kind)
    if cut:
        path.write_bytes(path.read_bytes()[:cut])


@FEW
@given(st.data())
def test_folders(data):
    sizes = st.sampled_from([(4, 4)] if data.draw(st.booleans()) else [(4, 4), (5, 3)])
    size = data.draw(st.sampled_from([None, (3, 5)]))
    entries = st.tuples(st.lists(FOLDERS, max_size=3), FILES, MODES, sizes, st.integers(0, 255))
    cuts = st.sampled_from([0, 0, 0, 0, 10, 60])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for parts, name, mode, shape, level in data.draw(st.lists(entries, max_size=8)):
            path = folder.joinpath(*parts, name)
            if not any(each.is_file() for each in (path, *path.parents)):
                path.parent.mkdir(parents=True, exist_ok=True)
                write(path, mode, shape, level, data.draw(cuts))
        try:
            raw = read(folder, DataOptions(image_size=size), cpus=1)
        except PacktuneError as error:
            assert len(str(error)) > 20 and "\n" not in str(error)
        else:
            check(raw, folder)


def check(raw, folder):
    """What was read is as large as it says, and prediction reads the same pictures in the same way."""
    for split in raw.splits.values():
        n = len(split)
        assert split.inputs.shape == (n, raw.form.channels, raw.form.height, raw.form.width)
        assert len(split.names) == len(split.labels["label"]) == n
        assert all(name.isprintable() for name in split.names)
        paths = [folder / name for name in split.names]
        if all(path.exists() for path in paths):  # where no name was escaped
            again = read_pictures(paths, raw.form, Means())
            assert not again.reasons and np.array_equal(again.images, split.inputs)
    names = [name for split in raw.splits.values() for name in split.names]
    assert len(set(names)) == len(names)


SHAPES = arrays.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=5)
DTYPES = st.sampled_from([np.uint8, np.int64, np.uint16, np.float32, np.bool_, np.complex64, np.dtype("U2"), object])
EXAMPLES = st.tuples(DTYPES, SHAPES).flatmap(
    lambda pair: (
        arrays.arrays(np.uint8, pair[1]).map(lambda array: array.astype(pair[0]))
        if pair[0] is not np.float32
        else arrays.arrays(np.float32, pair[1], elements=st.floats(-1, 300, width=32) | st.sampled_from([np.nan, 1.0]))
    )
)


@settings(max_examples=150)
@given(EXAMPLES, EXAMPLES, st.sampled_from([None, (2, 2), (3, 1)]))
def test_arrays(x, y, size):
    try:
        raw = from_objects((x, y), DataOptions(image_size=size))
    except PacktuneError as error:
        assert len(str(error)) > 20
        return
    split = raw.splits["train"]
    assert len(split) == len(x) == len(y)
    assert all(len(labels) == len(y) for labels in split.labels.values())
    if raw.form is not None:
        assert split.inputs.dtype == np.uint8
        assert split.inputs.shape[1:] == (raw.form.channels, raw.form.height, raw.form.width)


@FEW
@given(st.dictionaries(KEYS, EXAMPLES, max_size=5))
def test_archives(given_arrays):
    with tempfile.TemporaryDirectory() as place:
        np.savez(f"{place}/x.npz", **given_arrays)
        read_or_refuse(Path(place, "x.npz"))


@FEW
@given(st.data())
def test_damaged_archives_and_idx_files(data):
    images = np.arange(36, dtype=np.uint8).reshape(4, 3, 3)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "x.npz")
        np.savez_compressed(path, images=images, labels=images[:, 0, 0] % 2)
        (Path(place) / "set").mkdir()
        files = [Path(place, "set", f"train-{what}-ubyte") for what in ("images-idx3", "labels-idx1")]
        for file, array in zip(files, (images, images[:, 0, 0]), strict=True):
            file.write_bytes(idx.write(array))
        for victim in (path, *files):
            content = bytearray(victim.read_bytes())
            position = data.draw(st.integers(0, len(content) - 1))
            content[position : position + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
            victim.write_bytes(bytes(content))
        read_or_refuse(path)
        read_or_refuse(Path(place, "set"))


def read_or_refuse(path):
    try:
        raw = read(path, DataOptions(), memory_bytes=2**24)
    except PacktuneError as error:
        assert len(str(error)) > 20
    else:
        assert "train" in raw.splits
