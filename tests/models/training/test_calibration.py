"""The parts of a pack are measured soundly, and those that are said to give the pack's bytes do."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest
import torch

from packtune.data.sets.digits import load
from packtune.models.configuration import Configuration
from packtune.models.hardware.precision import Precision
from packtune.models.training.calibration import _parts, calibrate, may_be_split
from packtune.models.training.pack_training import Member, PackTraining

FOUR = [Configuration(hidden_units=10)] * 4
WIDE = [Configuration(hidden_units=128, batch_size=32)] * 4
# All that a member may have alone: the widest, a rule of the update, dropout, another activation.
MIXED = [
    Configuration(hidden_units=70, depth=2, learning_rate=0.1),
    Configuration(hidden_units=100, depth=2, learning_rate=0.05, momentum=0.9, activation="leaky_relu"),
    Configuration(hidden_units=65, depth=2, learning_rate=0.05, weight_decay=1e-3, dropout=0.2),
    Configuration(hidden_units=90, depth=2, learning_rate=0.02, momentum=0.5, nesterov=True, activation="identity"),
]
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}


def always_equal(monkeypatch):
    monkeypatch.setattr("packtune.models.training.calibration._are_equal", lambda *_: True)


def test_the_whole_comes_first_then_halves(monkeypatch):
    always_equal(monkeypatch)
    found = calibrate([*WIDE, WIDE[0]], load(), budget_s=60).step_s
    assert list(found) == [5, 3, 2, 1]
    assert all(seconds > 0 for seconds in found.values())


def test_no_parts_are_tried_where_that_would_take_too_long(monkeypatch):
    always_equal(monkeypatch)
    assert list(calibrate(WIDE, load(), budget_s=0).step_s) == [4]


def test_a_few_steps_that_take_seconds_are_not_even_begun(monkeypatch):
    monkeypatch.setattr("packtune.models.training.calibration._epoch_s", lambda parts: pytest.fail("it was timed"))
    large = [Configuration(hidden_units=256, depth=8, batch_size=8192)] * 2
    assert list(calibrate(large, load()).step_s) == [2]


@pytest.mark.parametrize("size", [3, 1])
def test_one_size_that_gives_other_bytes_forbids_all_parts(monkeypatch, size):
    """Members that diverge leave: a pack of four may go on with three, a part of two with one."""
    compared = []

    def all_but_one(one, other):
        compared.append(one)
        return len(compared) != 4 - size

    monkeypatch.setattr("packtune.models.training.calibration._are_equal", all_but_one)
    assert list(calibrate(WIDE, load(), budget_s=60).step_s) == [4]
    assert len(compared) == 4 - size


def test_a_single_bit_makes_bytes_other(monkeypatch):
    from packtune.models.training import calibration

    state = calibration._states

    def with_one_bit(parts, dataset):
        tensors, evaluations = state(parts, dataset)
        if len(parts) == 2:
            last = tensors[0][-1].view(-1)
            last[-1:] = torch.nextafter(last[-1:], torch.tensor(1.0))
        return tensors, evaluations

    monkeypatch.setattr(calibration, "_states", with_one_bit)
    assert list(calibrate(WIDE, load(), budget_s=60).step_s) == [4]


@pytest.mark.parametrize("name", ["tanh", "gelu", "silu", "elu"])
def test_an_activation_with_exponentials_forbids_parts(monkeypatch, name):
    """The last numbers of a tensor are computed by another method than those that fill a vector."""
    always_equal(monkeypatch)
    other = dataclasses.replace(WIDE[0], activation=name)
    assert list(calibrate([*WIDE, other], load(), budget_s=60).step_s) == [5]
    assert not may_be_split(other)
    assert may_be_split(WIDE[0])
    assert not may_be_split(Configuration(architecture="cnn"))


def test_a_rate_that_is_much_too_large_forbids_nothing_and_breaks_nothing(monkeypatch):
    wild = [dataclasses.replace(WIDE[0], learning_rate=100.0, depth=8, momentum=0.99, activation="identity")] * 2
    assert next(iter(calibrate(wild, load(), budget_s=60).step_s)) == 2


def test_a_rate_that_is_too_small_to_show_a_difference_is_not_measured_with(monkeypatch):
    seen = []
    monkeypatch.setattr("packtune.models.training.calibration._parts", lambda c, *_: seen.append(c) or _parts(c, *_))
    calibrate([dataclasses.replace(WIDE[0], learning_rate=1e-8, momentum=1e-9, weight_decay=1e-9)] * 2, load())
    assert {(c.learning_rate, c.momentum, c.weight_decay) for c in seen[0]} == {(0.1, 0.5, 1e-3)}


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


def train(dataset, configurations, indices, precision, *, leaves=None, epochs=4):
    """Train the members at `indices` as a part; the one at index `leaves` is taken out after the first epoch."""
    indices = list(indices)
    members = [Member(configuration=configurations[index], seed=index) for index in indices]
    training = PackTraining(members, dataset, batch_seed=7, precision=precision, pack_configurations=configurations)
    for epoch in range(epochs):
        training.train_epoch()
        if epoch == 0 and leaves in indices:
            training.keep([i for i, index in enumerate(indices) if index != leaves])
            indices.remove(leaves)
    evaluations = dict(zip(indices, training.evaluate(dataset.validation), strict=True))
    weights = {index: [w.clone() for w in training.unpack(i).state_dict().values()] for i, index in enumerate(indices)}
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
            for index in found:
                assert found[index] == evaluations[index]
                assert all(map(torch.equal, trained[index], weights[index]))
    return len(sizes)


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.BFLOAT16])
@pytest.mark.parametrize("leaves", [None, 1, 3])
def test_parts_go_on_giving_the_bytes_of_the_whole(precision, leaves):
    check_that_parts_are_the_whole(MIXED, precision, leaves)


@pytest.mark.parametrize("batch_size", [16, 20, 33, 64])
def test_parts_go_on_giving_the_bytes_of_the_whole_with_odd_sizes(batch_size):
    odd = [dataclasses.replace(c, batch_size=batch_size, hidden_units=101 - i) for i, c in enumerate(MIXED)]
    check_that_parts_are_the_whole([*odd, odd[0]], Precision.FLOAT32, 2)


@pytest.mark.parametrize("variables", [{}, AVX2], ids=["native", "avx2"])
def test_parts_go_on_giving_the_bytes_of_the_whole_with_other_products(variables):
    """With AVX2 a row's sum depends on its index in a product."""
    script = (
        "import torch; torch.set_num_threads(1); from tests.models.training.test_calibration import *; "
        "wide = [dataclasses.replace(WIDE[0], momentum=0.5)] * 4; "
        "print([check_that_parts_are_the_whole(c, Precision.FLOAT32, leaves) "
        "for c in (MIXED, wide, FOUR) for leaves in (None, 3)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    sizes = [int(n) for n in done.stdout.strip()[1:-1].split(",")]
    assert all(1 <= n <= 3 for n in sizes)
