import hashlib
import importlib.util

import numpy as np
import pytest
import torch

from packtune.data.sets import digits
from packtune.errors import DataError


@pytest.fixture(scope="module")
def dataset():
    return digits.load()


def test_the_splits_share_out_every_scan_once(dataset):
    from sklearn.datasets import load_digits

    assert [len(split) for split in dataset.splits.values()] == [1_257, 270, 270]
    images = np.concatenate([split.inputs.numpy() for split in dataset.splits.values()])
    scans = digits.enlarge(load_digits().images)
    assert sorted(image.tobytes() for image in images) == sorted(scan.tobytes() for scan in scans)


def test_the_default_split_never_changes(dataset):
    labels = torch.cat([split.labels for split in dataset.splits.values()]).numpy()
    assert hashlib.sha256(labels.astype("<i8").tobytes()).hexdigest()[:16] == "c0332af133327530"


def test_another_seed_gives_another_split(dataset):
    other = digits.load(seed=1)
    assert len(other.train) == 1_257
    assert not torch.equal(other.train.labels, dataset.train.labels)


def test_every_digit_is_in_every_split(dataset):
    for split in dataset.splits.values():
        assert split.labels.unique().tolist() == list(range(10))


def test_enlarge_makes_each_pixel_3x3_within_a_border():
    scans = np.zeros((1, 8, 8))
    scans[0, 0, 0], scans[0, 7, 6] = 16, 8
    image = digits.enlarge(scans)[0]
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert (image[2:5, 2:5] == 255).all()
    assert (image[23:26, 20:23] == 128).all()
    assert np.count_nonzero(image) == 18


def test_without_scikit_learn_the_message_says_what_to_do(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="install scikit-learn, or use the data set 'mnist'"):
        digits.load()
