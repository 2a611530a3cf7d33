"""The hand-written gradients of the packed layers against autograd, in float64."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional

from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.layers.activation_layer import PackedActivation
from packtune.models.layers.activations import ACTIVATIONS, activation_of, is_activation
from packtune.models.layers.conv2d import PackedConv2d
from packtune.models.layers.dropout import PackedDropout
from packtune.models.layers.flatten import PackedFlattenImages, PackedFlattenMaps
from packtune.models.layers.global_pooling import PackedGlobalPooling
from packtune.models.layers.linear import PackedLinear, PackedSharedLinear
from packtune.models.layers.max_pool2d import PackedMaxPool2d
from packtune.models.layers.residual import PackedResidual, ResidualBlock
from packtune.models.optimization.rates import Rates
from packtune.models.optimization.rules.sgd import SGD
from packtune.models.packed_network import PackedNetwork
from packtune.models.training.loss import loss_gradient

CPU = torch.device("cpu")
BATCH = 6


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def normal(generator, *shape):
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def make(module_type, *args, **kwargs):
    """Make plain modules from a seed of their own, in float64."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return [module_type(*args, **kwargs).double() for _ in range(3)]


def in_float64(layer):
    for parameter in layer.parameters():
        parameter.value = parameter.value.double()
    return layer


def unit_steps(members):
    """Plain SGD of learning rate 1: the weights then lose exactly their gradient."""
    optimizer = SGD(Rates([Configuration(learning_rate=1.0)] * members, [1] * members, 1), CPU)
    optimizer.begin_epoch(0)
    optimizer.begin_step()
    return optimizer


def units_of(values, member):
    """Take a member's values out of units [members, units, batch], as a plain layer sees them: [batch, units]."""
    return values[member].t()


def maps_of(values, member, members):
    """Take a member's values out of maps [batch, members * channels, rows, columns]."""
    return values.chunk(members, dim=1)[member]


def check(layer, modules, values, take_input, take_output):
    """Compare output, weight gradients and input gradient with autograd on each member's plain module."""
    members = len(modules)
    plain_input = values.clone().requires_grad_()
    expected = [module(take_input(plain_input, member)) for member, module in enumerate(modules)]
    with torch.no_grad():
        before = [parameter.value.clone() for parameter in layer.parameters()]
        output = layer.forward(values, training=True)
        gradient = torch.rand(output.shape, generator=torch.Generator().manual_seed(1), dtype=output.dtype) - 0.3
        below = layer.backward(gradient.clone(), unit_steps(members), needs_input=True)
    torch.autograd.backward(expected, [take_output(gradient, member) for member in range(members)])
    for member, (module, plain) in enumerate(zip(modules, expected, strict=True)):
        torch.testing.assert_close(take_output(output, member), plain.detach())
        for parameter, start, weight in zip(layer.parameters(), before, module.parameters(), strict=True):
            torch.testing.assert_close(start[member] - parameter.value[member], weight.grad)
    if below is not None:
        torch.testing.assert_close(below, plain_input.grad)
    return below


def test_shared_linear(generator):
    modules = make(nn.Linear, 5, 4)
    layer = in_float64(PackedSharedLinear(modules, CPU))
    below = check(layer, modules, normal(generator, BATCH, 5), lambda x, m: x, units_of)
    assert below is None


def test_linear(generator):
    modules = make(nn.Linear, 5, 4)
    layer = in_float64(PackedLinear(modules, CPU))
    assert check(layer, modules, normal(generator, 3, 5, BATCH), units_of, units_of) is not None


@pytest.mark.parametrize("geometry", [{}, {"padding": 1}, {"stride": 2, "padding": (2, 1)}, {"dilation": 2}], ids=str)
@pytest.mark.parametrize("kernel_size", [3, (3, 2)], ids=str)
def test_convolution_on_images(kernel_size, geometry, generator):
    modules = make(nn.Conv2d, 1, 4, kernel_size, **geometry)
    layer = in_float64(PackedConv2d(modules, CPU, shared_input=True))
    images = normal(generator, BATCH, 1, 8, 7)
    check(layer, modules, images, lambda x, m: x, lambda y, m: maps_of(y, m, 3))


@pytest.mark.parametrize("geometry", [{}, {"padding": 1}, {"stride": 2, "padding": (2, 1)}, {"dilation": 2}], ids=str)
@pytest.mark.parametrize("kernel_size", [3, (3, 2)], ids=str)
def test_convolution_on_maps(kernel_size, geometry, generator):
    modules = make(nn.Conv2d, 2, 4, kernel_size, **geometry)
    layer = in_float64(PackedConv2d(modules, CPU, shared_input=False))
    maps = normal(generator, BATCH, 3 * 2, 8, 7)
    below = check(layer, modules, maps, lambda x, m: maps_of(x, m, 3), lambda y, m: maps_of(y, m, 3))
    assert below is not None


@pytest.mark.parametrize("geometry", [{}, {"padding": 1}, {"stride": 2}], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_depthwise_convolution(bias, geometry, generator):
    modules = make(nn.Conv2d, 4, 4, 3, groups=4, bias=bias, **geometry)
    layer = in_float64(PackedConv2d(modules, CPU, shared_input=False))
    layer.bias.value = layer.bias.value.double()
    maps = normal(generator, BATCH, 3 * 4, 8, 7)
    below = check(layer, modules, maps, lambda x, m: maps_of(x, m, 3), lambda y, m: maps_of(y, m, 3))
    assert below is not None


@pytest.mark.parametrize("layer", [nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 8, 3, groups=4)], ids=str)
def test_convolutions_in_other_groups_are_refused(layer):
    with pytest.raises(ValueError, match="packs do not support the layer Conv2d there"):
        packed([nn.Conv2d(1, 4, 3), layer, nn.Flatten(), nn.Linear(4, 2)])


def test_global_pooling(generator):
    values = normal(generator, BATCH, 3 * 2, 4, 5)
    modules = make(nn.AdaptiveAvgPool2d, 1)
    below = check(PackedGlobalPooling(), modules, values, lambda x, m: maps_of(x, m, 3), lambda y, m: maps_of(y, m, 3))
    assert below.is_contiguous(memory_format=torch.channels_last)


def test_residual_block(generator):
    modules = make(lambda: ResidualBlock(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 5)))
    bodies = list(zip(*(module.body for module in modules), strict=True))
    inner = [in_float64(PackedLinear(bodies[0], CPU)), PackedActivation(bodies[1], on_maps=False)]
    layer = PackedResidual([*inner, in_float64(PackedLinear(bodies[2], CPU))])
    assert check(layer, modules, normal(generator, 3, 5, BATCH), units_of, units_of) is not None


def test_first_convolution_gives_no_input_gradient(generator):
    layer = in_float64(PackedConv2d(make(nn.Conv2d, 1, 2, 3), CPU, shared_input=True))
    output = layer.forward(normal(generator, BATCH, 1, 6, 6), training=True)
    assert layer.backward(torch.ones_like(output), unit_steps(3), needs_input=False) is None


@pytest.mark.parametrize("window", [{"kernel_size": 2}, {"kernel_size": (2, 4), "stride": (2, 3)}], ids=str)
def test_max_pooling(window, generator):
    modules = make(nn.MaxPool2d, **window)
    values = normal(generator, BATCH, 3 * 2, 9, 10)
    below = check(
        PackedMaxPool2d(modules), modules, values, lambda x, m: maps_of(x, m, 3), lambda y, m: maps_of(y, m, 3)
    )
    assert below is not None


def test_padded_max_pooling(generator):
    modules = make(nn.MaxPool2d, 3, padding=1)
    values = normal(generator, BATCH, 3 * 2, 7, 7)
    check(PackedMaxPool2d(modules), modules, values, lambda x, m: maps_of(x, m, 3), lambda y, m: maps_of(y, m, 3))


def test_flatten_maps_has_the_order_of_torch(generator):
    values = normal(generator, BATCH, 3 * 2, 4, 5)
    below = check(PackedFlattenMaps(3), make(nn.Flatten), values, lambda x, m: maps_of(x, m, 3), units_of)
    assert below is not None
    assert below.is_contiguous(memory_format=torch.channels_last)


def test_flatten_maps_keeps_channels_last(generator):
    values = normal(generator, BATCH, 3 * 2, 4, 5).to(memory_format=torch.channels_last)
    below = check(PackedFlattenMaps(3), make(nn.Flatten), values, lambda x, m: maps_of(x, m, 3), units_of)
    assert below.is_contiguous(memory_format=torch.channels_last)


def test_flatten_images_is_shared(generator):
    values = normal(generator, BATCH, 1, 4, 5)
    assert torch.equal(PackedFlattenImages().forward(values, training=True), nn.Flatten()(values))


@pytest.mark.parametrize("names", [*pairwise(ACTIVATIONS), ("tanh", "tanh")], ids="-".join)
def test_mixed_activations_on_units(names, generator):
    modules = [ACTIVATIONS[name].module() for name in (names[0], names[0], names[1])]
    check(PackedActivation(modules, on_maps=False), modules, normal(generator, 3, 5, BATCH), units_of, units_of)


@pytest.mark.parametrize("names", [*pairwise(ACTIVATIONS), ("tanh", "tanh")], ids="-".join)
def test_mixed_activations_on_maps(names, generator):
    modules = [ACTIVATIONS[name].module() for name in (names[0], names[1], names[0])]
    maps = normal(generator, BATCH, 3 * 2, 4, 5)
    check(
        PackedActivation(modules, on_maps=True),
        modules,
        maps,
        lambda x, m: maps_of(x, m, 3),
        lambda y, m: maps_of(y, m, 3),
    )


def test_activations_kept_follow_their_members(generator):
    modules = [ACTIVATIONS[name].module() for name in ("relu", "tanh", "silu")]
    layer = PackedActivation(modules, on_maps=False)
    layer.keep(torch.tensor([2, 0]))
    check(layer, [modules[2], modules[0]], normal(generator, 2, 5, BATCH), units_of, units_of)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_maps_zero_to_zero(name):
    zero = torch.zeros(3)
    assert torch.equal(ACTIVATIONS[name].forward(zero), zero)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_activation_equals_its_module_and_autograd(name, dtype):
    activation = ACTIVATIONS[name]
    # Zero included: there the derivative of ReLU is 0, as in PyTorch.
    values = torch.linspace(-4, 4, 81, dtype=dtype).requires_grad_()
    values.data[40] = 0
    expected = activation.module()(values)
    gradient = torch.linspace(-1, 2, 81, dtype=dtype)
    expected.backward(gradient)
    with torch.no_grad():
        output = activation.forward(values)
        torch.testing.assert_close(output, expected)
        torch.testing.assert_close(activation.backward(gradient, values, output), values.grad)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_is_found_by_its_module(name):
    module = ACTIVATIONS[name].module()
    assert is_activation(module)
    assert activation_of(module) is ACTIVATIONS[name]
    assert not is_activation(nn.Linear(1, 1))


def dropouts(*rates, seed=0):
    modules = [nn.Dropout(rate) for rate in rates]
    return PackedDropout(modules, CPU, torch.Generator().manual_seed(seed))


def test_dropout_drops_at_each_members_rate():
    rates, units, batch = (0.0, 0.1, 0.5, 0.9), 100, 2000
    dropped = dropouts(*rates).forward(torch.ones(4, units, batch), training=True)
    for rate, values in zip(rates, dropped, strict=True):
        # Five standard deviations of the share among 200,000 draws.
        tolerance = 5 * (rate * (1 - rate) / (units * batch)) ** 0.5
        assert (values == 0).double().mean().item() == pytest.approx(rate, abs=tolerance + 1e-12)
        torch.testing.assert_close(values[values != 0], torch.full_like(values[values != 0], 1 / (1 - rate)))


def test_dropout_draws_anew_each_time():
    layer = dropouts(0.5)
    ones = torch.ones(1, 20, 30)
    assert not torch.equal(layer.forward(ones, training=True), layer.forward(ones, training=True))


def test_dropout_backward_uses_the_mask_of_forward(generator):
    layer = dropouts(0.0, 0.3, 0.8)
    values = normal(generator, 3, 20, 30)
    mask = layer.forward(values, training=True) / values
    gradient = normal(generator, 3, 20, 30)
    torch.testing.assert_close(layer.backward(gradient, unit_steps(3), needs_input=True), gradient * mask)


def test_dropout_does_nothing_in_evaluation_and_draws_nothing():
    layer, twin = dropouts(0.5), dropouts(0.5)
    ones = torch.ones(1, 20, 30)
    assert torch.equal(layer.forward(ones, training=False), ones)
    assert torch.equal(layer.forward(ones, training=True), twin.forward(ones, training=True))


def test_dropout_masks_are_nested_by_rate():
    """Common random numbers: what a low rate drops, a higher one drops too."""
    low, high = dropouts(0.2, 0.6).forward(torch.ones(2, 50, 40), training=True) == 0
    assert torch.all(high[low])


@pytest.mark.parametrize("units", [9, 13, 16])
def test_dropout_draws_of_widths_between_the_same_powers_of_two_agree(units):
    layer, widest = dropouts(0.5), dropouts(0.5, 0.1)
    for _ in range(3):
        mask = layer.forward(torch.ones(1, units, 7), training=True)
        assert torch.equal(mask[0], widest.forward(torch.ones(2, 16, 7), training=True)[0, :units])


def test_dropout_kept_follows_its_members():
    layer, twin = dropouts(0.0, 0.5, 0.9), dropouts(0.9, 0.0)
    layer.keep(torch.tensor([2, 0]))
    ones = torch.ones(2, 20, 30)
    assert torch.equal(layer.forward(ones, training=True), twin.forward(ones, training=True))
    layer.keep(torch.tensor([1]))
    assert torch.equal(layer.forward(ones[:1], training=True), ones[:1])


@pytest.mark.parametrize("heads", [1, 2])
def test_loss_gradient_equals_autograd(heads, generator):
    members, classes = 3, 10
    logits = (4 * normal(generator, members, heads * classes, BATCH)).requires_grad_()
    labels = torch.randint(classes, (BATCH, heads), generator=generator)
    targets = functional.one_hot(labels, classes).flatten(1).t().double()
    for member in logits:
        scores = member.t().unflatten(1, (heads, classes))
        losses = [functional.cross_entropy(scores[:, head], labels[:, head]) for head in range(heads)]
        torch.stack(losses).mean().backward(retain_graph=True)
    torch.testing.assert_close(loss_gradient(logits.detach(), targets, classes), logits.grad)


def test_loss_gradient_is_finite_for_large_logits():
    logits = torch.full((1, 10, 2), -1e4)
    logits[0, 3] = 1e4
    targets = torch.zeros(10, 2)
    targets[5] = 1
    gradient = loss_gradient(logits, targets, 10)
    assert gradient[0, 3].tolist() == [0.5, 0.5]
    assert gradient[0, 5].tolist() == [-0.5, -0.5]


def packed(*networks):
    return PackedNetwork([nn.Sequential(*layers) for layers in networks], device=CPU)


def test_layers_of_other_kinds_are_refused():
    with pytest.raises(ValueError, match="must have the same layers"):
        packed([nn.Flatten(), nn.Linear(4, 2)], [nn.Flatten(), nn.ReLU()])
    with pytest.raises(ValueError, match="must have the same layers"):
        packed([nn.Flatten(), nn.Linear(4, 2), nn.ReLU()], [nn.Flatten(), nn.Linear(4, 2), nn.Dropout()])


@pytest.mark.parametrize(
    "layer",
    [
        nn.LSTM(4, 4),
        nn.BatchNorm1d(4),  # of features that members share
        nn.Sequential(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_unknown_layers_are_refused(layer):
    with pytest.raises(ValueError, match=f"packs do not support the layer {type(layer).__name__} there"):
        packed([nn.Flatten(), layer, nn.Linear(4, 2)])


@pytest.mark.parametrize(
    "layer",
    [
        nn.BatchNorm1d(4, affine=False),
        nn.BatchNorm1d(4, track_running_stats=False),
        nn.BatchNorm1d(4, momentum=None),
        nn.LayerNorm(4, elementwise_affine=False),
        nn.LayerNorm(4, bias=False),
        nn.GroupNorm(1, 4),
    ],
    ids=str,
)
def test_normalizations_in_other_forms_are_refused(layer):
    with pytest.raises(ValueError, match="packs do not support the layer"):
        packed([nn.Flatten(), nn.Linear(4, 4), layer, nn.Linear(4, 2)])


@pytest.mark.parametrize("other", [nn.BatchNorm1d(4, eps=1e-3), nn.BatchNorm1d(4, momentum=0.2)], ids=str)
def test_normalizations_that_differ_are_refused(other):
    networks = ([nn.Flatten(), nn.Linear(4, 4), each, nn.Linear(4, 2)] for each in (nn.BatchNorm1d(4), other))
    with pytest.raises(ValueError, match="must have the same layers"):
        packed(*networks)


@pytest.mark.parametrize(
    ("activation", "first"), [("relu", PackedMaxPool2d), ("leaky_relu", PackedActivation), ("tanh", PackedActivation)]
)
def test_pooling_comes_before_activations_where_the_bytes_stay_the_same(activation, first):
    configuration = Configuration(architecture="cnn", activation=activation, filters=2, hidden_units=4)
    plain = build_network(configuration, input_shape=(1, 12, 11), outputs=10, seed=1)
    network = PackedNetwork([plain], device=CPU)
    assert type(network._layers[1]) is first


def test_pooling_first_gives_the_same_bytes():
    generator = torch.Generator().manual_seed(4)
    modules = [nn.ReLU(), nn.ReLU()], [nn.MaxPool2d((2, 3), stride=(2, 1))] * 2
    maps = torch.randn(BATCH, 4, 8, 9, generator=generator).to(memory_format=torch.channels_last)
    maps[:, :, :4] = maps[:, :, :4].clamp(max=0)  # windows without a positive number too
    optimizer, results = unit_steps(2), []
    for pool_first in (False, True):
        layers = [PackedActivation(modules[0], on_maps=True), PackedMaxPool2d(modules[1])]
        if pool_first:
            layers.reverse()
        values = maps
        for layer in layers:
            values = layer.forward(values, training=True)
        gradient = torch.rand(values.shape, generator=torch.Generator().manual_seed(1))
        below = gradient
        for layer in reversed(layers):
            below = layer.backward(below, optimizer, needs_input=True)
        results.append((values, below))
    for plain, swapped in zip(*results, strict=True):
        assert torch.equal(plain, swapped)
