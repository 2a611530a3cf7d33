"""Accuracies and losses of a pack against a plain computation, one member and one image after another."""

from __future__ import annotations

import math

import pytest
import torch

from packtune.data.dataset import Split
from packtune.data.description import PIXEL_SCALE
from packtune.models.architectures.catalog import ARCHITECTURES
from packtune.models.configuration import Configuration
from packtune.models.training.evaluation import EVALUATION_BATCH, Evaluation
from packtune.models.training.pack_training import Member, PackTraining


def make_training(dataset, architecture="mlp", **values):
    members = [
        Member(
            configuration=Configuration(
                **{
                    "architecture": architecture,
                    "activation": activation,
                    "hidden_units": units,
                    "filters": 3,
                    "batch_size": 10,
                    "dropout": 0.3,
                    **values,
                }
            ),
            seed=units,
        )
        for activation, units in (("relu", 12), ("tanh", 20), ("identity", 9))
    ]
    return PackTraining(members, dataset, batch_seed=5)


@torch.no_grad()
def evaluate_plainly(network, split, plain_loss):
    """Label the whole split at once with a plain network."""
    logits = network.eval()(split.inputs.float() / PIXEL_SCALE)
    predicted = logits.unflatten(1, (split.labels.shape[1], -1)).argmax(2)
    rows = zip(predicted.tolist(), split.labels.tolist(), strict=True)
    right = [[p == y for p, y in zip(*row, strict=True)] for row in rows]
    return Evaluation(
        accuracy=sum(all(row) for row in right) / len(right),
        head_accuracies=tuple(sum(column) / len(right) for column in zip(*right, strict=True)),
        loss=plain_loss(logits, split.labels).item(),
    )


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_evaluations_equal_the_plain_computation(architecture, heads, make_dataset, plain_loss):
    dataset = make_dataset(heads=heads, n_train=300, n=2 * EVALUATION_BATCH + 37)
    training = make_training(dataset, architecture)
    for _ in range(3):
        training.train_epoch()
    for split in dataset.splits.values():
        evaluations = training.evaluate(split)
        assert len(evaluations) == 3
        for index, ours in enumerate(evaluations):
            plain = evaluate_plainly(training.unpack(index), split, plain_loss)
            # Near ties between two classes may fall to either side: at most one image in a thousand.
            assert ours.accuracy == pytest.approx(plain.accuracy, abs=1e-3)
            assert ours.head_accuracies == pytest.approx(plain.head_accuracies, abs=1e-3)
            assert ours.loss == pytest.approx(plain.loss, rel=1e-4)
            assert not ours.diverged


def test_an_accuracy_is_a_share_of_all_images(make_dataset):
    """Unlike in training, the images beyond the last full batch count."""
    dataset = make_dataset(n=7)
    for evaluation in make_training(dataset).evaluate(dataset.test):
        assert evaluation.accuracy * 7 == pytest.approx(round(evaluation.accuracy * 7))


def test_one_head_has_the_accuracy_of_the_image(make_dataset):
    dataset = make_dataset()
    for evaluation in make_training(dataset).evaluate(dataset.test):
        assert evaluation.head_accuracies == (evaluation.accuracy,)


def test_an_image_is_right_when_every_head_is(make_dataset):
    dataset = make_dataset(heads=2)
    training = make_training(dataset)
    for _ in range(3):
        training.train_epoch()
    for evaluation in training.evaluate(dataset.train):
        assert 0 < evaluation.accuracy < min(evaluation.head_accuracies)


def test_evaluation_does_not_disturb_training(make_dataset, assert_same_weights):
    dataset = make_dataset()
    watched, unwatched = (make_training(dataset) for _ in range(2))
    for _ in range(2):
        watched.evaluate(dataset.validation)
        watched.train_epoch()
        unwatched.train_epoch()
    assert_same_weights(watched.unpack(1), unwatched.unpack(1), rtol=0, atol=0)


def test_evaluations_come_in_the_order_kept(make_dataset):
    dataset = make_dataset()
    training = make_training(dataset)
    before = training.evaluate(dataset.validation)
    training.keep([2, 0])
    after = training.evaluate(dataset.validation)
    for ours, expected in zip(after, (before[2], before[0]), strict=True):
        assert ours.accuracy == expected.accuracy
        assert ours.loss == pytest.approx(expected.loss, rel=1e-5)


def test_a_split_of_one_image(make_dataset, plain_loss):
    dataset = make_dataset()
    one = Split(inputs=dataset.test.inputs[:1], labels=dataset.test.labels[:1])
    training = make_training(dataset)
    for index, ours in enumerate(training.evaluate(one)):
        assert ours.loss == pytest.approx(evaluate_plainly(training.unpack(index), one, plain_loss).loss, rel=1e-4)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_has_diverged(loss):
    assert Evaluation(accuracy=0.1, head_accuracies=(0.1,), loss=loss).diverged
    assert not Evaluation(accuracy=0.1, head_accuracies=(0.1,), loss=1e30).diverged
