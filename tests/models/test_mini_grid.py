"""The ten configurations of the reference's mini grid on real MNIST: in packs and alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest
import torch

from packtune.data.description import PIXEL_SCALE
from packtune.data.sets import mnist
from packtune.models.configuration import Configuration
from packtune.models.training.pack_training import Member, PackTraining

MNIST_DIR = Path(__file__).parents[2].parent / "shared" / "data" / "mnist"
N_TRAIN = 6_400
BATCH_SEED = 3

VARIATIONS = {
    "baseline": {},
    "learning rate": {"learning_rate": 0.01},
    "momentum": {"momentum": 0.9},
    "activation": {"activation": "leaky_relu"},
    "batch size": {"batch_size": 64},
}

pytestmark = pytest.mark.skipif(not MNIST_DIR.is_dir(), reason=f"real MNIST is not at {MNIST_DIR}")


@pytest.fixture(scope="module")
def dataset():
    whole = mnist.load(MNIST_DIR)
    return replace(whole, train=whole.train.first(N_TRAIN), validation=whole.validation.first(2_000))


def grid():
    """The ten members, those of one width and batch size next to each other."""
    return [
        Member(configuration=Configuration(hidden_units=hidden_units, **values), seed=12321)
        for hidden_units in (10, 128)
        for values in VARIATIONS.values()
    ]


def train_in_packs(dataset):
    """Train the grid in packs of one width and batch size: a training for each pack, and its members."""

    def shape(member):
        return member.configuration.hidden_units, member.configuration.batch_size

    for _, members in groupby(grid(), shape):
        pack = list(members)
        training = PackTraining(pack, dataset, batch_seed=BATCH_SEED)
        training.train_epoch()
        yield training, pack


@torch.no_grad()
def accuracy(network, split):
    predicted = network.eval()(split.inputs.float() / PIXEL_SCALE).argmax(1)
    return (predicted == split.labels[:, 0]).double().mean().item()


def test_packs_reach_the_accuracies_of_training_alone(dataset, train_alone):
    compared = 0
    for training, members in train_in_packs(dataset):
        for member, ours in zip(members, training.evaluate(dataset.validation), strict=True):
            alone = train_alone(member, dataset, batch_seed=BATCH_SEED, epochs=1)[-1]
            expected = accuracy(alone, dataset.validation)
            # Momentum 0.9 at learning rate 0.1 is chaotic: it carries rounding to a few images of the 2,000.
            tolerance = 0.02 if member.configuration.momentum else 0.0015
            assert ours.accuracy == pytest.approx(expected, abs=tolerance), member.configuration
            assert ours.accuracy > 0.3, member.configuration  # a slow learning rate, but far above chance
            compared += 1
    assert compared == 10
