"""Channels are standardised by the training images."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from packtune.data.columns.channels import ChannelPreparation, learn_channels
from packtune.errors import CorruptFile


@pytest.fixture(scope="module")
def patches():
    """Patches of a colour photograph, uint8 [n, 3, 32, 32]."""
    image = load_sample_image("china.jpg")[:416, :640]
    return image.reshape(13, 32, 20, 32, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, 32, 32)


def test_channels_get_mean_0_and_deviation_1(patches):
    preparation = learn_channels(patches)
    scale, shift = (np.array(numbers)[:, None, None] for numbers in (preparation.scale, preparation.shift))
    prepared = patches * scale + shift
    np.testing.assert_allclose(prepared.mean((0, 2, 3)), 0, atol=1e-10)
    np.testing.assert_allclose(prepared.std((0, 2, 3)), 1, rtol=1e-10)


def test_a_channel_of_one_level_stays_finite():
    preparation = learn_channels(np.full((3, 1, 2, 2), 7, dtype=np.uint8))
    assert preparation == ChannelPreparation(scale=(1.0,), shift=(-7.0,))


def test_a_file_changes_nothing(patches):
    preparation = learn_channels(patches)
    assert ChannelPreparation.from_plain(json.loads(json.dumps(preparation.to_plain()))) == preparation


@pytest.mark.parametrize(
    "plain", [{}, {"scale": [1], "shift": []}, {"scale": [0], "shift": [1]}, {"scale": 1, "shift": 2},
              {"scale": ["x"], "shift": [1]}, {"scale": [1], "shift": [float("nan")]}]
)  # fmt: skip
def test_damaged_values_are_told(plain):
    with pytest.raises(CorruptFile, match="preparation of channels is damaged"):
        ChannelPreparation.from_plain(plain)
