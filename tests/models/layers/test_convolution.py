"""Convolutions as products over unfolded maps give the numbers of PyTorch's own, forward and backward."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from packtune.models.configuration import Configuration
from packtune.models.layers.conv2d import PackedConv2d
from packtune.models.layers.convolution import LIBRARY, UNFOLDED, Geometry, choose_convolution
from packtune.models.training.pack_training import Member, PackTraining

MEMBERS, FILTERS, BATCH = 3, 4, 5
GEOMETRIES = {
    "plain": {},
    "padded": {"padding": (1, 2)},
    "strided": {"stride": (2, 1), "padding": (2, 1)},
    "dilated": {"dilation": (2, 1)},
    "all": {"stride": (2, 3), "padding": (1, 0), "dilation": (1, 2)},
}


@pytest.fixture(params=GEOMETRIES)
def moves(request):
    return {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), **GEOMETRIES[request.param]}


@pytest.fixture
def draw():
    generator = torch.Generator().manual_seed(3)
    return lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last], ids=str)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (3, 2)], ids=str)
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("way", [LIBRARY, UNFOLDED], ids=lambda way: type(way).__name__)
def test_output_and_gradients_are_those_of_autograd(way, shared, kernel, channels, memory_format, moves, draw):
    planes = channels if shared else MEMBERS * channels
    values = draw(BATCH, planes, 9, 8).to(memory_format=memory_format).requires_grad_()
    weight, bias = draw(MEMBERS, FILTERS, channels, *kernel).requires_grad_(), draw(MEMBERS, FILTERS).requires_grad_()
    expected = functional.conv2d(values, weight.flatten(0, 1), bias.flatten(), **moves, groups=1 if shared else MEMBERS)
    gradient = draw(*expected.shape).to(memory_format=memory_format)
    expected.backward(gradient)
    geometry = Geometry(**moves, shared_input=shared)
    with torch.no_grad():
        output, saved = way.forward(geometry, values, weight, bias)
        below, weights, biases = way.backward(geometry, gradient, saved, values.shape, weight, needs_input=True)
    torch.testing.assert_close(output, expected.detach())
    assert output.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(below, values.grad)
    torch.testing.assert_close(weights, weight.grad)
    torch.testing.assert_close(biases, bias.grad)


def test_bfloat16_differs_by_its_rounding_only(moves, draw):
    geometry = Geometry(**moves, shared_input=False)
    values, weight, bias = draw(BATCH, MEMBERS * 2, 9, 8), draw(MEMBERS, FILTERS, 2, 3, 3), draw(MEMBERS, FILTERS)
    results = []
    for way, dtype in ((LIBRARY, torch.float64), (UNFOLDED, torch.bfloat16)):
        x, w, b = (tensor.to(torch.bfloat16).to(dtype) for tensor in (values, weight, bias))
        output, saved = way.forward(geometry, x, w, b)
        gradient = torch.ones_like(output)
        results.append((output, *way.backward(geometry, gradient, saved, x.shape, w, needs_input=True)))
    for exact, rounded in zip(*results, strict=True):
        assert rounded.dtype == torch.bfloat16
        assert (rounded.double() - exact).norm() < 2**-7 * exact.norm()


@pytest.mark.parametrize("way", [LIBRARY, UNFOLDED], ids=lambda way: type(way).__name__)
def test_no_gradient_of_the_input_unless_asked_for(way, draw):
    geometry = Geometry(stride=(1, 1), padding=(0, 0), dilation=(1, 1), shared_input=True)
    images, weight, bias = draw(BATCH, 1, 6, 6), draw(MEMBERS, FILTERS, 1, 3, 3), draw(MEMBERS, FILTERS)
    output, saved = way.forward(geometry, images, weight, bias)
    below, _, _ = way.backward(geometry, output, saved, images.shape, weight, needs_input=False)
    assert below is None


def test_a_gpu_unfolds_images_and_maps_of_several_members_and_leaves_those_of_one_to_the_library():
    gpu = torch.device("cuda")
    on_images, on_maps, depthwise = (
        Geometry(stride=(1, 1), padding=(0, 0), dilation=(1, 1), shared_input=shared, depthwise=depthwise)
        for shared, depthwise in ((True, False), (False, False), (False, True))
    )
    assert choose_convolution(gpu, 2, on_maps) is UNFOLDED
    assert choose_convolution(gpu, 1, on_images) is UNFOLDED
    assert choose_convolution(gpu, 1, on_maps) is LIBRARY
    assert choose_convolution(gpu, 2, depthwise) is LIBRARY
    assert choose_convolution(torch.device("cpu"), 2, on_images) is LIBRARY


def test_the_choice_follows_the_members_that_stay():
    layer = PackedConv2d([nn.Conv2d(1, 2, 3) for _ in range(3)], torch.device("cpu"), shared_input=False)
    layer._convolution = UNFOLDED
    layer.keep(torch.tensor([1]))
    assert layer._convolution is LIBRARY


@pytest.mark.parametrize("architecture", ["cnn", "overlap-cnn"])
def test_a_pack_trains_the_same_either_way(architecture, make_dataset, assert_same_weights):
    # Without kinks, so that rounding stays rounding from any seed.
    smooth = {"activation": "tanh", "pooling": 1, "dropout": 0.3} if architecture == "cnn" else {"activation": "gelu"}
    configurations = [
        Configuration(architecture=architecture, filters=filters, hidden_units=8, batch_size=20, **smooth)
        for filters in (2, 3)
    ]
    members = [Member(configuration=configuration, seed=11) for configuration in configurations]
    library, unfolded = (PackTraining(members, make_dataset(), batch_seed=7) for _ in range(2))
    layers = [layer for layer in unfolded._network._layers if isinstance(layer, PackedConv2d)]
    assert len(layers) == 2
    for layer in layers:
        layer._convolution = UNFOLDED
    for _ in range(3):
        library.train_epoch()
        unfolded.train_epoch()
    for index in range(2):
        assert_same_weights(unfolded.unpack(index), library.unpack(index))
