"""Networks of every further kind of layer, trained in packs for 50 steps, are those that plain PyTorch trains alone."""

from __future__ import annotations

import io

import pytest
import torch

from packtune.models.configuration import Configuration
from packtune.models.model_file import model_from_bytes, model_to_bytes
from packtune.models.trained_model import TrainedModel
from packtune.models.training.augmentation import AUGMENTATIONS
from packtune.models.training.pack_training import Member, PackTraining

EPOCHS, BATCH_SIZE, N_TRAIN = 5, 20, 200  # 50 steps
BATCH_SEED = 7
WIDTHS = (9, 16, 12, 10)
OPTIMIZERS = (
    {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
    {"learning_rate": 0.1},
    {"learning_rate": 0.02, "momentum": 0.8, "weight_decay": 0.01},
    {"learning_rate": 0.1, "weight_decay": 0.02},
)
# Without kinks, where rounding could change which way the gradient goes.
SMOOTH = ("tanh", "gelu", "silu", "elu")
CNN = {"architecture": "cnn", "filters": 3, "blocks": 2, "pooling": 1}
PARTS = {
    "mlp, batch": {"normalization": "batch", "depth": 2},
    "mlp, layer": {"normalization": "layer", "depth": 2},
    "cnn, batch": {**CNN, "normalization": "batch"},
    "cnn, layer": {**CNN, "normalization": "layer"},
    "residual mlp": {"residual": True, "depth": 3},
    "residual mlp, batch": {"residual": True, "depth": 3, "normalization": "batch"},
    "residual mlp, layer": {"residual": True, "depth": 3, "normalization": "layer"},
    "cnn, separable": {**CNN, "convolution": "separable"},
    "cnn, global pooling": {**CNN, "global_pooling": True},
    "cnn, all": {**CNN, "convolution": "separable", "global_pooling": True, "normalization": "batch"},
    "mlp, he": {"initialization": "he"},
    "cnn, xavier": {**CNN, "initialization": "xavier"},
    **{f"mlp, {name}": {"augmentation": name} for name in AUGMENTATIONS},
    "cnn, shift": {**CNN, "augmentation": "shift"},
    "cnn, mixup": {**CNN, "augmentation": "mixup"},
}

parts = pytest.mark.parametrize("part", PARTS)


def members_of(part, **values):
    """Members of unlike widths, activations and optimizers."""
    rows = zip(WIDTHS, SMOOTH, OPTIMIZERS, strict=True)
    return [
        Member(
            configuration=Configuration(
                **{"batch_size": BATCH_SIZE, "hidden_units": width, "activation": name},
                **optimizer,
                **PARTS[part],
                **values,
            ),
            seed=11 + index,
            epochs=EPOCHS,
        )
        for index, (width, name, optimizer) in enumerate(rows)
    ]


@pytest.fixture
def dataset(make_dataset):
    return make_dataset(n_train=N_TRAIN)


@pytest.fixture
def assert_as_alone(dataset, train_alone, assert_same_weights):
    """Compare the members of a training, by their indices in the pack, with the same networks trained alone."""

    def check(training, members, indices):
        for row, index in enumerate(indices):
            alone = train_alone(members[index], dataset, batch_seed=BATCH_SEED, epochs=EPOCHS)
            assert_same_weights(training.unpack(row), alone[training.epoch - 1])

    return check


@parts
def test_members_train_as_if_alone(part, dataset, assert_as_alone):
    members = members_of(part)
    training = PackTraining(members, dataset, batch_seed=BATCH_SEED)
    for _ in range(EPOCHS):
        training.train_epoch()
        training.evaluate(dataset.validation)
        assert_as_alone(training, members, range(len(members)))


@parts
def test_members_kept_train_on_as_before(part, dataset, assert_as_alone):
    members = members_of(part)
    training = PackTraining(members, dataset, batch_seed=BATCH_SEED)
    for indices in ([0, 1, 2, 3], [3, 0, 2], [2, 0]):
        training.keep(indices)
        training.train_epoch()
    assert_as_alone(training, members, [2, 3])


@parts
def test_a_saved_training_goes_on_with_the_same_bytes(part, dataset, assert_same_weights):
    first, second = (PackTraining(members_of(part, dropout=0.2), dataset, batch_seed=BATCH_SEED) for _ in range(2))
    for training in (first, second):
        training.keep([3, 1, 0])
    first.train_epoch()
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second.load_state_dict(torch.load(file, weights_only=True))
    for training in (first, second):
        training.train_epoch()
        training.keep([2, 0])
        training.train_epoch()
    for index in range(2):
        assert_same_weights(first.unpack(index), second.unpack(index), rtol=0, atol=0)
    assert first.evaluate(dataset.test) == second.evaluate(dataset.test)


@parts
def test_a_part_of_a_pack_is_padded_like_the_whole(part, dataset, assert_same_weights):
    members = members_of(part)
    configurations = [member.configuration for member in members]
    whole = PackTraining(members, dataset, batch_seed=BATCH_SEED)
    half = PackTraining([members[0]], dataset, batch_seed=BATCH_SEED, pack_configurations=configurations)
    for training in (whole, half):
        training.train_epoch()
    assert_same_weights(half.unpack(0), whole.unpack(0))


@parts
def test_a_model_file_gives_the_network_and_its_predictions_back(part, dataset):
    training = PackTraining(members_of(part), dataset, batch_seed=BATCH_SEED)
    training.train_epoch()
    evaluations = training.evaluate(dataset.test)
    for index, member in enumerate(members_of(part)):
        model = TrainedModel(
            network=training.unpack(index),
            configuration=member.configuration,
            input_shape=dataset.input_shape,
            heads=dataset.heads,
            trained_on=dataset.name,
            epochs=1,
            trial=index,
            seed=member.seed,
            validation_accuracy=0.5,
        )
        again = model_from_bytes(model_to_bytes(model), source="test")
        for name, value in model.network.state_dict().items():
            assert torch.equal(again.network.state_dict()[name], value), name
        labels = again.label(dataset.test.inputs).labels
        assert (labels == dataset.test.labels).double().mean().item() == pytest.approx(evaluations[index].accuracy)
