"""The hand-written NumPy network: the notebook's numbers, and its gradients against two other ways to get them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from packtune.models.scratch import POINTS, TARGETS, TEST_POINTS, ScratchNetwork

PUBLISHED = ("7.0384532", "14.04281483", "21.04717646", "35.05589972", "70.07770787")
WEIGHTS = ("hidden_weights", "hidden_biases", "output_weights")

sizes = st.tuples(st.integers(1, 6), st.integers(1, 8), st.integers(0, 2**32 - 1))


def random_case(inputs, hidden_units, seed):
    rng = np.random.default_rng(seed)
    network = ScratchNetwork(inputs, hidden_units, rng)
    network.hidden_biases[:] = rng.standard_normal(hidden_units)
    return network, rng.standard_normal(inputs), float(rng.standard_normal())


def torch_gradients(network, point, target):
    tensors = [torch.tensor(getattr(network, name), requires_grad=True) for name in WEIGHTS]
    hidden = torch.relu(tensors[0] @ torch.tensor(point) + tensors[1])
    ((target - tensors[2] @ hidden) ** 2 / 2).backward()
    return [tensor.grad.numpy() for tensor in tensors]


def test_the_five_published_predictions_come_out_to_the_printed_digits():
    network = ScratchNetwork()
    network.train()
    for point, published in zip(TEST_POINTS, PUBLISHED, strict=True):
        digits = len(published.split(".")[1])
        assert f"{network.predict(point):.{digits}f}" == published
        assert abs(network.predict(point) - 7 * point[0]) < 0.1


def test_one_step_worked_out_by_hand():
    # (2, 1) gives 3 hidden units of 3 and an output of 9; the target is 10, so the error is -1.
    network = ScratchNetwork()
    network.step((2, 1), 10, learning_rate=0.5)
    np.testing.assert_allclose(network.hidden_weights, [[2, 1.5]] * 3)
    np.testing.assert_allclose(network.hidden_biases, [0.5] * 3)
    np.testing.assert_allclose(network.output_weights, [2.5] * 3)


@given(sizes)
@settings(deadline=None)
def test_gradients_equal_autograd(case):
    network, point, target = random_case(*case)
    ours = network.gradients(point, target)
    for name, expected in zip(WEIGHTS, torch_gradients(network, point, target), strict=True):
        np.testing.assert_allclose(getattr(ours, name), expected, rtol=1e-8, atol=1e-8)


@given(sizes)
@settings(deadline=None)
def test_gradients_agree_with_central_differences(case):
    network, point, target = random_case(*case)
    distance = 1e-6
    # Nearer to the corner of ReLU a difference cannot tell its slope.
    assume(np.abs(network.hidden_weights @ point + network.hidden_biases).min() > 1e-3)
    ours = network.gradients(point, target)
    for name in WEIGHTS:
        weights, gradient = getattr(network, name), getattr(ours, name)
        for index in np.ndindex(weights.shape):
            before = weights[index]
            losses = []
            for shift in (distance, -distance):
                weights[index] = before + shift
                losses.append(network.loss(point, target))
            weights[index] = before
            difference = (losses[0] - losses[1]) / (2 * distance)
            assert gradient[index] == pytest.approx(difference, rel=1e-5, abs=1e-6)


def test_the_slope_of_relu_at_zero_is_zero():
    network = ScratchNetwork(1, 1)
    gradients = network.gradients([0.0], 5.0)
    assert gradients.hidden_weights.item() == 0
    assert gradients.hidden_biases.item() == 0


def test_training_lowers_the_loss_of_any_size():
    network = ScratchNetwork(2, 16, np.random.default_rng(0))

    def total():
        return sum(network.loss(point, target) for point, target in zip(POINTS, TARGETS, strict=True))

    before = total()
    network.train(epochs=200)
    assert total() < before / 100


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"shape \[3\], but the network takes \[2\]"):
        ScratchNetwork().predict([1, 2, 3])
    with pytest.raises(ValueError, match="hidden_units = 0"):
        ScratchNetwork(2, 0)
    with pytest.raises(ValueError, match="shorter"):
        ScratchNetwork().train([(1, 2), (2, 3)], [1.0])
