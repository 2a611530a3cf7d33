"""Optimizers, schedules, clipping and smoothing in packs: a member learns what the plain network learns alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from packtune.data.description import Head
from packtune.models.configuration import OPTIMIZER_NAMES, SCHEDULE_NAMES, Configuration
from packtune.models.hardware.precision import Precision
from packtune.models.training.calibration import calibrate
from packtune.models.training.loss import Loss, absent_outputs
from packtune.models.training.pack_training import Member, PackTraining
from packtune.models.training.smoothing import LabelSmoothing

BATCH_SEED, EPOCHS, BATCH_SIZE = 7, 4, 20
CPU = torch.device("cpu")
NETWORKS = {
    "mlp": {"depth": 2, "hidden_units": 9},
    "cnn": {"architecture": "cnn", "filters": 3, "hidden_units": 8, "pooling": 1, "blocks": 2},
    "pooled cnn": {"architecture": "cnn", "filters": 3, "hidden_units": 8, "blocks": 1},
}
RATES = {"sgd": 0.05, "rmsprop": 5e-4, "lion": 1e-4}
DROPOUT = {"dropout": 0.3, "activation": "tanh"}


def configure(optimizer, network="mlp", **values):
    rate = {"learning_rate": RATES.get(optimizer, 3e-3), "optimizer": optimizer}
    # A larger epsilon than the default: the sizes of tiny gradients then hang less on rounding.
    return Configuration(
        **{"batch_size": BATCH_SIZE, "activation": "tanh", "epsilon": 1e-5, **NETWORKS[network], **rate, **values}
    )


def members_of(configurations):
    return [Member(configuration=each, seed=11 + index, epochs=EPOCHS) for index, each in enumerate(configurations)]


def mixed(optimizer, network="mlp"):
    """Members that differ in all that may differ, one without any of it."""
    rate = configure(optimizer).learning_rate
    return [
        configure(optimizer, network),
        configure(optimizer, network, hidden_units=13, weight_decay=0.05, learning_rate=rate / 3, schedule="cosine"),
        configure(optimizer, network, gradient_clipping=0.5, beta1=0.8, beta2=0.95, alpha=0.9, epsilon=1e-6),
        configure(optimizer, network, label_smoothing=0.2, momentum=0.5, schedule="step", warmup=0.2),
    ]


@pytest.fixture
def data(make_dataset):
    return make_dataset(n_train=270)  # 13 steps in an epoch, 52 in all


@pytest.fixture
def assert_trajectories(data, steady_members, train_alone, assert_same_weights):
    def check(configurations, dataset=data):
        members = steady_members(configurations, dataset, batch_seed=BATCH_SEED)
        training = PackTraining(members, dataset, batch_seed=BATCH_SEED)
        alone = [train_alone(member, dataset, batch_seed=BATCH_SEED, epochs=EPOCHS) for member in members]
        for epoch in range(EPOCHS):
            training.train_epoch()
            for index, states in enumerate(alone):
                assert_same_weights(training.unpack(index), states[epoch], rtol=3e-4, atol=3e-5)

    return check


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_every_optimizer_trains_every_layer_as_torch_does(optimizer, network, decay, make_dataset, assert_trajectories):
    rate = configure(optimizer).learning_rate
    members = (
        configure(optimizer, network, weight_decay=decay * share, learning_rate=rate * share, hidden_units=units)
        for share, units in ((1, 8), (0.4, 11), (0.1, 16))
    )
    is_long = network == "mlp" or optimizer == "adamw"  # 52 steps; 16 of the others, which take longer
    assert_trajectories(members, make_dataset(n_train=270 if is_long else 90))


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_every_optimizer_follows_every_schedule(optimizer, schedule, assert_trajectories):
    assert_trajectories(
        configure(optimizer, schedule=schedule, warmup=warmup, drops=drops, drop_factor=0.3)
        for warmup, drops in ((0.0, 1), (0.3, 3))
    )


@pytest.mark.parametrize("network", ["mlp", "cnn"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_gradients_are_clipped_by_the_norm_of_each_member(optimizer, network, assert_trajectories):
    assert_trajectories(
        configure(optimizer, network, gradient_clipping=norm, hidden_units=units)
        for norm, units in ((0.05, 5), (0.0, 13), (1.0, 16), (100.0, 9))
    )


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_labels_are_smoothed_as_by_torch(network, heads, make_dataset, assert_trajectories):
    assert_trajectories(
        [configure("sgd", network, label_smoothing=share) for share in (0.0, 0.1, 0.6)],
        make_dataset(heads=heads, n_train=270),
    )


@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_all_of_it_mixes_in_a_pack(optimizer, assert_trajectories):
    assert_trajectories(mixed(optimizer))


@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_members_kept_in_the_middle_train_on_as_before(optimizer, data, assert_same_weights):
    members = members_of(mixed(optimizer))
    whole, compacted = (PackTraining(members, data, batch_seed=BATCH_SEED) for _ in range(2))
    for epoch in range(EPOCHS):
        whole.train_epoch()
        compacted.train_epoch()
        if epoch == 1:
            compacted.keep([3, 1])
    assert_same_weights(compacted.unpack(0), whole.unpack(3))
    assert_same_weights(compacted.unpack(1), whole.unpack(1))


@pytest.mark.parametrize("network", ["mlp", "cnn"])
@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_a_saved_training_goes_on_to_the_same_bytes(optimizer, network, data, tmp_path, assert_same_weights):
    members = members_of(replace(each, **DROPOUT) for each in mixed(optimizer, network))
    whole, begun, resumed = (PackTraining(members, data, batch_seed=BATCH_SEED) for _ in range(3))
    for _ in range(2):
        whole.train_epoch()
        begun.train_epoch()
    torch.save(begun.state_dict(), tmp_path / "state.pt")
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    for _ in range(2):
        whole.train_epoch()
        resumed.train_epoch()
    for index in range(len(members)):
        assert_same_weights(resumed.unpack(index), whole.unpack(index), rtol=0, atol=0)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_padded_units_stay_exactly_zero(optimizer, network, data):
    training = PackTraining(members_of(mixed(optimizer, network)), data, batch_seed=BATCH_SEED)
    for _ in range(2):
        training.train_epoch()
    padded = 0
    for index in range(4):
        parameters = training._network.parameters()
        for parameter, plain in zip(parameters, training.unpack(index).parameters(), strict=True):
            for tensor in (parameter.value, *parameter.states.values()):
                padding = torch.ones_like(tensor[index], dtype=torch.bool)
                padding[tuple(slice(size) for size in plain.shape)] = False
                assert torch.all(tensor[index][padding] == 0)
                padded += int(padding.sum())
    assert padded > 0


@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_stopping_early_is_the_beginning_of_the_full_plan(optimizer, data, assert_same_weights):
    configuration = configure(optimizer, schedule="one-cycle")
    short, long = (Member(configuration=configuration, seed=3, epochs=epochs) for epochs in (2, EPOCHS))
    pruned, full, planned = (PackTraining([m], data, batch_seed=BATCH_SEED) for m in (long, long, short))
    pack = PackTraining([short, long], data, batch_seed=BATCH_SEED)
    for training in (pruned, full, planned, pack):
        training.train_epoch()
    assert_same_weights(pruned.unpack(0), full.unpack(0), rtol=0, atol=0)
    assert not torch.equal(pruned.unpack(0)[1].weight, planned.unpack(0)[1].weight)
    for index, alone in enumerate((planned, pruned)):
        assert_same_weights(pack.unpack(index), alone.unpack(0))


@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_rounded_products_train_nearly_alike(optimizer, data):
    """Gradients of bfloat16 products reach the optimizer as float32."""
    members = members_of([configure(optimizer, hidden_units=64)])
    trainings = [PackTraining(members, data, batch_seed=BATCH_SEED, precision=p) for p in list(Precision)[::2]]
    for training in trainings:
        training.train_epoch()
    exact, rounded = (training.unpack(0)[1].weight for training in trainings)
    assert 0 < (exact - rounded).norm() < 0.2 * exact.norm()
    assert all(p.states == {} or set(p.states.values()) for p in trainings[1]._network.parameters())


@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_parts_of_a_pack_are_compared_with_the_entire_pack(optimizer, data):
    """Sizes are allowed only where the bytes are the same; here it is enough that every optimizer can be compared."""
    configurations = [replace(each, activation="relu") for each in mixed(optimizer)]
    sizes = calibrate(configurations, data, budget_s=60).step_s
    assert next(iter(sizes)) == len(configurations)
    members = members_of(configurations)
    whole = PackTraining(members, data, batch_seed=BATCH_SEED)
    whole.train_epoch()
    for size in sizes:
        part = PackTraining(members[:size], data, batch_seed=BATCH_SEED, pack_configurations=configurations)
        part.train_epoch()
        for ours, expected in zip(part.unpack(0).parameters(), whole.unpack(0).parameters(), strict=True):
            assert torch.equal(ours, expected)


def test_heads_of_unlike_classes_are_smoothed_over_their_own():
    heads = (Head(name="a", classes=("x", "y")), Head(name="b", classes=tuple("pqrs")))
    shares, generator = (0.0, 0.3, 0.9), torch.Generator().manual_seed(1)
    logits = torch.randn(3, 8, 6, generator=generator, requires_grad=True)
    labels = torch.stack([torch.randint(size, (6,), generator=generator) for size in (2, 4)])
    total = torch.zeros(())
    for member, share in enumerate(shares):
        for head, (start, size) in enumerate(((0, 2), (4, 4))):
            scores = logits[member, start : start + size].t()
            total = total + functional.cross_entropy(scores, labels[head], label_smoothing=share) / 2
    total.backward()
    targets = torch.cat([functional.one_hot(row, 4) for row in labels], dim=1).t().float()
    configurations = [Configuration(label_smoothing=share) for share in shares]
    smoothing = LabelSmoothing(configurations, heads, CPU)
    loss = Loss(classes=4, absent=absent_outputs(heads, CPU), smoothing=smoothing)
    torch.testing.assert_close(loss.gradient(logits.detach(), targets), logits.grad)
    smoothing.keep(torch.tensor([2, 0]))
    kept = loss.gradient(logits.detach()[[2, 0]], targets)
    torch.testing.assert_close(kept, logits.grad[[2, 0]])


def test_a_pack_without_smoothing_learns_the_targets_themselves():
    smoothing = LabelSmoothing([Configuration()], (Head(name="a", classes=("x", "y")),), CPU)
    targets = torch.eye(2)
    assert smoothing.of(targets) is targets


def test_other_optimizers_are_another_pack(data):
    members = members_of([configure("adam"), configure("adamw")])
    with pytest.raises(ValueError, match="must have the same optimizer"):
        PackTraining(members, data, batch_seed=BATCH_SEED)
