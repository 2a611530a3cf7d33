"""Channels are standardised by the training images."""

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from packtune.data.columns.channels import learn_channels
from packtune.data.description import Scaling


@pytest.fixture(scope="module")
def patches():
    """Patches of a colour photograph, uint8 [n, 3, 32, 32]."""
    image = load_sample_image("china.jpg")[:416, :640]
    return image.reshape(13, 32, 20, 32, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, 32, 32)


def test_channels_get_mean_0_and_deviation_1(patches):
    scaling = learn_channels(patches)
    factors, offsets = (np.array(numbers)[:, None, None] for numbers in (scaling.factors, scaling.offsets))
    prepared = patches * factors + offsets
    np.testing.assert_allclose(prepared.mean((0, 2, 3)), 0, atol=1e-10)
    np.testing.assert_allclose(prepared.std((0, 2, 3)), 1, rtol=1e-10)


def test_a_channel_of_one_level_stays_finite():
    assert learn_channels(np.full((3, 1, 2, 2), 7, dtype=np.uint8)) == Scaling(factors=(1.0,), offsets=(-7.0,))
