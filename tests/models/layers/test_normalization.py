"""Packed normalizations against plain PyTorch: outputs, gradients by autograd in float64, and running statistics."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from packtune.models.configuration import Configuration
from packtune.models.layers.normalization.batch_norm import PackedBatchNorm
from packtune.models.layers.normalization.layer_norm import PackedLayerNorm
from packtune.models.optimization.rates import Rates
from packtune.models.optimization.rules.sgd import SGD

CPU = torch.device("cpu")
BATCH, WIDTHS = 6, (5, 3, 4)

# The plain module of a width, the packed layer, and whether it is on maps.
KINDS = {
    "batch norm of units": (nn.BatchNorm1d, PackedBatchNorm, False),
    "batch norm of maps": (nn.BatchNorm2d, PackedBatchNorm, True),
    "layer norm of units": (nn.LayerNorm, PackedLayerNorm, False),
    "layer norm of maps": (lambda channels: nn.GroupNorm(1, channels), PackedLayerNorm, True),
}

kinds = pytest.mark.parametrize("kind", KINDS)


def unit_steps(members):
    """Plain SGD of learning rate 1: the weights then lose exactly their gradient."""
    optimizer = SGD(Rates([Configuration(learning_rate=1.0)] * members, [1] * members, 1), CPU)
    optimizer.begin_epoch(0)
    optimizer.begin_step()
    return optimizer


def modules_of(kind, generator, widths=WIDTHS):
    """Make plain modules, whose weights are no longer all ones and zeros, in float64."""
    modules = [KINDS[kind][0](width).double() for width in widths]
    for parameter in (parameter for module in modules for parameter in module.parameters()):
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return modules


def packed(kind, modules):
    _, layer_type, on_maps = KINDS[kind]
    layer = layer_type(modules, CPU, on_maps=on_maps)
    for parameter in layer.parameters():
        parameter.value = parameter.value.double()
    if isinstance(layer, PackedBatchNorm):
        layer._mean, layer._variance = layer._mean.double(), layer._variance.double()
    return layer


def pack_values(kind, values):
    """Join what plain layers see, [batch, width, ...] of each member, into the values of a pack."""
    padded = [torch.cat([v, v.new_zeros(len(v), max(WIDTHS) - v.shape[1], *v.shape[2:])], 1) for v in values]
    return torch.cat(padded, 1) if KINDS[kind][2] else torch.stack([v.t() for v in padded])


def unpack_values(kind, packed_values, widths=WIDTHS):
    parts = packed_values.chunk(len(widths), 1) if KINDS[kind][2] else [units.t() for units in packed_values]
    return [part[:, :width] for part, width in zip(parts, widths, strict=True)]


def draw(kind, generator, widths=WIDTHS, batch=BATCH):
    size = (4, 5) if KINDS[kind][2] else ()
    return [torch.randn(batch, width, *size, generator=generator, dtype=torch.float64) * 2 + 1 for width in widths]


def assert_padding_is_zero(kind, values, widths=WIDTHS):
    again = pack_values(kind, unpack_values(kind, values, widths))
    torch.testing.assert_close(values, again, rtol=0, atol=0)


@kinds
def test_outputs_and_gradients_are_those_of_autograd(kind):
    generator = torch.Generator().manual_seed(3)
    modules = modules_of(kind, generator)
    layer = packed(kind, modules)
    for _ in range(3):
        inputs = [value.requires_grad_() for value in draw(kind, generator)]
        gradients = draw(kind, generator)
        expected = [module(value) for module, value in zip(modules, inputs, strict=True)]
        torch.autograd.backward(expected, gradients)
        with torch.no_grad():
            before = [parameter.value.clone() for parameter in layer.parameters()]
            output = layer.forward(pack_values(kind, inputs), training=True)
            below = layer.backward(pack_values(kind, gradients), unit_steps(3), needs_input=True)
        assert_padding_is_zero(kind, output)
        assert_padding_is_zero(kind, below)
        torch.testing.assert_close(unpack_values(kind, output), [each.detach() for each in expected])
        torch.testing.assert_close(unpack_values(kind, below), [value.grad for value in inputs])
        for member, module in enumerate(modules):
            for parameter, start, weight in zip(layer.parameters(), before, module.parameters(), strict=True):
                lost = start[member] - parameter.value[member]
                torch.testing.assert_close(lost[: len(weight)], weight.grad)
                assert not lost[len(weight) :].any()
                weight.data -= weight.grad
                weight.grad = None


@kinds
def test_evaluation_is_that_of_the_plain_module_taken_out(kind):
    generator = torch.Generator().manual_seed(4)
    modules = modules_of(kind, generator)
    layer = packed(kind, modules)
    for _ in range(5):
        inputs = draw(kind, generator)
        layer.forward(pack_values(kind, inputs), training=True)
        for module, value in zip(modules, inputs, strict=True):
            module(value)
    inputs = draw(kind, generator)
    before = [buffer.clone() for buffer in layer.state()]
    output = layer.forward(pack_values(kind, inputs), training=False)
    assert_padding_is_zero(kind, output)
    assert all(map(torch.equal, layer.state(), before))
    for member, module in enumerate(modules):
        taken = modules_of(kind, generator)[member]
        with torch.no_grad():
            layer.unpack(member, taken)
        for name, value in module.state_dict().items():
            torch.testing.assert_close(taken.state_dict()[name], value, msg=name)
        torch.testing.assert_close(unpack_values(kind, output)[member], taken.eval()(inputs[member]))


@kinds
def test_members_kept_keep_what_is_theirs(kind):
    generator = torch.Generator().manual_seed(5)
    modules = modules_of(kind, generator)
    whole, part = packed(kind, modules), packed(kind, modules)
    inputs = pack_values(kind, draw(kind, generator))
    for layer in (whole, part):
        layer.forward(inputs, training=True)
    part.keep(torch.tensor([2, 0]))
    values = draw(kind, generator)
    for training in (True, False):
        output = unpack_values(kind, whole.forward(pack_values(kind, values), training=training))
        kept = part.forward(pack_values(kind, [values[2], values[0]]), training=training)
        torch.testing.assert_close(unpack_values(kind, kept, (4, 5)), [output[2], output[0]])
    for buffer, ours in zip(whole.state(), part.state(), strict=True):
        torch.testing.assert_close(ours, buffer[[2, 0]])


def test_a_mini_batch_of_one_leaves_the_running_statistics_alone():
    layer = PackedBatchNorm([nn.BatchNorm1d(4)], CPU, on_maps=False)
    output = layer.forward(torch.randn(1, 4, 1, generator=torch.Generator().manual_seed(1)), training=True)
    torch.testing.assert_close(output, torch.zeros_like(output), rtol=0, atol=1e-4)
    mean, variance, steps = layer.state()
    assert (mean.tolist(), variance.tolist(), steps.tolist()) == ([[0.0] * 4], [[1.0] * 4], [1])


@pytest.mark.parametrize("kind", [kind for kind, (_, _, on_maps) in KINDS.items() if on_maps])
def test_maps_stay_bfloat16_and_channels_last(kind):
    generator = torch.Generator().manual_seed(6)
    modules = [copy.deepcopy(module).float() for module in modules_of(kind, generator, (4, 4, 4))]
    layer = KINDS[kind][1](modules, CPU, on_maps=True)
    values = torch.randn(BATCH, 12, 4, 5, generator=generator).to(torch.bfloat16, memory_format=torch.channels_last)
    with torch.no_grad():
        output = layer.forward(values, training=True)
        below = layer.backward(torch.ones_like(output), unit_steps(3), needs_input=True)
    for tensor in (output, below):
        assert tensor.dtype is torch.bfloat16
        assert tensor.is_contiguous(memory_format=torch.channels_last)
    expected = [module(part.float()) for module, part in zip(modules, values.chunk(3, 1), strict=True)]
    torch.testing.assert_close(output.float(), torch.cat(expected, 1).detach(), rtol=2e-2, atol=2e-2)
