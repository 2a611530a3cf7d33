"""What a network says of labelled examples, held against networks whose answers are known."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from packtune.data.dataset import Split
from packtune.data.description import Head
from packtune.models.configuration import Configuration
from packtune.models.examination import MOST_ROWS, examine, losses_of_columns
from packtune.models.trained_model import TrainedModel


def model_of(network, columns, heads):
    return TrainedModel(
        network=network, configuration=Configuration(), input_shape=(columns,), heads=heads, trained_on="test",
        epochs=1, trial=0, seed=0, validation_accuracy=0.5,
    )  # fmt: skip


def rows(inputs, labels):
    return Split(inputs=torch.tensor(inputs, dtype=torch.float32), labels=torch.tensor(labels))


@pytest.fixture
def identity():
    """Give a network that says the column with the largest number, of three."""
    return model_of(nn.Identity(), 3, (Head(name="class", classes=("a", "b", "c")),))


def test_confusion_and_worst_examples(identity):
    split = rows([[9, 0, 0], [0, 3, 0], [0, 0, 1], [0, 2, 1]], [[0], [0], [2], [2]])
    found = examine(identity, split)
    assert found.n_right == 2
    assert found.confusion(0, 3) == [[1, 1, 0], [0, 0, 0], [0, 1, 1]]
    assert found.worst(12) == [1, 3]
    assert found.worst(1) == [1]
    assert float(found.probabilities[1]) == pytest.approx(1 / (2 + torch.e**3), rel=1e-3)


def test_of_several_heads_an_example_is_right_if_all_are():
    heads = (Head(name="x", classes=("a", "b")), Head(name="y", classes=("a", "b")))
    found = examine(model_of(nn.Identity(), 4, heads), rows([[1, 0, 1, 0], [1, 0, 0, 1]], [[0, 0], [0, 0]]))
    assert found.n_right == 1
    assert found.confusion(0, 2) == [[2, 0], [0, 0]]
    assert found.confusion(1, 2) == [[1, 1], [0, 0]]
    assert found.worst(12) == [1]


def test_shuffling_a_column_that_is_not_looked_at_loses_nothing():
    network = nn.Linear(3, 2, bias=False)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[1.0, 0, 0], [-1.0, 0, 0]]))
    inputs = torch.randn(MOST_ROWS + 300, 3, generator=torch.Generator().manual_seed(0))
    split = Split(inputs=inputs, labels=(inputs[:, :1] < 0).long())
    model = model_of(network, 3, (Head(name="sign", classes=("+", "-")),))
    before = split.inputs.clone()
    needed, unneeded = losses_of_columns(model, split, [[0], [1, 2]], shuffles=3)
    assert all(0.4 < loss < 0.6 for loss in needed)
    assert unneeded == [0, 0, 0]
    assert torch.equal(split.inputs, before)
    assert losses_of_columns(model, split, [[0], [1, 2]], shuffles=3) == [needed, unneeded]
