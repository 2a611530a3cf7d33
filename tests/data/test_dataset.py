import dataclasses
import pickle

import pytest
import torch

from packtune.data.dataset import Dataset, Split
from packtune.data.description import PIXEL_SCALE, digit_heads


def test_pixels_are_divided_by_256_as_in_the_reference():
    assert PIXEL_SCALE == 256


def test_a_split_has_the_length_of_its_images(make_split):
    assert len(make_split(5)) == 5


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        (
            torch.zeros(2, 1, 3, 3, dtype=torch.float64),
            torch.zeros(2, 1, dtype=torch.int64),
            "inputs are .*float64 .*, but must be torch.uint8",
        ),
        (
            torch.zeros(2, 9, dtype=torch.uint8),
            torch.zeros(2, 1, dtype=torch.int64),
            r"inputs are .*\[2, 9\], but",
        ),
        (
            torch.zeros(2, 1, 3, 3, dtype=torch.uint8),
            torch.zeros(2, 1),
            "labels are .*float32 .*, but must be torch.int64",
        ),
        (torch.zeros(2, 1, 3, 3, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64), r"labels are .*\[2\], but"),
        (
            torch.zeros(2, 1, 3, 3, dtype=torch.uint8),
            torch.zeros(3, 1, dtype=torch.int64),
            "2 inputs, but 3 rows of labels",
        ),
        (torch.zeros(0, 1, 3, 3, dtype=torch.uint8), torch.zeros(0, 1, dtype=torch.int64), "at least 1"),
    ],
)
def test_a_split_refuses_what_does_not_fit(inputs, labels, message):
    with pytest.raises(ValueError, match=message):
        Split(inputs=inputs, labels=labels)


def test_take_picks_in_the_given_order(make_split):
    taken = make_split(5).take(torch.tensor([3, 0, 3]))
    assert taken.inputs[:, 0, 0, 0].tolist() == [3, 0, 3]
    assert taken.labels[:, 0].tolist() == [3, 0, 3]


def test_slice_and_first_keep_the_order(make_split):
    split = make_split(5)
    assert split.slice(1, 4).inputs[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert split.first(2).labels[:, 0].tolist() == [0, 1]
    assert len(split.first(9)) == 5


def test_a_part_of_a_split_does_not_carry_the_whole_when_pickled(make_split):
    part = make_split(200).first(1)
    assert len(pickle.dumps(part)) < 200 * 28 * 28 / 10


def test_a_dataset_tells_its_shape_and_survives_pickling(make_split):
    split = make_split(3, height=42, heads=2)
    dataset = Dataset(name="x", train=split, validation=split, test=split, heads=digit_heads("upper", "lower"))
    copy = pickle.loads(pickle.dumps(dataset))
    assert (copy.input_shape, copy.description.head_names, copy.classes) == ((1, 42, 28), ("upper", "lower"), 10)
    assert torch.equal(copy.test.inputs, split.inputs)
    assert list(copy.splits) == ["train", "validation", "test"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        copy.name = "y"


def test_a_dataset_refuses_images_of_two_sizes(make_split):
    with pytest.raises(ValueError, match=r"test split has inputs of 1 x 14 x 28, but .* 1 x 28 x 28"):
        Dataset(
            name="x",
            train=make_split(3),
            validation=make_split(3),
            test=make_split(3, height=14),
            heads=digit_heads("digit"),
        )


def test_a_dataset_refuses_another_number_of_heads(make_split):
    split = make_split(3)
    with pytest.raises(ValueError, match="has 1 columns of labels, but there are 2 heads"):
        Dataset(name="x", train=split, validation=split, test=split, heads=digit_heads("upper", "lower"))


@pytest.mark.parametrize("wrong", [-1, 10])
def test_a_dataset_refuses_labels_out_of_range(make_split, wrong):
    split = make_split(3)
    bad = dataclasses.replace(split, labels=torch.full((3, 1), wrong))
    with pytest.raises(ValueError, match=f"labels from {wrong} to {wrong}, but 0 to 9 are allowed"):
        Dataset(name="x", train=split, validation=bad, test=split, heads=digit_heads("digit"))
