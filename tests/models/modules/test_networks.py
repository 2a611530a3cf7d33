"""Networks of the user's own in packs: each member trains as by a plain loop, called at once or by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from packtune.models.architectures.build import build_network
from packtune.models.configuration import OPTIMIZER_NAMES, Configuration, OwnValues
from packtune.models.modules.calls import Way
from packtune.models.modules.randomness import draw_seed
from packtune.models.own.reading import read_network
from packtune.models.own.registry import register
from packtune.models.training.layout_choice import Choice
from packtune.models.training.pack_training import Member, PackTraining
from tests.models.plain_optimizers import Lion

NETWORK = read_network(Path(__file__).with_name("zoo.py"))
KINDS = NETWORK.table["kind"]
SEPARATE = {"gru", "depthwise"}
"""What `torch.func` cannot call at once."""
BATCH_SEED, EPOCHS = 5, 13
STEPS = EPOCHS * 4

OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"learning_rate": 0.05, "momentum": 0.8, "weight_decay": 0.01}),
    "adam": (torch.optim.Adam, {"learning_rate": 0.003, "weight_decay": 0.01, "epsilon": 1e-4}),
    "adamw": (torch.optim.AdamW, {"learning_rate": 0.003, "weight_decay": 0.1, "epsilon": 1e-4}),
    "rmsprop": (torch.optim.RMSprop, {"learning_rate": 0.001, "momentum": 0.5, "epsilon": 1e-2}),
    "nadam": (torch.optim.NAdam, {"learning_rate": 0.003, "epsilon": 1e-4}),
    "lion": (Lion, {"learning_rate": 0.0003, "weight_decay": 0.1}),
}


@pytest.fixture(autouse=True, scope="module")
def _known():
    register(NETWORK)


def configure(kind, *, optimizer="sgd", width=8, rate=0.3, **values):
    own = OwnValues({"kind": kind, "width": width, "rate": rate})
    return Configuration(
        architecture=NETWORK.architecture,
        own=own,
        batch_size=20,
        optimizer=optimizer,
        **OPTIMIZERS[optimizer][1],
        **values,
    )


def members_of(kind, n=3, **values):
    return [Member(configuration=configure(kind, **values), seed=seed) for seed in range(n)]


def train_alone(member, dataset, *, epochs=EPOCHS):
    """Train one member by a plain loop; random numbers of a step have the seed that its pack draws."""
    c = member.configuration
    network = build_network(c, input_shape=dataset.input_shape, outputs=dataset.outputs, seed=member.seed).train()
    make, _ = OPTIMIZERS[c.optimizer]
    given = {"lr": c.learning_rate, "weight_decay": c.weight_decay}
    if c.optimizer in ("sgd", "rmsprop"):
        given["momentum"] = c.momentum
    if c.optimizer == "lion":
        given["betas"] = (c.beta1, c.beta2)
    elif c.optimizer != "sgd":
        given["eps"] = c.epsilon
    optimizer = make(network.parameters(), **given)
    images, labels = dataset.train.inputs.float() / 256, dataset.train.labels.squeeze(1)
    order, masks = (torch.Generator().manual_seed(BATCH_SEED) for _ in range(2))
    for _ in range(epochs):
        indices = torch.randperm(len(images), generator=order)
        for batch in indices[: len(images) // c.batch_size * c.batch_size].split(c.batch_size):
            if c.own["kind"] == "dropped":
                torch.manual_seed(draw_seed(masks))
            optimizer.zero_grad()
            functional.cross_entropy(network(images[batch]), labels[batch]).backward()
            optimizer.step()
    return network


@pytest.fixture
def force(monkeypatch):
    """Let packs be called in a way that is not the rule's choice; the comparison with plain networks stays."""

    def set_limit(way):
        why = "" if way is Way.VECTORISED else "it was asked for"
        monkeypatch.setattr("packtune.models.training.layout_choice._why_not_at_once", lambda *step: why)
        from packtune.models.training import own_choice

        own_choice._choices.clear()

    yield set_limit
    from packtune.models.training import own_choice

    own_choice._choices.clear()


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("kind", KINDS)
def test_a_member_trains_as_by_a_plain_loop(kind, way, force, make_dataset, assert_same_weights):
    force(way)
    members = members_of(kind)
    training = PackTraining(members, make_dataset(), batch_seed=BATCH_SEED)
    assert isinstance(training.choice, Choice)
    layout = training.choice.layout
    assert layout.is_known or layout.way is (Way.SEPARATE if kind in SEPARATE else way)
    for _ in range(EPOCHS):
        training.train_epoch()
    for index, member in enumerate(members):
        assert_same_weights(training.unpack(index), train_alone(member, make_dataset()), rtol=1e-3, atol=5e-5)


def test_no_optimizer_is_left_out():
    assert tuple(OPTIMIZERS) == OPTIMIZER_NAMES


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("kind", ["residual", "lenet"])
def test_every_optimizer_trains_them(kind, optimizer, way, force, make_dataset, assert_same_weights):
    """Lion steps by signs, and that of a gradient which is zero but for rounding is chance, as before a batch norm."""
    kind = "centred" if (kind, optimizer) == ("lenet", "lion") else kind
    force(way)
    members = members_of(kind, optimizer=optimizer)
    training = PackTraining(members, make_dataset(), batch_seed=BATCH_SEED)
    for _ in range(EPOCHS):
        training.train_epoch()
    for index, member in enumerate(members):
        assert_same_weights(training.unpack(index), train_alone(member, make_dataset()), rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("kind", KINDS)
def test_taking_members_out_does_not_change_the_others(kind, way, force, make_dataset, assert_same_weights):
    force(way)
    whole, fewer = (PackTraining(members_of(kind, 5), make_dataset(), batch_seed=BATCH_SEED) for _ in range(2))
    for training in (whole, fewer):
        training.train_epoch()
    fewer.keep([4, 0, 2])
    for training in (whole, fewer):
        training.train_epoch()
    fewer.keep([1])  # so few are called one after another
    for training in (whole, fewer):
        training.train_epoch()
    assert_same_weights(fewer.unpack(0), whole.unpack(0), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_goes_on_to_the_same_bytes(kind, way, force, make_dataset, assert_same_weights):
    force(way)
    first, second = (PackTraining(members_of(kind, 4), make_dataset(), batch_seed=BATCH_SEED) for _ in range(2))
    first.train_epoch()
    first.keep([3, 1, 0])
    second.keep([3, 1, 0])
    first.train_epoch()
    second.load_state_dict(first.state_dict())
    for training in (first, second):
        training.evaluate(make_dataset().validation)
        training.train_epoch()
    for index in range(3):
        assert_same_weights(second.unpack(index), first.unpack(index), rtol=0, atol=0)
    assert first.evaluate(make_dataset().test) == second.evaluate(make_dataset().test)


def test_evaluation_is_that_of_the_plain_network(make_dataset):
    members = members_of("lenet")
    training = PackTraining(members, make_dataset(), batch_seed=BATCH_SEED)
    training.train_epoch()
    split = make_dataset().test
    for index, evaluation in enumerate(training.evaluate(split)):
        network = training.unpack(index).eval()
        logits = network(split.inputs.float() / 256)
        accuracy = (logits.argmax(1) == split.labels.squeeze(1)).double().mean()
        assert evaluation.accuracy == pytest.approx(float(accuracy), abs=0.03)


def test_rates_of_dropout_differ_by_member(force, make_dataset):
    force(Way.VECTORISED)
    rates = [0.0, 0.25, 0.5]
    members = [Member(configuration=configure("dropped", rate=rate), seed=1) for rate in rates]
    training = PackTraining(members, make_dataset(), batch_seed=BATCH_SEED)
    assert training.choice.layout.way is Way.VECTORISED
    plain = PackTraining(
        [Member(configuration=configure("dropped", rate=0.0), seed=1)] * 3, make_dataset(), batch_seed=5
    )
    for each in (training, plain):
        each.train_epoch()
    assert [m.parts["drop"].p for m in map(training.unpack, range(3))] == rates
    undropped = plain.unpack(0).state_dict()
    same = [
        all(
            torch.allclose(value, undropped[name], atol=1e-5) for name, value in training.unpack(i).state_dict().items()
        )
        for i in range(3)
    ]
    assert same == [True, False, False]


def test_known_layers_of_a_sequential_keep_the_fast_path(make_dataset):
    parts = PackTraining(members_of("mixed"), make_dataset(), batch_seed=BATCH_SEED).choice.layout.parts
    assert [part.is_known for part in parts] == [True, True, True, True, False, True]
