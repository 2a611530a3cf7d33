"""What a Python program gives: arrays, tensors, tables and data sets of PyTorch."""

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from packtune.data.options import DataOptions
from packtune.data.reading.objects import from_objects
from packtune.errors import DataError, SettingsError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
OPTIONS = DataOptions()
X = np.random.default_rng(0).integers(0, 256, (10, 5, 6), dtype=np.uint8)
Y = np.arange(10) % 3
ROWS = np.random.default_rng(1).normal(size=(10, 4))


def sizes(raw):
    return {split: len(each) for split, each in raw.splits.items()}


def labels(raw, split="train"):
    return raw.splits[split].labels["label"].tolist()


@pytest.mark.parametrize(
    "data",
    [
        (X, Y, X[:4], Y[:4]),
        (X, X[:4], Y, Y[:4]),  # in the order of scikit-learn's train_test_split
        ((X, Y), (X[:4], Y[:4])),  # as Keras gives them
        {"train": (X, Y), "test": (X[:4], Y[:4])},
        {"Test": (X[:4], Y[:4]), "train": (X, Y)},
    ],
)
def test_splits(data):
    raw = from_objects(data, OPTIONS)
    assert sizes(raw) == {"train": 10, "test": 4}
    assert np.array_equal(raw.splits["test"].inputs[:, 0], X[:4])
    assert labels(raw, "test") == Y[:4].tolist()
    assert (raw.name, raw.format) == ("arrays", "arrays, images")


def test_two_rows_of_lists_are_no_splits():
    raw = from_objects(([[1.0, 2.0], [3.0, 4.0]], [0, 1]), OPTIONS)
    assert sizes(raw) == {"train": 2}


@pytest.mark.parametrize("rows", [ROWS, torch.from_numpy(ROWS), ROWS.astype(np.float32), ROWS.tolist()])
def test_rows_are_a_table(rows):
    raw = from_objects((rows, Y), OPTIONS)
    table = raw.splits["train"].inputs
    assert list(table.columns) == ["0", "1", "2", "3"]
    assert np.allclose(table.to_numpy(), ROWS)
    assert table.dtypes.iloc[0] == (np.float32 if getattr(rows, "dtype", None) == np.float32 else np.float64)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_tensors_of_any_precision(dtype):
    raw = from_objects((torch.ones(4, 3, 4, 4, dtype=dtype, requires_grad=True), torch.tensor([0, 1, 0, 1])), OPTIONS)
    assert (raw.splits["train"].inputs == 255).all()


def test_channels_of_tensors_come_first_and_of_arrays_last():
    both = np.zeros((2, 3, 7, 3), dtype=np.uint8)
    assert from_objects((both, [0, 1]), OPTIONS).splits["train"].inputs.shape == (2, 3, 3, 7)
    assert from_objects((torch.from_numpy(both), [0, 1]), OPTIONS).splits["train"].inputs.shape == (2, 3, 7, 3)


@pytest.mark.parametrize("words", [["a", "b"] * 5, np.array(["a", "b"] * 5, dtype=object)])
def test_labels_may_be_words(words):
    assert labels(from_objects((X, words), OPTIONS)) == ["a", "b"] * 5


class Items(Dataset):
    """A data set of PyTorch of given items."""

    def __init__(self, items, classes=None):
        self.items = items
        if classes is not None:
            self.classes = classes

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x,
        Image.fromarray,
        lambda x: Image.fromarray(x).convert("P"),
        lambda x: torch.from_numpy(x)[None],
        lambda x: torch.from_numpy(x)[None] / 255,
        lambda x: x[..., None],
    ],
)
def test_data_sets_of_pytorch(convert):
    raw = from_objects(Items([(convert(x), int(y)) for x, y in zip(X, Y, strict=True)], ["a", "b", "c"]), OPTIONS)
    images = raw.splits["train"].inputs
    assert all(np.array_equal(channel, X) for channel in images.transpose(1, 0, 2, 3))
    assert labels(raw) == [["a", "b", "c"][y] for y in Y]


def test_data_sets_of_pytorch_by_split():
    data = TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    raw = from_objects({"train": data, "val": data, "test": data}, OPTIONS)
    assert sizes(raw) == {"train": 10, "validation": 10, "test": 10}


class Stream(IterableDataset):
    def __iter__(self):
        return iter([(X[0], 0)])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot learn from a NoneType. Allowed are"),
        (5, "cannot learn from an int"),
        ((X,), "cannot learn from a tuple of 1"),
        ((X, Y, X), "a tuple of 3"),
        ({}, "keys of no split"),
        ({"trian": (X, Y)}, "keys trian, but the names of splits"),
        ({"test": (X, Y)}, "keys test, but"),
        ({"train": (X, Y), "val": (X, Y), "valid": (X, Y)}, "each once"),
        ((X, None), r"labels are object \[\]"),
        ((X, Y[:3]), "10 examples, but 3 labels"),
        (([[1], [1, 2]], [0, 1]), "X is no array"),
        ((np.array([[object()] * 2] * 10), Y), "are object, but must be numbers"),
        ((X, [None, *Y[1:]]), "some of the train labels are missing"),
        ((X, [object()] * 10), "of the types object"),
        (Stream(), "has no length"),
        (Items([]), "is empty"),
        (Items([X[0]]), "example 0 of the data set is of type ndarray"),
        (Items([(X[0], 0), (X[0, 1:], 1)]), r"example 1 of the data set is \[4, 6\], but the first is \[5, 6\]"),
        ((torch.from_numpy(X) / 127.5 - 1, Y), "before they were normalized"),
    ],
)
def test_anything_else_is_refused(data, message):
    with pytest.raises(DataError, match=message):
        from_objects(data, OPTIONS)


def frame():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"width": ROWS[:, 0], "height": ROWS[:, 1], "kind": ["a", "b"] * 5}, index=range(5, 15))


def test_a_table_with_its_target():
    raw = from_objects(frame(), DataOptions(target=("kind",)))
    assert list(raw.splits["train"].inputs.columns) == ["width", "height"]
    assert raw.splits["train"].labels["kind"].tolist() == ["a", "b"] * 5
    with pytest.raises(SettingsError, match="kinds"):
        from_objects(frame(), DataOptions(target=("kinds",)))


@pytest.mark.parametrize("beside", [lambda kinds: kinds, lambda kinds: kinds.to_numpy(), lambda kinds: kinds.tolist()])
def test_a_table_with_labels_beside_it(beside):
    table = frame()
    kinds = table.pop("kind").reset_index(drop=True)
    raw = from_objects((table, beside(kinds)), OPTIONS)
    (labels,) = raw.splits["train"].labels.values()
    assert labels.tolist() == ["a", "b"] * 5
    assert list(raw.splits["train"].inputs.columns) == ["width", "height"]


def test_tables_of_several_splits():
    table, options = frame(), DataOptions(target=("kind",))
    raw = from_objects({"train": table, "test": table[:4]}, options)
    assert sizes(raw) == {"train": 10, "test": 4}
    with pytest.raises(DataError, match="lacks height, and has besides depth"):
        from_objects({"train": table, "test": table.rename(columns={"height": "depth"})}, options)
    with pytest.raises(DataError, match="10 rows, but 4 labels"):
        from_objects((table.drop(columns="kind"), [0, 1, 0, 1]), OPTIONS)
