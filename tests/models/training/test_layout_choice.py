"""How a network of the user's own is trained: by packed layers or at once wherever it then computes the same."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from packtune.models import packed_network
from packtune.models.modules.calls import Way
from packtune.models.modules.parts import WHOLE
from packtune.models.training.layout_choice import KNOWN, choose_layout

COLUMNS, PIXELS, OUTPUTS, BATCH = 13, 12, 3, 32


def of_table(*first):
    """Build a network for a table from its layers before the last one, of 8 units."""
    return lambda: nn.Sequential(*(layer() for layer in first), nn.Linear(8, OUTPUTS))


def of_images(features, *first):
    return lambda: nn.Sequential(*(layer() for layer in first), nn.Flatten(), nn.Linear(features, OUTPUTS))


def linear():
    return nn.Linear(COLUMNS, 8)


def conv(**values):
    return lambda: nn.Conv2d(1, 4, 3, **values)


TABLES = {
    "normalized after its first layer": (of_table(linear, lambda: nn.LayerNorm(8), nn.GELU), KNOWN),
    "batch normalization": (of_table(linear, lambda: nn.BatchNorm1d(8), nn.ReLU), KNOWN),
    "flatten": (of_table(nn.Flatten, linear, nn.ReLU), KNOWN),
    "in place": (of_table(linear, lambda: nn.ReLU(inplace=True), lambda: nn.Dropout(0.1, inplace=True)), KNOWN),
    "dropout of the inputs": (of_table(lambda: nn.Dropout(0.2), linear, nn.ReLU), Way.VECTORISED),
    "activation of the inputs": (of_table(nn.ReLU, linear), Way.VECTORISED),
    "inputs normalized": (of_table(lambda: nn.BatchNorm1d(COLUMNS), linear), Way.VECTORISED),
    "settings that packs do not have": (of_table(linear, lambda: nn.ELU(2.0)), Way.VECTORISED),
}
IMAGES = {
    "convolution": (of_images(400, conv(), lambda: nn.BatchNorm2d(4), nn.ReLU), KNOWN),
    "pooling first": (of_images(36, lambda: nn.MaxPool2d(2)), KNOWN),
    "dropout of the inputs": (of_images(144, lambda: nn.Dropout(0.2)), Way.VECTORISED),
    "groups normalized": (of_images(400, conv(), lambda: nn.GroupNorm(2, 4), nn.ReLU), Way.VECTORISED),
    "padding by reflection": (of_images(576, conv(padding=1, padding_mode="reflect"), nn.ReLU), Way.VECTORISED),
}
CASES = [(build, (COLUMNS,), way) for build, way in TABLES.values()]
CASES += [(build, (1, PIXELS, PIXELS), way) for build, way in IMAGES.values()]
NAMES = [f"table: {name}" for name in TABLES] + [f"images: {name}" for name in IMAGES]


def choose(build, input_shape):
    def make(seed):
        torch.manual_seed(seed)
        return build()

    return choose_layout(make, torch.rand(8, *input_shape), OUTPUTS, BATCH)


@pytest.mark.parametrize(("build", "input_shape", "way"), CASES, ids=NAMES)
def test_sequential_networks_are_not_called_one_by_one(build, input_shape, way):
    assert str(choose(build, input_shape)).startswith(way)


def test_packed_layers_that_compute_something_else_are_not_used(monkeypatch):
    build, _ = TABLES["normalized after its first layer"]
    monkeypatch.setattr(packed_network, "_gives_maps", lambda *given, **named: True)
    layout = choose(build, (COLUMNS,)).layout
    assert layout.parts == (WHOLE,)
    assert layout.way is Way.VECTORISED
