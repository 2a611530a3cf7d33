"""Classes are numbered in an order that people expect, the same from every format."""

import numpy as np
import pytest

from packtune.data.reading.raw import RawData, RawSplit
from packtune.data.splitting.classes import number_classes
from packtune.errors import DataError


def raw_of(**splits):
    """Make data of splits, each with labels of one head or a dict of several."""

    def part(labels):
        heads = labels if isinstance(labels, dict) else {"kind": labels}
        heads = {name: np.asarray(values) for name, values in heads.items()}
        return RawSplit(inputs=np.zeros((len(next(iter(heads.values()))), 1, 2, 2), dtype=np.uint8), labels=heads)

    return RawData(name="d", format="arrays", splits={name: part(labels) for name, labels in splits.items()})


@pytest.mark.parametrize(
    ("labels", "classes", "numbers"),
    [
        ([10, 9, 10], ("9", "10"), [1, 0, 1]),
        (["10", "9", "10"], ("9", "10"), [1, 0, 1]),
        (["-1", "1", "0"], ("-1", "0", "1"), [0, 2, 1]),
        ([2.0, 1.0, 2.0], ("1", "2"), [1, 0, 1]),
        ([True, False, True], ("false", "true"), [1, 0, 1]),
        (["b", "a", "B"], ("B", "a", "b"), [2, 1, 0]),
        ([b"b", b"a", b"b"], ("a", "b"), [1, 0, 1]),
        (np.array(["b", "a", "b"], dtype=object), ("a", "b"), [1, 0, 1]),
        (np.array(["b", 1, 2], dtype=object), ("1", "2", "b"), [2, 0, 1]),
        (np.array([7, 3, 7], dtype=np.uint8), ("3", "7"), [1, 0, 1]),
        (["a\nb", "=x", "a\nb"], ("=x", "a\\nb"), [1, 0, 1]),
    ],
)
def test_classes_have_an_order(labels, classes, numbers):
    found = number_classes(raw_of(train=labels))
    assert found.heads[0].name == "kind" and found.heads[0].classes == classes
    assert found.labels["train"].dtype == np.int64 and found.labels["train"].tolist() == [[n] for n in numbers]


def test_several_heads_and_splits():
    found = number_classes(
        raw_of(train={"kind": ["a", "b"], "size": [3, 1]}, test={"kind": np.array(["b"]), "size": np.array(["3"])})
    )
    assert [head.classes for head in found.heads] == [("a", "b"), ("1", "3")]
    assert found.labels["train"].tolist() == [[0, 1], [1, 0]] and found.labels["test"].tolist() == [[1, 1]]


def test_one_class_is_too_few():
    with pytest.raises(DataError, match="all 3 examples for training have the same 'kind': 'a'"):
        number_classes(raw_of(train=["a", "a", "a"]))


def test_a_class_that_training_lacks_is_named():
    with pytest.raises(DataError, match="the test split has 2 classes of 'kind' that training lacks: 'c', 'd'"):
        number_classes(raw_of(train=["a", "b"], test=["a", "d", "c"]))


def test_two_spellings_of_a_class_are_told():
    (note,) = number_classes(raw_of(train=["Cat", "cat ", "dog"])).notes
    assert "['Cat', 'cat ']" in note
