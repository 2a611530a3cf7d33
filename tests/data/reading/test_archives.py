"""Archives of arrays: whose names they follow, which levels they have, and what is refused."""

import io
import zipfile

import numpy as np
import pytest

from packtune.data.options import DataOptions
from packtune.data.reading.find import read
from packtune.errors import CorruptFile, DataError

OPTIONS = DataOptions()
IMAGES = np.random.default_rng(0).integers(0, 256, (10, 5, 6), dtype=np.uint8)
LABELS = np.arange(10) % 3


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.fixture
def npz(tmp_path):
    return lambda **arrays: read(save(tmp_path / "x.npz", **arrays), OPTIONS)


def test_keras_names_give_the_splits(npz):
    raw = npz(x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:4], y_test=LABELS[:4])
    assert raw.name == "x"
    assert raw.format == "an .npz archive with the arrays of Keras, images"
    assert {split: len(each) for split, each in raw.splits.items()} == {"train": 10, "test": 4}


def test_medmnist_names_give_the_splits(npz):
    raw = npz(
        **{f"{split}_images": IMAGES for split in ("train", "val", "test")},
        **{f"{split}_labels": LABELS[:, None] for split in ("train", "val", "test")},
    )
    assert set(raw.splits) == {"train", "validation", "test"}
    assert raw.splits["validation"].labels["label"].tolist() == LABELS.tolist()


def test_other_arrays_are_left_out(npz):
    raw = npz(X_train=IMAGES, Y_train=LABELS, x_test=IMAGES, weights=np.ones(3))
    assert set(raw.splits) == {"train"}
    assert raw.notes == ("These arrays are left out: x_test, weights.",)


def test_small_letters_come_before_capital_ones(npz):
    assert len(npz(x=IMAGES, y=LABELS, X=np.ones((3, 3)), Y=np.ones(3)).splits["train"]) == 10


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (LABELS + 5, (LABELS + 5).tolist()),
        (LABELS == 1, (LABELS == 1).tolist()),
        (LABELS.astype(float), LABELS.tolist()),
        (np.array(["no", "yes"])[np.arange(10) % 2], ["no", "yes"] * 5),
        (np.array([b"no", b"yes"])[np.arange(10) % 2], ["no", "yes"] * 5),
        (np.eye(3)[LABELS], LABELS.tolist()),
    ],
)
def test_labels_of_many_kinds(npz, labels, expected):
    raw = npz(images=IMAGES, labels=labels)
    assert raw.splits["train"].labels["label"].tolist() == expected
    assert bool(raw.notes) == (labels.ndim == 2)


def test_columns_of_labels_are_heads(tmp_path):
    path = save(tmp_path / "x.npz", images=IMAGES, labels=np.stack([LABELS, LABELS + 1], axis=1))
    assert set(read(path, OPTIONS).splits["train"].labels) == {"label_1", "label_2"}
    named = read(path, DataOptions(target=("upper", "lower"))).splits["train"].labels
    assert named["lower"].tolist() == (LABELS + 1).tolist()


def test_rows_are_a_table(npz):
    pandas = pytest.importorskip("pandas")
    raw = npz(data=np.arange(20).reshape(10, 2), target=LABELS)
    table = raw.splits["train"].inputs
    assert isinstance(table, pandas.DataFrame)
    assert list(table.columns) == ["0", "1"]
    assert table.dtypes.tolist() == [np.float64] * 2
    assert raw.form is None


@pytest.mark.parametrize(("channels", "axis"), [(1, 3), (3, 3), (4, 3), (1, 1), (3, 1), (4, 1)])
def test_channels_are_found(npz, channels, axis):
    images = np.repeat(np.expand_dims(IMAGES, axis), channels, axis=axis)
    raw = npz(x=images, y=LABELS)
    assert raw.splits["train"].inputs.shape == (10, channels, 5, 6)
    assert raw.form.channels == channels


@pytest.mark.parametrize(
    ("images", "note"),
    [
        (IMAGES, None),
        (IMAGES.astype(np.int32), None),
        (IMAGES / 255, "from 0 to 1, and were multiplied by 255/1"),
        (IMAGES > 9, "from 0 to 1"),
        (IMAGES.astype(np.float32), "fractions from 0 to 255, which were rounded"),
        (IMAGES.astype(np.uint16) * 257, "from 0 to 65,535"),
        (np.rint(IMAGES / 255.0 * 16), "from 0 to 16, and were multiplied by 255/16"),
    ],
)
def test_levels_are_found_and_told(npz, images, note):
    raw = npz(x=images, y=LABELS)
    assert note in raw.notes[0] if note else raw.notes == ()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES / 127.5 - 1, r"float64 with pixels from -1 to 1.*before they were normalized"),
        (IMAGES / 255 * 3.5, r"pixels from 0 to 3.5.*cannot be told"),
        (IMAGES * 1e6, r"pixels from 0 to 2.55e\+08.*divide"),
        (np.full((10, 5, 6), np.nan), "not finite"),
        (IMAGES.astype(str), "which are no pixels"),
        (IMAGES[0, 0], r"the train array is uint8 \[6\]"),
        (IMAGES[:, :0], r"the train array is uint8 \[10, 0, 6\]"),
        (IMAGES[None].repeat(2, axis=0), r"\[2, 10, 5, 6\], without an axis of 1, 3 or 4 channels"),
    ],
)
def test_other_images_are_refused(npz, images, message):
    with pytest.raises(DataError, match=message):
        npz(x=images, y=LABELS[: len(images)])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS[:4], "10 examples, but 4 labels"),
        (LABELS + 0.5, "looks like regression"),
        (np.where(LABELS == 1, np.nan, LABELS), "3 of the train labels are missing"),
        (LABELS.astype(complex), "labels are complex128"),
        (np.zeros((10, 2, 2)), r"labels are float64 \[10, 2, 2\]"),
    ],
)
def test_other_labels_are_refused(npz, labels, message):
    with pytest.raises(DataError, match=message):
        npz(x=IMAGES, y=labels)


def test_quantities_are_no_classes(npz):
    with pytest.raises(DataError, match="1,000 different numbers of 1,000: this looks like regression"):
        npz(x=np.ones((1000, 2)), y=np.arange(1000))


def test_splits_must_be_alike(npz):
    with pytest.raises(DataError, match=r"the test array is \[10, 5, 5\], but that for training is \[10, 5, 6\]"):
        npz(x_train=IMAGES, y_train=LABELS, x_test=IMAGES[..., :5], y_test=LABELS)
    with pytest.raises(DataError, match="1 and 3 columns in different splits"):
        npz(x_train=IMAGES, y_train=LABELS, x_test=IMAGES, y_test=np.eye(3)[LABELS])


def test_other_names_are_listed_with_those_understood(npz):
    with pytest.raises(DataError, match="has the arrays pictures, classes, .*x_train, y_train; .*data, target"):
        npz(pictures=IMAGES, classes=LABELS)


def test_objects_are_never_unpickled(npz):
    with pytest.raises(DataError, match="Python's objects, which are never read.*: labels.*labels.astype"):
        npz(images=IMAGES, labels=LABELS.astype(object))


def test_an_archive_that_asks_for_too_much_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, images=np.zeros((1000, 100, 100), dtype=np.uint8), labels=np.arange(1000) % 2)
    with pytest.raises(DataError, match="need 0.01 GiB of memory, and 0.00 GiB"):
        read(path, OPTIONS, memory_bytes=1_000_000)


def forged(header, values):
    """Make an archive whose array has a header that may lie."""
    stream, entry = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(entry, header)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", entry.getvalue() + values)
        archive.writestr("labels.npy", entry.getvalue() + values)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("shape", "n_bytes"), [((2**40, 2, 2), 8), ((2, 2, 2), 9), ((2, 2, 3), 8), ((0, 2**62), 0), ((-1, 2), 4)]
)
def test_lies_about_sizes_are_found(tmp_path, shape, n_bytes):
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    (tmp_path / "x.npz").write_bytes(forged(header, bytes(n_bytes)))
    with pytest.raises(DataError):
        read(tmp_path / "x.npz", OPTIONS)


def test_other_archives_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("cats/1.png", b"x")
    with pytest.raises(CorruptFile, match="is a ZIP archive without NumPy's arrays; it has cats/1.png: unpack it"):
        read(tmp_path / "x.zip", OPTIONS)


def test_images_are_scaled_to_a_size(tmp_path):
    raw = read(save(tmp_path / "x.npz", x=IMAGES, y=LABELS), DataOptions(image_size=(3, 4)))
    assert raw.splits["train"].inputs.shape == (10, 1, 3, 4)
    assert "scaled to 3x4" in raw.notes[-1]
    assert raw.form.scales
