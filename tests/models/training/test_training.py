"""A member's trajectory in a pack equals the same network trained alone by plain PyTorch."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from packtune.data.dataset import Split
from packtune.models.architectures.catalog import ARCHITECTURES
from packtune.models.configuration import Configuration
from packtune.models.layers.activations import ACTIVATIONS
from packtune.models.training.pack_training import Member, PackTraining

EPOCHS = 3
BATCH_SEED = 7

# Small enough for images of 12 x 11 pixels; an architecture without an entry takes its defaults.
SMALL = {"cnn": {"filters": 3, "blocks": 2, "hidden_units": 8}, "overlap-cnn": {"filters": 2, "hidden_units": 8}}

# No kinks, for tests that compare trajectories from any seed.
SMOOTH = {"activation": "tanh", "pooling": 1}

# Each group makes the optimizer choose another of its rules: they depend on what the pack needs.
OPTIMIZERS = {
    "plain": [{"learning_rate": 0.1}, {"learning_rate": 0.02}],
    "decay": [{"learning_rate": 0.1, "weight_decay": 0.02}, {"learning_rate": 0.05}],
    "momentum": [{"learning_rate": 0.03, "momentum": 0.9}, {"learning_rate": 0.1}],
    "momentum and decay": [{"learning_rate": 0.02, "momentum": 0.8, "weight_decay": 0.01}, {"learning_rate": 0.1}],
    "all": [
        {"learning_rate": 0.1},
        {"learning_rate": 0.1, "nesterov": True},
        {"learning_rate": 0.02, "momentum": 0.9},
        {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True},
        {"learning_rate": 0.1, "weight_decay": 0.03},
        {"learning_rate": 0.02, "momentum": 0.7, "weight_decay": 0.01},
        {"learning_rate": 0.02, "momentum": 0.7, "weight_decay": 0.01, "nesterov": True},
    ],
}


def configure(architecture="mlp", **values):
    return Configuration(**{"architecture": architecture, "batch_size": 20, **SMALL.get(architecture, {}), **values})


def mixed(architecture, **values):
    """One configuration for each activation, their widths and optimizers differing too."""
    optimizers = OPTIMIZERS["all"]
    return [
        configure(
            architecture,
            **{"activation": name, "hidden_units": 5 + 2 * index, **optimizers[index % len(optimizers)], **values},
        )
        for index, name in enumerate(ACTIVATIONS)
    ]


def seeded(configurations):
    return [Member(configuration=configuration, seed=11 + index) for index, configuration in enumerate(configurations)]


@pytest.fixture
def steady(steady_members, make_dataset):
    def make(configurations, dataset=None, *, shuffle=True):
        return steady_members(configurations, dataset or make_dataset(), batch_seed=BATCH_SEED, shuffle=shuffle)

    return make


@pytest.fixture
def assert_trajectories(make_dataset, steady, train_alone, assert_same_weights):
    """Train a pack, and each member alone, and compare all weights after every epoch."""

    def check(configurations, dataset=None, *, epochs=EPOCHS, shuffle=True):
        dataset = dataset or make_dataset()
        members = steady(configurations, dataset, shuffle=shuffle)
        training = PackTraining(members, dataset, batch_seed=BATCH_SEED, shuffle=shuffle)
        alone = [
            train_alone(member, dataset, batch_seed=BATCH_SEED, epochs=epochs, shuffle=shuffle) for member in members
        ]
        for epoch in range(epochs):
            training.train_epoch()
            for index, states in enumerate(alone):
                assert_same_weights(training.unpack(index), states[epoch])
        assert training.epoch == epochs

    return check


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_member_trains_as_if_alone(architecture, activation, assert_trajectories):
    optimizers = OPTIMIZERS["all"][::3]  # plain, Nesterov's momentum, Nesterov's momentum with decay
    assert_trajectories(configure(architecture, activation=activation, **values) for values in optimizers)


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_optimizer_rule_is_that_of_torch(architecture, rule, assert_trajectories):
    assert_trajectories(configure(architecture, **values) for values in OPTIMIZERS[rule])


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_activations_widths_and_optimizers_mix_in_a_pack(architecture, heads, make_dataset, assert_trajectories):
    assert_trajectories(mixed(architecture), make_dataset(heads=heads))


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_mlp_of_any_depth(depth, assert_trajectories):
    assert_trajectories(mixed("mlp", depth=depth))


@pytest.mark.parametrize("blocks", [1, 2])
def test_cnn_of_any_number_of_blocks(blocks, assert_trajectories):
    assert_trajectories(mixed("cnn", blocks=blocks))


def test_members_may_differ_in_filters(assert_trajectories):
    assert_trajectories(configure("cnn", filters=filters) for filters in (2, 5, 3))


@pytest.mark.parametrize("shape", [{"kernel_size": 2}, {"pooling": 1}])
def test_kernels_and_windows_of_other_sizes_are_refused(shape, make_dataset):
    members = seeded([configure("cnn", blocks=1), configure("cnn", blocks=1, **shape)])
    with pytest.raises(ValueError, match="must have the same layers"):
        PackTraining(members, make_dataset(), batch_seed=BATCH_SEED)


def test_other_depths_are_refused(make_dataset):
    members = seeded([configure(depth=1), configure(depth=2)])
    with pytest.raises(ValueError, match="must have the same layers"):
        PackTraining(members, make_dataset(), batch_seed=BATCH_SEED)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_pack_of_one_equals_a_pack_of_many(architecture, make_dataset, steady, assert_same_weights):
    members = steady(mixed(architecture))
    many = PackTraining(members, make_dataset(), batch_seed=BATCH_SEED)
    single = PackTraining([members[2]], make_dataset(), batch_seed=BATCH_SEED)
    for _ in range(EPOCHS):
        many.train_epoch()
        single.train_epoch()
        assert_same_weights(many.unpack(2), single.unpack(0))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_training_repeats_bit_by_bit(architecture, make_dataset, assert_same_weights):
    first, second = (
        PackTraining(seeded(mixed(architecture, dropout=0.3)), make_dataset(), batch_seed=BATCH_SEED) for _ in range(2)
    )
    for training in (first, second):
        training.train_epoch()
        training.evaluate(make_dataset().validation)
        training.train_epoch()
    for index in range(len(ACTIVATIONS)):
        assert_same_weights(first.unpack(index), second.unpack(index), rtol=0, atol=0)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_padded_units_stay_exactly_zero(architecture, make_dataset):
    training = PackTraining(seeded(mixed(architecture, dropout=0.2)), make_dataset(), batch_seed=BATCH_SEED)
    for _ in range(EPOCHS):
        training.train_epoch()
    parameters = [p for layer in training._network._layers for p in layer.parameters()]
    padded = 0
    for index in range(len(ACTIVATIONS)):
        for parameter, plain in zip(parameters, training.unpack(index).parameters(), strict=True):
            for tensor in (parameter.value, parameter.state("momentum")):
                padding = torch.ones_like(tensor[index], dtype=torch.bool)
                padding[tuple(slice(size) for size in plain.shape)] = False
                assert torch.all(tensor[index][padding] == 0)
                padded += int(padding.sum())
    assert padded > 0


def test_the_order_of_the_split_is_walked_without_shuffle(assert_trajectories):
    assert_trajectories([configure(), configure(activation="tanh")], shuffle=False)


def test_images_left_over_by_full_batches_are_not_used(make_dataset, assert_same_weights):
    dataset = make_dataset(n_train=90)
    images = dataset.train.inputs.clone()
    images[80:] = 255
    changed = replace(dataset, train=Split(inputs=images, labels=dataset.train.labels))
    trainings = [PackTraining(seeded([configure()]), each, batch_seed=1, shuffle=False) for each in (dataset, changed)]
    for training in trainings:
        training.train_epoch()
    assert_same_weights(trainings[0].unpack(0), trainings[1].unpack(0), rtol=0, atol=0)


def test_other_batch_seeds_give_other_orders(make_dataset):
    weights = []
    for batch_seed in (1, 2):
        training = PackTraining(seeded([configure()]), make_dataset(), batch_seed=batch_seed)
        training.train_epoch()
        weights.append(training.unpack(0)[1].weight)
    assert not torch.allclose(*weights)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("indices", [[4, 1, 3], [4, 0], [2], [0, 1, 2, 3, 4, 5, 6]], ids=str)
def test_members_kept_train_on_as_before(architecture, indices, make_dataset, steady, train_alone, assert_same_weights):
    members, dataset = steady(mixed(architecture)), make_dataset()
    training = PackTraining(members, dataset, batch_seed=BATCH_SEED)
    for _ in range(2):
        training.train_epoch()
    training.keep(indices)
    alone = [train_alone(members[index], dataset, batch_seed=BATCH_SEED, epochs=4) for index in indices]
    for epoch in (2, 3):
        training.train_epoch()
        for index, states in enumerate(alone):
            assert_same_weights(training.unpack(index), states[epoch])


def test_keeping_twice_counts_indices_in_the_pack_that_is_left(make_dataset, steady, train_alone, assert_same_weights):
    members, dataset = steady(mixed("mlp")), make_dataset()
    training = PackTraining(members, dataset, batch_seed=BATCH_SEED)
    for indices in ([6, 5, 3, 1], [2, 0]):
        training.train_epoch()
        training.keep(indices)
    training.train_epoch()
    assert len(training.evaluate(dataset.validation)) == 2
    for index, member in enumerate((members[3], members[6])):
        alone = train_alone(member, dataset, batch_seed=BATCH_SEED, epochs=3)
        assert_same_weights(training.unpack(index), alone[-1])


def test_members_kept_keep_their_dropout_masks(make_dataset, assert_same_weights):
    rates_and_units = ((0.5, 6), (0.0, 40), (0.2, 9))
    members = seeded(configure(**SMOOTH, dropout=rate, hidden_units=units) for rate, units in rates_and_units)
    whole, compacted = (PackTraining(members, make_dataset(), batch_seed=BATCH_SEED) for _ in range(2))
    for training in (whole, compacted):
        training.train_epoch()
    compacted.keep([2, 0])
    for training in (whole, compacted):
        training.train_epoch()
    assert_same_weights(compacted.unpack(0), whole.unpack(2))
    assert_same_weights(compacted.unpack(1), whole.unpack(0))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_dropout_masks_do_not_depend_on_pack_mates_of_like_width(architecture, make_dataset, assert_same_weights):
    one, *mates = seeded(
        configure(architecture, **SMOOTH, dropout=rate, hidden_units=units)
        for rate, units in ((0.5, 10), (0.2, 16), (0.0, 9))
    )
    single = PackTraining([one], make_dataset(), batch_seed=BATCH_SEED)
    many = PackTraining([mates[0], one, mates[1]], make_dataset(), batch_seed=BATCH_SEED)
    for _ in range(EPOCHS):
        single.train_epoch()
        many.train_epoch()
        assert_same_weights(many.unpack(1), single.unpack(0))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_dropout_changes_training_but_no_evaluation(architecture, make_dataset):
    dataset = make_dataset()
    members = [Member(configuration=configure(architecture, dropout=rate), seed=1) for rate in (0.0, 0.5)]
    training = PackTraining(members, dataset, batch_seed=BATCH_SEED)
    before = training.evaluate(dataset.validation)
    assert before[0] == before[1]
    training.train_epoch()
    after = training.evaluate(dataset.validation)
    assert after[0] != after[1]
    assert training.evaluate(dataset.validation) == after


def test_dropout_passes_gradients_through_the_masks_of_the_forward_pass(make_dataset, assert_same_weights):
    """Repeat the masks, as `PackedDropout` documents their draws, in a plain network trained by autograd."""
    dataset, rate, units, batch_size = make_dataset(n_train=40), 0.4, 10, 20
    (member,) = seeded([configure(**SMOOTH, dropout=rate, hidden_units=units)])
    training = PackTraining([member], dataset, batch_seed=BATCH_SEED)
    plain = training.unpack(0)
    training.train_epoch()

    masks, order = (torch.Generator().manual_seed(BATCH_SEED) for _ in range(2))
    optimizer = torch.optim.SGD(plain.parameters(), lr=member.configuration.learning_rate)
    for batch in torch.randperm(40, generator=order).split(batch_size):
        kept = (torch.rand(16, batch_size, generator=masks)[:units] >= rate).t() / (1 - rate)
        hidden = plain[:3](dataset.train.inputs[batch] / 256)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(plain[4](hidden * kept), dataset.train.labels[batch, 0]).backward()
        optimizer.step()
    assert_same_weights(training.unpack(0), plain)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_diverged_member_leaves_its_pack_mates_alone(architecture, make_dataset, assert_same_weights):
    dataset = make_dataset()
    values = {**SMOOTH, "activation": "identity", "depth": 3}
    wild = {"learning_rate": 100.0, "momentum": 0.9, "hidden_units": 12}
    calm, diverging = seeded([configure(architecture, **values), configure(architecture, **{**values, **wild})])
    pack = PackTraining([diverging, calm, diverging], dataset, batch_seed=BATCH_SEED)
    without = PackTraining([calm], dataset, batch_seed=BATCH_SEED)
    for _ in range(EPOCHS):
        pack.train_epoch()
        without.train_epoch()
        assert_same_weights(pack.unpack(1), without.unpack(0))
    assert [evaluation.diverged for evaluation in pack.evaluate(dataset.validation)] == [True, False, True]
    pack.keep([1])
    pack.train_epoch()
    without.train_epoch()
    assert_same_weights(pack.unpack(0), without.unpack(0))


def test_batches_larger_than_the_split_are_refused(make_dataset):
    with pytest.raises(ValueError, match=r"batch_size = 200 is larger than the training split .*90 images"):
        PackTraining(seeded([configure(batch_size=200)]), make_dataset(), batch_seed=BATCH_SEED)


def test_a_batch_of_the_whole_split_is_one_step(assert_trajectories):
    assert_trajectories([configure(batch_size=90)])


def test_mixed_batch_sizes_are_refused(make_dataset):
    members = seeded([configure(batch_size=20), configure(batch_size=10)])
    with pytest.raises(ValueError, match=r"must have the same batch_size, not \[10, 20\]"):
        PackTraining(members, make_dataset(), batch_seed=BATCH_SEED)


def test_the_global_random_state_is_neither_read_nor_changed(make_dataset, assert_same_weights):
    networks = []
    for global_seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(global_seed)
            state = torch.get_rng_state()
            training = PackTraining(seeded(mixed("mlp", dropout=0.3)), make_dataset(), batch_seed=BATCH_SEED)
            training.train_epoch()
            networks.append(training.unpack(0))
            assert torch.equal(torch.get_rng_state(), state)
    assert_same_weights(*networks, rtol=0, atol=0)
