"""How networks of the user's own are trained is found out once, on one thread, and taken over by other processes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from packtune.models.configuration import Configuration, OwnValues
from packtune.models.own.network import from_function
from packtune.models.own.registry import register
from packtune.models.training import own_choice
from packtune.models.training.own_choice import choose_for, share_choice, take_over

SHAPES = {"input_shape": (6,), "outputs": 3}
THREADS = 2
NUMBERS_OF_THREADS = []


class Noted(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(6, 3)

    def forward(self, rows):
        NUMBERS_OF_THREADS.append(torch.get_num_threads())
        return self.layer(rows)


def build(configuration, *, input_shape, outputs):
    return Noted()


@pytest.fixture
def configuration():
    network = from_function(build, {"width": [1, 2]})
    register(network)
    own_choice._choices.clear()
    NUMBERS_OF_THREADS.clear()
    yield Configuration(architecture=network.architecture, own=OwnValues({"width": 1}))
    own_choice._choices.clear()


def choose(configuration):
    return choose_for([configuration] * 4, **SHAPES, device=torch.device("cpu"))


def test_one_thread_computes_it_and_the_others_come_back(configuration):
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        choose(configuration)
        assert torch.get_num_threads() == THREADS
    finally:
        torch.set_num_threads(before)
    assert set(NUMBERS_OF_THREADS) == {1}


def test_another_process_takes_it_over_without_a_call(configuration):
    assert share_choice(configuration, **SHAPES) is None
    chosen = choose(configuration)
    shared = share_choice(configuration, **SHAPES)
    own_choice._choices.clear()
    NUMBERS_OF_THREADS.clear()
    take_over(shared)
    assert choose(configuration) == chosen
    assert NUMBERS_OF_THREADS == []


def test_it_is_found_out_anew_on_another_kind_of_machine(configuration):
    chosen = choose(configuration)
    shared = share_choice(configuration, **SHAPES)
    own_choice._choices.clear()
    NUMBERS_OF_THREADS.clear()
    take_over(replace(shared, machine="another"))
    assert choose(configuration) == chosen
    assert NUMBERS_OF_THREADS


def test_built_in_networks_need_no_choice():
    assert share_choice(Configuration(), **SHAPES) is None
    take_over(None)
