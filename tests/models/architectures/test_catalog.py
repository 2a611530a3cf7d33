"""The contract of every architecture in the catalogue, and PyTorch's default initial weights."""

from __future__ import annotations

import io

import pytest
import torch
from torch import nn

from packtune.models.architectures.build import build_network, count_parameters
from packtune.models.architectures.catalog import ARCHITECTURES
from packtune.models.configuration import ARCHITECTURE_NAMES, HYPERPARAMETERS, Configuration
from packtune.models.layers.activations import ACTIVATIONS
from packtune.models.packed_network import PackedNetwork

SIZES = {"input_shape": (1, 17, 14), "outputs": 20}

architectures = pytest.mark.parametrize("architecture", ARCHITECTURES)


def small(architecture, **values):
    return Configuration(**{"architecture": architecture, "hidden_units": 7, "filters": 3, **values})


def build(configuration, seed=1):
    return build_network(configuration, **SIZES, seed=seed)


def images(n=9):
    return torch.rand(n, *SIZES["input_shape"], generator=torch.Generator().manual_seed(2))


def test_configurations_know_the_architectures():
    assert tuple(ARCHITECTURES) == ARCHITECTURE_NAMES


@architectures
@pytest.mark.parametrize("seed", [0, 1, 12321, 2**63 - 1])
def test_initial_weights_are_the_default_of_torch(architecture, seed):
    configuration = small(architecture)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        expected = ARCHITECTURES[architecture](configuration, **SIZES).state_dict()
    ours = build(configuration, seed).state_dict()
    assert list(ours) == list(expected)
    for name, value in ours.items():
        assert value.dtype == torch.float32
        assert torch.equal(value, expected[name]), name


@architectures
def test_the_global_random_state_is_neither_read_nor_changed(architecture):
    weights = []
    for global_seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(global_seed)
            before = torch.get_rng_state()
            weights.append(build(small(architecture)).state_dict())
            assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@architectures
def test_other_seeds_give_other_weights(architecture):
    first, second = (build(small(architecture), seed) for seed in (1, 2))
    assert not any(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


@architectures
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_network_gives_logits_and_learns(architecture, activation):
    network = build(small(architecture, activation=activation))
    logits = network(images())
    assert logits.shape == (9, SIZES["outputs"])
    logits.square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@architectures
def test_a_member_unpacked_gives_the_logits_of_the_pack(architecture):
    configurations = [
        small(architecture, activation=name, hidden_units=4 + index, dropout=0.1 * index)
        for index, name in enumerate(ACTIVATIONS)
    ]
    networks = [build(configuration, seed) for seed, configuration in enumerate(configurations)]
    pack = PackedNetwork(networks, device=torch.device("cpu"))
    with torch.inference_mode():
        packed = pack.forward(images(), training=False)
    for index, configuration in enumerate(configurations):
        unpacked = pack.unpack(index, build(configuration, seed=99)).eval()
        for ours, original in zip(unpacked.parameters(), networks[index].parameters(), strict=True):
            assert torch.equal(ours, original)
        with torch.no_grad():
            torch.testing.assert_close(packed[index].t(), unpacked(images()))


@architectures
def test_a_member_unpacked_can_be_trained_on(architecture):
    pack = PackedNetwork([build(small(architecture))], device=torch.device("cpu"))
    pack.keep(torch.tensor([0]))
    network = pack.unpack(0, build(small(architecture), seed=99))
    network(images()).sum().backward()
    assert all(parameter.requires_grad and parameter.grad is not None for parameter in network.parameters())


@architectures
def test_state_dict_round_trip(architecture):
    original = build(small(architecture)).eval()
    file = io.BytesIO()
    torch.save(original.state_dict(), file)
    file.seek(0)
    restored = build(small(architecture), seed=99).eval()
    restored.load_state_dict(torch.load(file, weights_only=True))
    with torch.no_grad():
        assert torch.equal(restored(images()), original(images()))


@architectures
def test_packing_leaves_the_plain_networks_untouched(architecture):
    network = build(small(architecture))
    before = [parameter.detach().clone() for parameter in network.parameters()]
    pack = PackedNetwork([network, network], device=torch.device("cpu"))
    for layer in pack._layers:
        for parameter in layer.parameters():
            parameter.value.zero_()
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), before, strict=True))


@architectures
def test_hyperparameters_of_other_architectures_change_nothing(architecture):
    changed = {
        name: entry.choices[-1] if entry.choices else entry.kind(True if entry.kind is bool else entry.low)
        for name, entry in HYPERPARAMETERS.items()
        if architecture not in entry.only_for.get("architecture", [architecture])
    }
    first, second = (build(small(architecture, **values)) for values in ({}, changed))
    assert str(first) == str(second)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


@architectures
def test_counted_parameters_are_those_of_the_network(architecture):
    network = build(small(architecture))
    assert count_parameters(small(architecture), **SIZES) == sum(p.numel() for p in network.parameters())


@architectures
@pytest.mark.parametrize("name", [name for name in HYPERPARAMETERS if name != "architecture"])
def test_sizes_follow_each_hyperparameter_that_they_depend_on(architecture, name):
    entry = HYPERPARAMETERS[name]
    value = entry.choices[-1] if entry.choices else entry.kind(True if entry.kind is bool else entry.low)
    changed = small(architecture, **{name: value})
    network = build(changed)
    assert count_parameters(changed, **SIZES) == sum(p.numel() for p in network.parameters())


@architectures
def test_sizes_are_counted_once_for_all_ways_of_training(architecture):
    ways = {"activation": "tanh", "dropout": 0.5, "learning_rate": 1.0, "optimizer": "adamw", "batch_size": 8}
    assert small(architecture, **ways).only_sized() == small(architecture).only_sized()


@pytest.mark.parametrize(
    ("configuration", "height", "outputs", "parameters"),
    [
        (Configuration(hidden_units=10), 28, 10, 7_960),
        (Configuration(hidden_units=128), 28, 10, 101_770),
        (Configuration(architecture="cnn", hidden_units=128, dropout=0.5), 28, 10, 225_034),
        (Configuration(hidden_units=64, activation="identity"), 42, 20, 76_628),
        (Configuration(depth=0), 28, 10, 7_850),
    ],
)
def test_parameters_of_the_networks_of_the_reference(configuration, height, outputs, parameters):
    assert count_parameters(configuration, input_shape=(1, height, 28), outputs=outputs) == parameters


def test_the_cnn_of_the_reference_layer_by_layer():
    configuration = Configuration(architecture="cnn", hidden_units=128, dropout=0.5)
    network = build_network(configuration, input_shape=(1, 28, 28), outputs=10, seed=0)
    kinds = [nn.Conv2d, nn.ReLU, nn.MaxPool2d] * 2 + [nn.Flatten, nn.Linear, nn.Dropout, nn.Linear]
    assert [type(module) for module in network] == kinds
    assert network[7].weight.shape == (128, 1600)
    assert network[8].p == 0.5


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_mlp_has_depth_hidden_layers(depth):
    linears = [module for module in build(small("mlp", depth=depth)) if isinstance(module, nn.Linear)]
    assert [linear.out_features for linear in linears] == [7] * depth + [20]


@pytest.mark.parametrize(
    ("values", "block"),
    [({"blocks": 4}, 4), ({"kernel_size": 11, "pooling": 4}, 2), ({"blocks": 4, "pooling": 1, "kernel_size": 8}, 4)],
)
def test_a_cnn_whose_blocks_leave_no_pixel_is_refused(values, block):
    configuration = Configuration(architecture="cnn", **values)
    message = rf"leaves no pixel of a 28 x 28 image after block {block}: use fewer blocks, smaller kernels"
    for make in (count_parameters, lambda *args, **kwargs: build_network(*args, **kwargs, seed=0)):
        with pytest.raises(ValueError, match=message):
            make(configuration, input_shape=(1, 28, 28), outputs=10)


def test_a_cnn_that_leaves_one_pixel_is_allowed():
    configuration = Configuration(architecture="cnn", blocks=2, kernel_size=3, pooling=2, filters=2)
    assert build_network(configuration, input_shape=(1, 10, 10), outputs=10, seed=0)(
        torch.zeros(1, 1, 10, 10)
    ).shape == (
        1,
        10,
    )


@pytest.mark.parametrize("initialization", ["he", "xavier"])
@architectures
def test_initial_weights_have_the_spread_of_their_rule(architecture, initialization):
    network = build(small(architecture, hidden_units=200, initialization=initialization), seed=3)
    drawn = [module for module in network if isinstance(module, nn.Linear | nn.Conv2d)]
    assert all(not module.bias.any() for module in drawn)
    for weight in (module.weight for module in drawn if module.weight.numel() > 2000):
        inputs, outputs = weight[0].numel(), len(weight) * weight[0, 0].numel()
        variance = 2 / inputs if initialization == "he" else 2 / (inputs + outputs)
        assert weight.var().item() == pytest.approx(variance, rel=0.1)


def test_a_residual_mlp_adds_the_input_of_each_hidden_layer_after_the_first():
    network = build(small("mlp", depth=3, residual=True, activation="tanh"))
    values = torch.tanh(network[1](images().flatten(1)))
    for block in (network[4], network[5]):
        values = values + torch.tanh(block.body[0](values))
    torch.testing.assert_close(network(images()), network[6](values))


@pytest.mark.parametrize(
    ("changes", "weights"),
    [
        ({"depth": 3, "residual": True}, 0),
        ({"normalization": "batch"}, 2 * 7 - 7),  # scale and shift, but no bias
        ({"normalization": "layer"}, 2 * 7),
        ({"architecture": "cnn", "convolution": "separable"}, 3 * 9 + 6 * 3 - 6 * 3 * 9),
        ({"architecture": "cnn", "global_pooling": True}, 7 * 6 - 7 * 6 * 2 * 2),
    ],
    ids=str,
)
def test_what_a_part_adds_to_the_parameters(changes, weights):
    plain = {name: changes[name] for name in ("architecture", "depth") if name in changes}
    counts = [
        count_parameters(small(**{"architecture": "mlp", **values}), input_shape=(1, 17, 17), outputs=20)
        for values in (plain, changes)
    ]
    assert counts[1] - counts[0] == weights
