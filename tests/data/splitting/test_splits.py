"""Splits have no leaks: each example is in one split, groups stay together, and classes keep their shares."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from palmerpenguins import load_penguins
from sklearn.datasets import load_digits, load_wine

from packtune.data.options import DataOptions
from packtune.data.reading.raw import RawData, RawSplit
from packtune.data.reading.tables import frame_to_raw
from packtune.data.splitting.classes import class_name, number_classes
from packtune.data.splitting.record import rows_from_csv, rows_to_csv
from packtune.data.splitting.sizes import split_sizes
from packtune.data.splitting.splits import split
from packtune.errors import CorruptFile, DataError


def split_table(frame, *, seed=1797, **options):
    """Split a table; give the data, the numbered classes and the splits."""
    asked = DataOptions(**{"target": ("target",), **options})
    raw = frame_to_raw(frame, "t", asked)
    classes = number_classes(raw)
    return raw, classes, split(raw, classes, asked, seed)


def images_raw(**splits):
    """Make data of images, from (images, labels) of each split."""
    parts = {name: RawSplit(inputs=images, labels={"digit": labels}) for name, (images, labels) in splits.items()}
    return RawData(name="d", format="arrays", splits=parts)


def split_images(options=None, **splits):
    raw = images_raw(**splits)
    return split(raw, number_classes(raw), options or DataOptions())


@pytest.fixture(scope="module")
def digits():
    """Images uint8 [1797, 1, 8, 8], and their digits."""
    found = load_digits()
    return found.images[:, None].astype(np.uint8), found.target


@pytest.fixture(scope="module")
def wine():
    return load_wine(as_frame=True).frame


def assert_partition(splits, n):
    """Check that each of n rows is in exactly one split."""
    rows = np.concatenate([part.rows for part in splits.parts.values()])
    assert np.array_equal(np.sort(rows), np.arange(n))


def test_a_table_is_split_in_proportion(wine):
    _, classes, splits = split_table(wine)
    assert_partition(splits, 178)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (124, 27, 27)
    assert splits.resamples and splits.notes == ()
    total = np.bincount(classes.labels["train"][:, 0])
    for part in splits.parts.values():
        found = np.bincount(classes.labels["train"][part.rows, 0])
        assert np.all(np.abs(found - total * len(part) / 178) <= 1)


def test_the_seed_decides(wine):
    def rows(seed):
        return [part.rows.tolist() for part in split_table(wine, seed=seed)[2].parts.values()]

    assert rows(3) == rows(3)
    assert rows(3) != rows(4)


def test_the_order_in_which_examples_are_read_changes_no_split(wine):
    def rows_of(frame):
        _, _, splits = split_table(frame)
        return [frame.iloc[part.rows].to_numpy().tolist() for part in splits.parts.values()]

    assert rows_of(wine.sample(frac=1, random_state=5)) == rows_of(wine)


def test_the_order_of_images_changes_no_split(digits):
    images, labels = digits
    order = np.random.default_rng(2).permutation(1000)
    splits = [
        (images[each], labels[each], split_images(train=(images[each], labels[each])))
        for each in (np.arange(1000), order)
    ]
    for name in ("train", "validation", "test"):
        (a, b), (c, d) = [(x[s.parts[name].rows], y[s.parts[name].rows]) for x, y, s in splits]
        assert np.array_equal(a, c) and np.array_equal(b, d)


def test_shares_are_kept(wine):
    _, _, splits = split_table(wine, test_share=0.5, validation_share=0.25)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (67, 22, 89)


def test_splits_that_were_given_are_kept(digits):
    images, labels = digits
    parts = {
        name: (images[start:stop], labels[start:stop])
        for name, start, stop in (("train", 0, 1000), ("validation", 1000, 1400), ("test", 1400, 1797))
    }
    splits = split_images(DataOptions(test_share=0.2), **parts)
    assert {name: (part.source, sorted(part.rows.tolist())) for name, part in splits.parts.items()} == {
        "train": ("train", list(range(1000))),
        "validation": ("validation", list(range(400))),
        "test": ("test", list(range(397))),
    }
    assert not splits.resamples
    assert splits.notes == ("The share for test is not used: the data have such a split.",)


@pytest.mark.parametrize("other", ["validation", "test"])
def test_a_split_that_is_missing_comes_from_training(other, digits):
    images, labels = digits
    splits = split_images(**{"train": (images[:1000], labels[:1000]), other: (images[1000:], labels[1000:])})
    missing = "test" if other == "validation" else "validation"
    assert splits.parts[missing].source == "train" and len(splits.parts[missing]) == 150
    joined = np.concatenate([splits.train.rows, splits.parts[missing].rows])
    assert np.array_equal(np.sort(joined), np.arange(1000))
    assert splits.resamples == (missing == "validation")


def test_identical_examples_are_counted(digits):
    images, labels = digits
    splits = split_images(train=(images[:1000], labels[:1000]), test=(images[990:1300], labels[990:1300]))
    assert splits.notes == (
        "10 of 310 test examples are identical to one for train or validation: their accuracy may be too high.",
    )


def test_identical_rows_are_counted(wine):
    _, _, splits = split_table(pd.concat([wine, wine]))
    assert len(splits.notes) == 2 and "validation examples are identical to one for train:" in splits.notes[0]


def test_groups_stay_on_one_side():
    penguins = load_penguins().dropna()
    nests = penguins.assign(nest=[f"N{number // 4}" for number in range(len(penguins))])
    raw, classes, splits = split_table(nests, target=("species",), group="nest")
    assert_partition(splits, 333)
    groups = {name: set(raw.splits["train"].groups[part.rows]) for name, part in splits.parts.items()}
    assert not groups["train"] & groups["validation"] | (groups["train"] | groups["validation"]) & groups["test"]
    assert not splits.resamples
    total = np.bincount(classes.labels["train"][:, 0])
    for part in (splits.validation, splits.test):
        found = np.bincount(classes.labels["train"][part.rows, 0])
        assert np.all(np.abs(found - total * 0.15) <= 6)


def test_shared_groups_of_given_splits_are_told(digits):
    images, labels = digits
    raw = images_raw(train=(images[:100], labels[:100]), test=(images[100:200], labels[100:200]))
    parts = {
        name: RawSplit(inputs=part.inputs, labels=part.labels, groups=np.arange(100) + offset)
        for (name, part), offset in zip(raw.splits.items(), (0, 95), strict=True)
    }
    raw = RawData(name="d", format="arrays", splits=parts)
    assert (
        "5 groups are in the training split and in another" in split(raw, number_classes(raw), DataOptions()).notes[-1]
    )


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (
            {"target": list("aaaaaabbbbbc")},
            {},
            "of 'target' have too few examples: 'c' has 1, and 3 are needed, one for",
        ),
        ({"target": list("aaabbb")}, {"test_share": 0.9}, "no example for training is left of classes of 'target'"),
        ({"target": list("aaabbb"), "g": [1, 1, 1, 2, 2, 2]}, {"group": "g"}, "there are 2 groups, but 3 are needed"),
        (
            {"target": list("aaabbb"), "g": [1, 1, 1, 2, 2, 3]},
            {"group": "g"},
            "a group column whose groups have several",
        ),
    ],
)
def test_what_cannot_be_split_is_said(frame, options, message):
    table = pd.DataFrame({"x": np.arange(len(frame["target"])) * 0.5, **frame})
    with pytest.raises(DataError, match=message):
        split_table(table, **options)


def test_a_class_that_a_split_lacks_is_named():
    table = pd.DataFrame({"x": np.arange(100) * 0.5, "target": ["rare"] * 3 + ["a"] * 97})
    notes = split_table(table, test_share=0.1, validation_share=0.1)[2].notes
    assert "The test split has no example of these classes of 'target': 'rare'." in notes


def test_the_default_sizes_have_a_limit():
    sizes = split_sizes(1_000_000, ["train"], 10, DataOptions())
    assert (sizes.n_validation, sizes.n_test) == (10_000, 10_000)
    sizes = split_sizes(60_000, ["train", "test"], 10, DataOptions())
    assert (sizes.n_validation, sizes.n_test) == (9_000, 0)


def test_the_record_gives_the_same_rows(wine):
    _, _, splits = split_table(wine)
    text = rows_to_csv(splits)
    assert text.startswith("split,source,row\ntrain,train,") and text.count("\n") == 179
    found = rows_from_csv(text)
    assert {name: (part.source, part.rows.tolist()) for name, part in found.items()} == {
        name: (part.source, part.rows.tolist()) for name, part in splits.parts.items()
    }


@pytest.mark.parametrize(
    "damage",
    ["", "a,b\n", "split,source,row\ntrain,train,1\n", "split,source,row\ntrain,train,x\n",
     "split,source,row\ntrain,train,1\nvalidation,train,-1\ntest,train,2\n",
     "split,source,row\ntrain,train,1\nvalidation,train,0\ntest,train,2\ntest,test,3\n"],
)  # fmt: skip
def test_a_damaged_record_is_told(damage):
    with pytest.raises(CorruptFile, match="record of the split is damaged"):
        rows_from_csv(damage)


@st.composite
def tables(draw):
    """Draw a table with one or two heads, perhaps groups, and shares."""
    n = draw(st.integers(2, 60))
    columns = {"x": draw(st.lists(st.integers(0, 20), min_size=n, max_size=n))}
    targets = draw(st.sampled_from([("p",), ("p", "q")]))
    for name in targets:
        columns[name] = draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=n, max_size=n))
    group = draw(st.sampled_from([None, "g"]))
    if group:
        columns["g"] = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    share = st.none() | st.floats(0.01, 0.99)
    options = DataOptions(target=targets, group=group, validation_share=draw(share), test_share=draw(share))
    return pd.DataFrame(columns), options


@given(tables(), st.integers(0, 2**32 - 2))
@settings(max_examples=100)
def test_any_table_is_split_without_a_leak_or_refused(table, seed):
    frame, options = table
    try:
        raw = frame_to_raw(frame, "t", options)
        classes = number_classes(raw)
        splits = split(raw, classes, options, seed)
    except DataError as error:
        assert "needed" in str(error) or "needs" in str(error) or "Give smaller shares" in str(error)
        return
    assert_partition(splits, len(frame))
    assert min(map(len, splits.parts.values())) >= 1
    trained = classes.labels["train"][splits.train.rows]
    assert [len(set(column)) for column in trained.T] == [len(head.classes) for head in classes.heads]
    if options.group:
        owners = [set(raw.splits["train"].groups[part.rows]) for part in splits.parts.values()]
        assert sum(map(len, owners)) == len(set.union(*owners))


def test_an_infinite_value_among_words_has_a_name():
    assert [class_name(value) for value in (3.0, np.inf, -np.inf, True, "a\nb")] == [
        "3",
        "inf",
        "-inf",
        "true",
        "a\\nb",
    ]
