"""The parts of a pack are measured soundly, and those that are said to give the pack's bytes do."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from data.digits import load
from models.calibration import calibrate
from models.configuration import Configuration
from models.precision import Precision
from models.training import Member, PackTraining

FOUR = [Configuration(hidden_units=10)] * 4
# All that a member may have alone: the widest, a rule of the update, dropout, another activation.
MIXED = [
    Configuration(hidden_units=70, depth=2, learning_rate=0.1),
    Configuration(hidden_units=100, depth=2, learning_rate=0.05, momentum=0.9, activation="tanh"),
    Configuration(hidden_units=65, depth=2, learning_rate=0.05, weight_decay=1e-3, dropout=0.2),
    Configuration(hidden_units=90, depth=2, learning_rate=0.02, momentum=0.5, nesterov=True, activation="gelu"),
]
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}


def test_the_whole_comes_first_then_halves():
    found = calibrate(FOUR, load(), budget_s=60).step_s
    assert next(iter(found)) == 4
    assert set(found) <= {4, 2, 1}
    assert all(seconds > 0 for seconds in found.values())


def test_the_parts_of_an_odd_number_are_tried_too(monkeypatch):
    monkeypatch.setattr("models.calibration._are_equal", lambda *_: True)
    assert list(calibrate([*FOUR, FOUR[0]], load(), budget_s=60).step_s) == [5, 3, 2, 1]


def test_no_parts_are_tried_once_the_budget_is_spent():
    assert list(calibrate(FOUR, load(), budget_s=0).step_s) == [4]


def test_parts_that_give_other_bytes_are_left_out(monkeypatch):
    seen = []

    def only_the_whole(one, other):
        seen.append(one)
        return one is other

    monkeypatch.setattr("models.calibration._are_equal", only_the_whole)
    assert list(calibrate(FOUR, load(), budget_s=60).step_s) == [4]
    assert len(seen) == 3


def test_a_single_bit_makes_bytes_other(monkeypatch):
    from models import calibration

    state = calibration._state

    def with_one_bit(parts, dataset):
        tensors, evaluations = state(parts, dataset)
        if len(parts) == 2:
            last = tensors[0][-1].flatten()
            last[-1:] = torch.nextafter(last[-1:], torch.tensor(1.0))
        return tensors, evaluations

    monkeypatch.setattr(calibration, "_state", with_one_bit)
    assert 2 not in calibrate(FOUR, load(), budget_s=60).step_s


def test_a_batch_larger_than_the_split_can_be_measured():
    dataset = load()
    configuration = Configuration(hidden_units=10, batch_size=len(dataset.train) + 1)
    assert list(calibrate([configuration], dataset).step_s) == [1]


def test_measuring_leaves_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    calibrate(FOUR, load())
    assert torch.equal(torch.rand(2), expected)


def train(dataset, configurations, places, precision, *, leaves=None, epochs=4):
    """Train the members at `places` as a part; the one at place `leaves` is taken out after the first epoch."""
    places = list(places)
    members = [Member(configuration=configurations[place], seed=place) for place in places]
    training = PackTraining(members, dataset, batch_seed=7, precision=precision, whole=configurations)
    for epoch in range(epochs):
        training.train_epoch()
        if epoch == 0 and leaves in places:
            training.keep([i for i, place in enumerate(places) if place != leaves])
            places.remove(leaves)
    evaluations = dict(zip(places, training.evaluate(dataset.validation), strict=True))
    weights = {place: [w.clone() for w in training.unpack(i).state_dict().values()] for i, place in enumerate(places)}
    return evaluations, weights


def check_that_parts_are_the_whole(configurations, precision, leaves=None):
    """Train longer than was measured, and count the sizes whose parts gave the whole pack's bytes, as promised."""
    dataset = load()
    members = len(configurations)
    evaluations, weights = train(dataset, configurations, range(members), precision, leaves=leaves)
    sizes = calibrate(configurations, dataset, precision=precision, budget_s=60).step_s
    for size in sizes:
        for start in range(0, members, size):
            part = range(start, min(members, start + size))
            if list(part) == [leaves]:
                continue
            found, trained = train(dataset, configurations, part, precision, leaves=leaves)
            for place in found:
                assert found[place] == evaluations[place]
                assert all(map(torch.equal, trained[place], weights[place]))
    return len(sizes)


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.BFLOAT16])
@pytest.mark.parametrize("leaves", [None, 1, 3])
def test_parts_go_on_giving_the_bytes_of_the_whole(precision, leaves):
    check_that_parts_are_the_whole(MIXED, precision, leaves)


@pytest.mark.parametrize("variables", [{}, AVX2], ids=["native", "avx2"])
def test_parts_go_on_giving_the_bytes_of_the_whole_with_other_products(variables):
    """With AVX2 a row's sum depends on its place in a product: not all sizes are allowed, and those that are hold."""
    script = (
        "import torch; torch.set_num_threads(1); from tests.models.test_calibration import *; "
        "wide = [Configuration(hidden_units=128, batch_size=32, momentum=0.5)] * 4; "
        "print([check_that_parts_are_the_whole(c, Precision.FLOAT32) for c in (MIXED, wide, FOUR)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    sizes = [int(n) for n in done.stdout.strip()[1:-1].split(",")]
    assert all(1 <= n <= 3 for n in sizes)
