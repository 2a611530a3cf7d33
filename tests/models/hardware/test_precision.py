"""Packs whose products are bfloat16: near the float32 ones, each member by itself, weights float32."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from packtune.data.description import PIXEL_SCALE
from packtune.models.configuration import Configuration
from packtune.models.hardware import precision as precision_module
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision, bfloat16_gain, fastest_precision
from packtune.models.layers.conv2d import PackedConv2d
from packtune.models.layers.linear import PackedLinear, PackedSharedLinear
from packtune.models.optimization.gradient import BatchedProduct, WideProduct
from packtune.models.training.device_split import DeviceSplit
from packtune.models.training.pack_training import Member, PackTraining

CPU = torch.device("cpu")
BF16 = torch.bfloat16
MLP = Configuration(hidden_units=96, depth=2, learning_rate=0.3, batch_size=15)
CNN = Configuration(architecture="cnn", blocks=1, filters=4, hidden_units=80, learning_rate=0.1, batch_size=15)


def train(dataset, *configurations, precision=Precision.BFLOAT16, epochs=8):
    members = [Member(configuration=c, seed=n) for n, c in enumerate(configurations)]
    training = PackTraining(members, dataset, batch_seed=1, precision=precision)
    for _ in range(epochs):
        training.train_epoch()
    return training


def test_a_pixel_is_exact_in_bfloat16(make_dataset):
    split = make_dataset().train
    images, _ = DeviceSplit(split, make_dataset(), CPU, BF16).take(torch.arange(len(split)))
    assert images.dtype is BF16
    assert torch.equal(images.double() * PIXEL_SCALE, split.inputs.double())


def rounded(tensor):
    return tensor.to(BF16).double()


@pytest.mark.parametrize("shared", [True, False])
def test_a_linear_layer_rounds_its_factors_and_nothing_else(shared):
    modules = [nn.Linear(70, 65) for _ in range(3)]
    layer = (PackedSharedLinear if shared else PackedLinear)(modules, CPU, BF16)
    values = torch.randn(20, 70) if shared else torch.randn(3, 70, 20)
    out = layer.forward(values.to(BF16) if shared else values, training=True)
    assert out.dtype is torch.float32
    for index, module in enumerate(modules):
        given = values if shared else values[index].t()
        exact = rounded(given) @ rounded(module.weight.detach()).t() + module.bias.detach().double()
        # The product itself is rounded to 8 bits once.
        torch.testing.assert_close(out[index].t().double(), exact, rtol=2**-8, atol=2**-8)


def test_the_products_of_an_output_layer_stay_exact():
    module = nn.Linear(70, 10)
    values = torch.randn(1, 70, 20)
    out = PackedLinear([module], CPU, BF16).forward(values, training=False)
    torch.testing.assert_close(out[0].t(), module(values[0].t()).detach())


def test_a_convolution_rounds_its_factors_and_gives_maps_of_their_dtype():
    module = nn.Conv2d(1, 4, 3)
    images = torch.rand(6, 1, 9, 8).to(BF16)
    maps = PackedConv2d([module], CPU, BF16, shared_input=True).forward(images, training=True)
    assert maps.dtype is BF16
    exact = nn.functional.conv2d(images.double(), rounded(module.weight.detach()), rounded(module.bias.detach()))
    torch.testing.assert_close(maps.double(), exact, rtol=2**-7, atol=2**-7)


@pytest.mark.parametrize("kind", [WideProduct, BatchedProduct])
def test_a_gradient_is_added_to_float32_weights(kind):
    left = torch.randn(3, 5, 8)
    right = (torch.randn(8, 7) if kind is WideProduct else torch.randn(3, 8, 7)).to(BF16)
    target = torch.ones(3, 5, 7)
    kind(left, right).add_to(target)
    torch.testing.assert_close(target.double(), 1 + rounded(left) @ right.double(), rtol=2**-7, atol=2**-6)


@pytest.mark.parametrize("configuration", [MLP, CNN], ids=["mlp", "cnn"])
def test_training_stays_near_float32(make_dataset, configuration):
    dataset = make_dataset()
    low = train(dataset, configuration)
    full = train(dataset, configuration, precision=Precision.FLOAT32)
    before = train(dataset, configuration, epochs=0)
    losses = [training.evaluate(dataset.validation)[0].loss for training in (low, full, before)]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
    assert losses[2] - losses[1] > 0.1  # something was learnt at all
    weights = [list(training.unpack(0).parameters()) for training in (low, full)]
    assert all(tensor.dtype is torch.float32 for tensor in weights[0])
    assert not all(torch.equal(a, b) for a, b in zip(*weights, strict=True))


@pytest.mark.parametrize("configuration", [MLP, CNN], ids=["mlp", "cnn"])
def test_a_member_is_rounded_alike_whatever_its_neighbours(make_dataset, configuration):
    """Widths 65 to 128 are padded together; 65 alone has a matrix of 65 rows, and is rounded all the same."""
    dataset = make_dataset()
    narrow = dataclasses.replace(configuration, hidden_units=65)
    wide = dataclasses.replace(configuration, hidden_units=128, learning_rate=0.01)
    together = train(dataset, narrow, wide, wide)
    alone = train(dataset, narrow)
    for ours, theirs in zip(together.unpack(0).parameters(), alone.unpack(0).parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=2e-2, atol=2e-3)


def test_momentum_weight_decay_and_nesterov_work_on_rounded_gradients(make_dataset):
    dataset = make_dataset()
    extra = dataclasses.replace(MLP, momentum=0.9, weight_decay=1e-3, learning_rate=0.03)
    for configuration in (extra, dataclasses.replace(extra, nesterov=True)):
        low, full = (train(dataset, configuration, precision=p) for p in (Precision.BFLOAT16, Precision.FLOAT32))
        losses = [training.evaluate(dataset.validation)[0].loss for training in (low, full)]
        assert losses[0] == pytest.approx(losses[1], rel=0.05)


@pytest.mark.parametrize(
    ("has", "gain", "fastest"),
    [
        (True, 2.1, Precision.BFLOAT16),
        (True, 0.5, Precision.FLOAT32),  # it has the instruction, at half the throughput
        (False, 2.1, Precision.FLOAT32),
    ],
)
def test_bfloat16_is_taken_only_where_the_processor_has_it_and_it_is_faster(monkeypatch, has, gain, fastest):
    monkeypatch.setattr(precision_module, "processor_has_bfloat16", lambda: has)
    monkeypatch.setattr(precision_module, "bfloat16_gain", lambda: gain)
    assert fastest_precision(Device.CPU) is fastest
    assert fastest_precision(Device.CUDA) is Precision.TF32


def test_measuring_the_gain_leaves_the_number_of_threads_as_it_was():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert 0.001 < bfloat16_gain() < 1000
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_an_mlp_of_small_batches_stays_in_float32():
    assert Precision.BFLOAT16.where_it_pays(Configuration(batch_size=16)) is Precision.FLOAT32
    assert Precision.BFLOAT16.where_it_pays(Configuration(batch_size=32)) is Precision.BFLOAT16
    assert Precision.BFLOAT16.where_it_pays(Configuration(architecture="cnn", batch_size=16)) is Precision.BFLOAT16
    assert Precision.TF32.where_it_pays(Configuration(batch_size=16)) is Precision.TF32
