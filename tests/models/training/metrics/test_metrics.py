"""Scores against scikit-learn's, and what images say about a score against its standard error by resampling."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, roc_auc_score

from packtune.models.training.metrics.catalog import MAX_LOSS, METRICS, Metric
from packtune.models.training.metrics.classes import as_many_images
from packtune.models.training.metrics.measure import MEASURES, scores_of, values_by_image

MEASURED = list(MEASURES)


def draw(seed, *, members=3, heads=1, classes=4, n=60, skew=0.0, scale=2.0):
    """Draw logits float32 [members, heads * classes, n], better than chance, and labels [n, heads] of all classes."""
    generator = np.random.default_rng(seed)
    shares = np.exp(-skew * np.arange(classes))
    labels = generator.choice(classes, size=(n, heads), p=shares / shares.sum())
    labels[: 2 * classes] = np.tile(np.arange(classes), 2)[:, None]
    truth = np.eye(classes)[labels].transpose(1, 2, 0)  # [heads, classes, n]
    logits = scale * generator.standard_normal((members, heads, classes, n)) + 1.5 * truth
    return torch.tensor(logits.reshape(members, heads * classes, n), dtype=torch.float32), torch.tensor(labels)


def by_scikit_learn(metric, logits, labels):
    """Score one member and one head: logits [classes, n], labels [n]."""
    probabilities = torch.softmax(logits.double(), 0).numpy().T
    named, truth, classes = logits.argmax(0).numpy(), labels.numpy(), np.arange(len(logits))
    match metric:
        case Metric.BALANCED_ACCURACY:
            return balanced_accuracy_score(truth, named)
        case Metric.MACRO_F1:
            return f1_score(truth, named, average="macro", labels=np.unique(truth), zero_division=0)
        case Metric.LOG_LOSS:
            return log_loss(truth, probabilities, labels=classes)
        case Metric.AUC if len(classes) == 2:
            return roc_auc_score(truth, probabilities[:, 1])
        case _:
            return roc_auc_score(truth, probabilities, multi_class="ovr", average="macro", labels=classes)


@pytest.mark.parametrize("metric", MEASURED)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 6), n=st.integers(20, 80), skew=st.floats(0, 1.5))
def test_scores_are_those_of_scikit_learn(metric, seed, classes, n, skew):
    logits, labels = draw(seed, classes=classes, n=n, skew=skew)
    for ours, member in zip(scores_of(metric, logits, labels), logits, strict=True):
        assert ours == pytest.approx(by_scikit_learn(metric, member, labels[:, 0]), abs=1e-9)


@pytest.mark.parametrize("metric", MEASURED)
def test_the_score_of_several_heads_is_the_mean_of_theirs(metric):
    logits, labels = draw(1, heads=3)
    heads = [
        [by_scikit_learn(metric, member[4 * head : 4 * head + 4], labels[:, head]) for head in range(3)]
        for member in logits
    ]
    assert scores_of(metric, logits, labels) == pytest.approx([np.mean(scores) for scores in heads])


@pytest.mark.parametrize("metric", MEASURED)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), members=st.integers(2, 5), heads=st.integers(1, 2), skew=st.floats(0, 1.5))
def test_a_pack_is_scored_as_its_members_are_one_by_one(metric, seed, members, heads, skew):
    logits, labels = draw(seed, members=members, heads=heads, skew=skew)
    alone = [scores_of(metric, member.unsqueeze(0), labels)[0] for member in logits]
    assert scores_of(metric, logits, labels) == alone
    values = [values_by_image(metric, member.unsqueeze(0), labels)[0] for member in logits]
    assert torch.equal(values_by_image(metric, logits, labels), torch.stack(values))


@pytest.mark.parametrize("metric", MEASURED)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), heads=st.integers(1, 2), classes=st.integers(2, 5), skew=st.floats(0, 2))
def test_the_mean_of_what_images_say_is_the_score(metric, seed, heads, classes, skew):
    logits, labels = draw(seed, heads=heads, classes=classes, skew=skew)
    values = values_by_image(metric, logits, labels)
    assert values.shape == (3, 60)
    assert values.double().mean(1).tolist() == pytest.approx(scores_of(metric, logits, labels), abs=1e-5)


@pytest.mark.parametrize("metric", MEASURED)
@pytest.mark.parametrize("skew", [0.0, 0.8])
def test_what_images_say_spreads_as_the_score_does_over_samples(metric, skew):
    """Scores of 400 fresh samples deviate by what one sample says, in the mean over these."""
    samples = [draw(seed, members=1, n=400, skew=skew) for seed in range(400)]
    scores = [scores_of(metric, *sample)[0] for sample in samples]
    errors = [float(values_by_image(metric, *sample).std()) / 20 for sample in samples]
    assert np.mean(errors) == pytest.approx(np.std(scores), rel=0.15)


def test_the_components_of_a_binary_auc_have_the_variance_of_delong():
    logits, labels = draw(5, members=1, classes=2, n=50)
    probability, truth = torch.softmax(logits[0].double(), 0)[1].numpy(), labels[:, 0].numpy()
    ours, others = probability[truth == 1], probability[truth == 0]
    wins = (ours[:, None] > others) + 0.5 * (ours[:, None] == others)
    variance = wins.mean(1).var(ddof=1) / len(ours) + wins.mean(0).var(ddof=1) / len(others)
    values = values_by_image(Metric.AUC, logits, labels)[0].double().numpy()
    assert values.var() / len(values) == pytest.approx(variance, rel=1e-4)


@pytest.mark.parametrize("metric", MEASURED)
def test_a_class_without_an_example_does_not_count(metric):
    logits, labels = draw(3, classes=3)
    there = labels[:, 0] != 2
    part, few = logits[:, :, there], labels[there]
    if metric is Metric.BALANCED_ACCURACY:
        with pytest.warns(UserWarning, match="not in y_true"):
            expected = [by_scikit_learn(metric, member, few[:, 0]) for member in part]
    elif metric is Metric.AUC:
        probabilities = torch.softmax(part.double(), 1).numpy()
        expected = [np.mean([roc_auc_score(few[:, 0] == k, p[k]) for k in (0, 1)]) for p in probabilities]
    else:
        expected = [by_scikit_learn(metric, member, few[:, 0]) for member in part]
    assert scores_of(metric, part, few) == pytest.approx(expected)
    assert values_by_image(metric, part, few).double().mean(1).tolist() == pytest.approx(expected, abs=1e-5)


def test_an_auc_of_one_class_alone_is_refused():
    logits, labels = draw(3)
    for function in (scores_of, values_by_image):
        with pytest.raises(ValueError, match="one class.*choose another metric"):
            function(Metric.AUC, logits, torch.zeros_like(labels))


def test_a_loss_has_a_bound():
    logits = torch.tensor([[[1000.0, 0.0], [0.0, 1000.0]]])
    assert scores_of(Metric.LOG_LOSS, logits, torch.tensor([[1], [1]])) == [MAX_LOSS / 2]
    assert log_loss([1, 1], [[1.0, 0.0], [0.0, 1.0]], labels=[0, 1]) == pytest.approx(MAX_LOSS / 2)


@pytest.mark.parametrize("metric", MEASURED)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverged_member_does_not_disturb_the_others(metric, value):
    logits, labels = draw(3)
    expected = scores_of(metric, logits[1:], labels)
    logits[0] = value
    assert scores_of(metric, logits, labels)[1:] == expected
    assert values_by_image(metric, logits, labels).shape == (3, 60)


@pytest.mark.parametrize("metric", METRICS)
def test_merits_lie_in_0_to_1_and_follow_the_direction(metric):
    entry = metric.entry
    scores = np.linspace(0, entry.highest, 50)
    merits = [metric.merit(score) for score in scores]
    assert all(0 <= merit <= 1 for merit in merits)
    assert merits == sorted(merits, reverse=not entry.larger_is_better)
    assert metric.merit(entry.worst) == min(merits) == pytest.approx(0, abs=1e-15)


def test_as_many_images_as_there_are_only_where_classes_are_as_large():
    assert as_many_images(torch.tensor([[0], [1], [2]] * 5)) == pytest.approx(15)
    assert as_many_images(torch.tensor([[0]] * 90 + [[1]] * 10)) == pytest.approx(4 / (1 / 90 + 1 / 10))
    both = torch.tensor([[0, 0]] * 50 + [[1, 0]] * 40 + [[1, 1]] * 10)
    assert as_many_images(both) == pytest.approx(4 / (1 / 90 + 1 / 10))
