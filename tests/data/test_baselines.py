"""Baselines reach what scikit-learn's own models reach."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from packtune.data.baselines import LOWEST_SCORE, logistic_regression, majority


def parts_of(inputs, labels):
    """Cut in three: half, a quarter, a quarter."""
    half, rest = len(inputs) // 2, 3 * len(inputs) // 4
    cuts = {"train": slice(0, half), "validation": slice(half, rest), "test": slice(rest, None)}
    return {name: inputs[cut] for name, cut in cuts.items()}, {name: labels[cut] for name, cut in cuts.items()}


@pytest.fixture(scope="module")
def cancer():
    found = load_breast_cancer()
    scaled = StandardScaler().fit_transform(found.data).astype(np.float32)
    return parts_of(scaled, found.target[:, None].astype(np.int64))


@pytest.fixture(scope="module")
def digits():
    found = load_digits()
    return parts_of(found.images[:, None].astype(np.uint8), found.target[:, None].astype(np.int64))


def test_the_majority_is_scikit_learns(cancer):
    inputs, labels = cancer
    model = DummyClassifier(strategy="most_frequent").fit(inputs["train"], labels["train"].ravel())
    found = majority(labels, 2)
    assert found.validation == model.score(inputs["validation"], labels["validation"].ravel())
    assert found.test == model.score(inputs["test"], labels["test"].ravel())


def test_the_logistic_regression_is_scikit_learns(cancer):
    inputs, labels = cancer
    model = LogisticRegression().fit(inputs["train"], labels["train"].ravel())
    found = logistic_regression(inputs, labels, 2)
    assert found.test == pytest.approx(model.score(inputs["test"], labels["test"].ravel()), abs=0.01)
    assert found.test > 0.95 > majority(labels, 2).test
    np.testing.assert_allclose(np.exp(found.scores["test"]).sum(2), 1, rtol=1e-5)


def test_images_and_several_heads(digits):
    inputs, labels = digits
    both = {name: np.concatenate([column, column % 2], axis=1) for name, column in labels.items()}
    found = logistic_regression(inputs, both, 10)
    assert 0.6 < found.validation <= logistic_regression(inputs, labels, 10).validation
    assert found.scores["test"].shape == (len(labels["test"]), 2, 10)


def test_one_class_among_the_drawn_examples():
    inputs = {name: np.arange(6, dtype=np.float32)[:, None] for name in ("train", "validation", "test")}
    labels = {name: np.array([[0]] * 6) if name == "train" else np.array([[0], [1]] * 3) for name in inputs}
    found = logistic_regression(inputs, labels, 2)
    assert (found.validation, found.test) == (0.5, 0.5)


def test_many_examples_are_cut_to_some():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 30_000)
    inputs = rng.normal(size=(30_000, 300)).astype(np.float32)
    inputs[np.arange(30_000), truth] += 3
    found = logistic_regression(*parts_of(inputs, truth[:, None]), 3)
    assert found.test > 0.9


def test_a_certain_model_says_nothing_on_the_terminal(recwarn):
    """Far from what it learnt from, the other class has a probability of exactly 0."""
    inputs, labels = parts_of(np.tile([[-1], [1]], (50, 1)).astype(np.float32), np.tile([[0], [1]], (50, 1)))
    found = logistic_regression({**inputs, "test": 1e6 * inputs["test"]}, labels, 2)
    assert found.test == 1.0 and found.scores["test"].min() == LOWEST_SCORE
    assert not [str(warning.message) for warning in recwarn]
