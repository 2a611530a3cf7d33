"""Packs are measured soundly: every size that may pay is tried, and the smallest that pays is chosen."""

from __future__ import annotations

import pytest
import torch

from data.digits import load
from models.calibration import HOPELESS, calibrate, smallest_that_pays
from models.configuration import Configuration


@pytest.mark.parametrize(
    ("step_s", "members"),
    [
        ({1: 1.0}, 1),
        ({1: 1.0, 2: 0.6, 4: 0.4}, 4),
        ({1: 1.0, 2: 0.6, 4: 0.7}, 2),
        ({1: 1.0, 2: 0.99}, 1),  # no more than the clock's noise
        ({1: 1.0, 2: 0.98, 4: 0.96}, 4),  # together enough
        ({1: 1.0, 2: 1.2, 4: 0.9}, 4),
    ],
)
def test_the_smallest_size_is_chosen_that_no_larger_one_beats(step_s, members):
    assert smallest_that_pays(step_s) == members


def test_sizes_are_tried_until_the_largest_allowed():
    found = calibrate(Configuration(hidden_units=10), load(), most=8, budget_s=60)
    assert list(found.step_s) == [1, 2, 4, 8]
    assert all(seconds > 0 for seconds in found.step_s.values())
    assert found.members == smallest_that_pays(found.step_s)


def test_no_size_is_tried_once_the_budget_is_spent():
    assert list(calibrate(Configuration(hidden_units=10), load(), most=32, budget_s=0).step_s) == [1]


def test_no_size_is_tried_after_a_hopeless_one(monkeypatch):
    clock = iter([1.0, 2 * 1.5 * HOPELESS, 100.0])
    monkeypatch.setattr("models.calibration._fastest_epoch_s", lambda *_: next(clock))
    assert list(calibrate(Configuration(hidden_units=10), load(), most=32, budget_s=60).step_s) == [1, 2]


def test_a_batch_larger_than_the_split_can_be_measured():
    dataset = load()
    configuration = Configuration(hidden_units=10, batch_size=len(dataset.train) + 1)
    assert calibrate(configuration, dataset, most=1).members == 1


def test_measuring_leaves_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    calibrate(Configuration(hidden_units=10), load(), most=2)
    assert torch.equal(torch.rand(2), expected)
