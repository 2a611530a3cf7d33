"""Members of a pack learn what they learn alone, from inputs of any shape: colour images, rows of a table, heads with
unlike classes. The plain loop here is PyTorch's own, with `CrossEntropyLoss` on the classes that each head has."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from packtune.data.dataset import Dataset, Split
from packtune.data.description import PLAIN, Head, Scaling
from packtune.models.architectures.build import build_network, count_multiplications, count_parameters
from packtune.models.configuration import Configuration
from packtune.models.hardware.precision import Precision
from packtune.models.training.loss import absent_outputs, without_absent
from packtune.models.training.pack_training import Member, PackTraining

BATCH = 16
COLOURS = Scaling(factors=(0.02, 0.01, 0.03), offsets=(-2.5, -1.0, -4.0))


def heads_of(*sizes):
    return tuple(
        Head(name=f"head {n}", classes=tuple(f"class {c}" for c in range(size))) for n, size in enumerate(sizes)
    )


def make(shape, *sizes, n=80, scaling=PLAIN):
    """Make random examples whose labels follow from a few of their numbers."""
    generator = torch.Generator().manual_seed(sum(shape))

    def split(n):
        inputs = torch.randn(n, *shape, generator=generator)
        first = inputs.flatten(1)[:, : len(sizes)]
        labels = torch.stack([(first[:, head] * 3).long().abs() % size for head, size in enumerate(sizes)], dim=1)
        if len(shape) == 3:
            inputs = (inputs * 50 + 128).clamp(0, 255).to(torch.uint8)
        return Split(inputs=inputs, labels=labels)

    return Dataset(
        name="random", train=split(n), validation=split(30), test=split(30), heads=heads_of(*sizes), scaling=scaling
    )


TABLE, COLOUR = make((7,), 3), make((3, 9, 8), 4, scaling=COLOURS)
UNLIKE = make((6,), 2, 5, 3)
MLP = Configuration(hidden_units=9, activation="tanh", batch_size=BATCH, learning_rate=0.1, momentum=0.5, depth=2)
CNN = Configuration(
    architecture="cnn", blocks=1, filters=3, hidden_units=7, activation="tanh", batch_size=BATCH, learning_rate=0.05
)
CASES = {
    "a table": (TABLE, MLP),
    "colour images, mlp": (COLOUR, MLP),
    "colour images, cnn": (COLOUR, CNN),
    "heads with unlike classes": (UNLIKE, MLP),
}


def scaled(dataset, inputs):
    if inputs.dtype == torch.float32:
        return inputs
    factors, offsets = (torch.tensor(v).view(-1, 1, 1) for v in (dataset.scaling.factors, dataset.scaling.offsets))
    return inputs.float() * factors + offsets


def plain_loss(dataset, logits, labels):
    scores = logits.unflatten(1, (len(dataset.heads), -1))
    losses = [
        functional.cross_entropy(scores[:, head, : len(each.classes)], labels[:, head])
        for head, each in enumerate(dataset.heads)
    ]
    return torch.stack(losses).mean()


def train_plainly(member, dataset, epochs):
    c = member.configuration
    network = build_network(c, input_shape=dataset.input_shape, outputs=dataset.outputs, seed=member.seed)
    optimizer = torch.optim.SGD(network.parameters(), lr=c.learning_rate, momentum=c.momentum)
    inputs, order = scaled(dataset, dataset.train.inputs), torch.Generator().manual_seed(1)
    for _ in range(epochs):
        for batch in torch.randperm(len(inputs), generator=order).split(BATCH):
            optimizer.zero_grad()
            plain_loss(dataset, network(inputs[batch]), dataset.train.labels[batch]).backward()
            optimizer.step()
    return network


@pytest.mark.parametrize("case", CASES)
def test_members_learn_what_they_learn_alone(case, assert_same_weights):
    dataset, configuration = CASES[case]
    members = [Member(configuration=configuration, seed=seed) for seed in range(3)]
    training = PackTraining(members, dataset, batch_seed=1)
    for _ in range(10):  # 50 steps
        training.train_epoch()
    evaluations = training.evaluate(dataset.validation)
    for index, member in enumerate(members):
        plain = train_plainly(member, dataset, 10)
        assert_same_weights(training.unpack(index), plain)
        with torch.no_grad():
            logits = plain(scaled(dataset, dataset.validation.inputs))
        labels = dataset.validation.labels
        assert evaluations[index].loss == pytest.approx(plain_loss(dataset, logits, labels).item(), rel=1e-4)
        scores = logits.unflatten(1, (len(dataset.heads), -1))
        found = [scores[:, h, : len(each.classes)].argmax(1) for h, each in enumerate(dataset.heads)]
        right = (torch.stack(found, dim=1) == labels).all(1).double().mean().item()
        assert evaluations[index].accuracy == pytest.approx(right, abs=1.01 / 30)


def test_outputs_without_a_class_are_never_chosen_and_learn_nothing():
    members = [Member(configuration=MLP, seed=seed) for seed in range(2)]
    training = PackTraining(members, UNLIKE, batch_seed=1)
    before = [training.unpack(index)[-1].weight.clone() for index in range(2)]
    for _ in range(5):
        training.train_epoch()
    absent = torch.tensor([0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], dtype=torch.bool)
    for index in range(2):
        after = training.unpack(index)[-1].weight
        assert torch.equal(after[absent], before[index][absent])
        assert not torch.equal(after[~absent], before[index][~absent])
    mask = absent_outputs(UNLIKE.heads, torch.device("cpu"))
    assert torch.equal(without_absent(torch.zeros(15, 1), mask).isinf().ravel(), absent)
    assert absent_outputs(heads_of(3, 3), torch.device("cpu")) is None


def test_bytes_are_scaled_by_channel_before_they_are_rounded():
    wide = Configuration(hidden_units=80, activation="tanh", batch_size=BATCH, learning_rate=0.1)
    members = [Member(configuration=wide, seed=0)]
    exact, rounded = (
        PackTraining(members, COLOUR, batch_seed=1, precision=p) for p in (Precision.FLOAT32, Precision.BFLOAT16)
    )
    losses = [each.evaluate(COLOUR.validation)[0].loss for each in (exact, rounded)]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_a_cnn_needs_images():
    with pytest.raises(ValueError, match="the architecture cnn needs images, and not rows of 7 columns: use an mlp"):
        build_network(CNN, input_shape=(7,), outputs=3, seed=0)


def test_sizes_are_those_of_the_shape():
    assert count_parameters(MLP, input_shape=(7,), outputs=3) == 7 * 9 + 9 + 9 * 9 + 9 + 9 * 3 + 3
    assert count_multiplications(MLP, input_shape=(7,), outputs=3) == 7 * 9 + 9 * 9 + 9 * 3
    first = build_network(CNN, input_shape=(3, 9, 8), outputs=4, seed=0)[0]
    assert isinstance(first, nn.Conv2d) and first.in_channels == 3
