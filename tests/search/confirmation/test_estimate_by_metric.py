"""Estimates of scores by other metrics than accuracy: how often their intervals hold the truth, and their edges."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from packtune.confirmation.collapse import count_collapsed, find_collapsed
from packtune.confirmation.crossed import analyse
from packtune.confirmation.estimate import estimate_accuracy, estimate_score, interval_of
from packtune.confirmation.judgement import Judgement, Rules
from packtune.models.training.metrics.catalog import METRICS, Metric
from packtune.models.training.metrics.classes import as_many_images
from packtune.models.training.metrics.measure import MEASURES, scores_of, values_by_image

MEASURED = list(MEASURES)
SHARES = np.array([0.55, 0.3, 0.15])


pytestmark = pytest.mark.usefixtures("one_thread")


def simulate(generator, trainings, images, seed_effect):
    """Draw the logits of trainings [trainings, 3, images] and labels [images, 1]; images are easy or hard for all."""
    labels = generator.choice(3, size=images, p=SHARES)
    ease = 2.0 + 1.2 * generator.standard_normal(images)
    skill = seed_effect * generator.standard_normal((trainings, 1))
    truth = np.eye(3)[labels].T  # [3, images]
    logits = truth * (ease + skill)[:, None] + 0.8 * generator.standard_normal((trainings, 3, images))
    return torch.tensor(logits, dtype=torch.float32), torch.tensor(labels[:, None])


@functools.cache
def truth_of(metric, seed_effect):
    """Give the score to expect of a fresh training on fresh images: the mean of 1,500 trainings, 1,000 images each."""
    generator = np.random.default_rng(1)
    pairs = (simulate(generator, 5, 1_000, seed_effect) for _ in range(300))
    return float(np.mean([scores_of(metric, *pair) for pair in pairs]))


def estimate(metric, logits, labels):
    values = values_by_image(metric, logits, labels).double().numpy()
    as_many = as_many_images(labels) if metric.entry.by_class else None
    return estimate_score(values, metric=metric, as_many=as_many)


@pytest.mark.parametrize("seed_effect", [0.0, 0.3])
@pytest.mark.parametrize("metric", MEASURED)
def test_the_interval_holds_the_truth_in_about_95_of_100_cases(metric, seed_effect):
    """By chance alone, 95 of 100 would be seen as 92 to 98 of 100 in 300 cases; few seeds and images cost some."""
    generator, truth = np.random.default_rng(2), truth_of(metric, seed_effect)
    estimates = [estimate(metric, *simulate(generator, 4, 250, seed_effect)) for _ in range(300)]
    held = np.mean([each.low <= truth <= each.high for each in estimates])
    assert 0.9 <= held <= 0.995
    assert np.mean([each.mean for each in estimates]) == pytest.approx(truth, rel=0.02)


@pytest.mark.parametrize("metric", MEASURED)
def test_an_estimate_knows_the_scores_of_the_trainings(metric):
    logits, labels = simulate(np.random.default_rng(3), 4, 250, 0.3)
    scores, found = scores_of(metric, logits, labels), estimate(metric, logits, labels)
    assert found.mean == pytest.approx(np.mean(scores), abs=1e-6)
    assert found.deviation == pytest.approx(np.std(scores, ddof=1), abs=1e-6)
    assert (found.trainings, found.images, found.collapsed) == (4, 250, 0)


@pytest.mark.parametrize("metric", MEASURED)
def test_seeds_that_differ_widen_the_interval(metric):
    narrow, wide = (
        estimate(metric, *simulate(np.random.default_rng(4), 4, 250, seed_effect)) for seed_effect in (0.0, 1.5)
    )
    assert wide.high - wide.low > narrow.high - narrow.low


@given(
    values=st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=4),
)
def test_numbers_are_analysed_as_whole_numbers_are(values):
    whole = analyse(np.array(values))
    fractions = analyse(np.array(values, dtype=np.float64))
    for name in ("mean", "of_repeats", "of_images", "of_rest", "image_variance", "repeat_variance"):
        assert getattr(fractions, name) == pytest.approx(getattr(whole, name), abs=1e-12)


@given(data=st.data())
def test_the_order_of_trainings_and_of_images_changes_nothing(data):
    table = np.array(data.draw(st.lists(st.lists(st.floats(0, 5), min_size=6, max_size=6), min_size=2, max_size=4)))
    rows = data.draw(st.permutations(range(len(table))))
    columns = data.draw(st.permutations(range(6)))
    found, again = (estimate_score(each, metric=Metric.LOG_LOSS) for each in (table, table[rows][:, columns]))
    assert found == again


def test_the_estimate_of_accuracy_is_the_same_by_either_name():
    answers = np.random.default_rng(0).random((4, 60)) < 0.8
    assert estimate_score(answers) == estimate_accuracy(answers)


@pytest.mark.parametrize("metric", MEASURED)
@given(score=st.floats(0, 1), error=st.floats(0, 0.5), as_many=st.floats(1, 1000))
def test_bounds_lie_in_the_range_of_the_metric_about_the_score(metric, score, error, as_many):
    low, high = interval_of(metric, score, error**2, as_many)
    assert 0 <= low <= score + 1e-12
    assert score - 1e-12 <= high <= metric.entry.highest


def test_a_rare_class_that_is_all_right_still_says_little():
    """Of 99 and 5 images, all five are right: as many independent images would say as much as 19."""
    labels = torch.tensor([[0]] * 95 + [[1]] * 5)
    logits = torch.zeros(1, 2, 100)
    logits[0, 0, :90], logits[0, 1, 90:] = 1, 1
    found = estimate(Metric.BALANCED_ACCURACY, logits, labels)
    as_many = 4 / (1 / 95 + 1 / 5)
    assert found.mean == pytest.approx((90 / 95 + 1) / 2)
    assert (found.low, found.high) == pytest.approx(interval_of(Metric.BALANCED_ACCURACY, found.mean, 0, as_many))
    assert found.high - found.low > 0.1


@pytest.mark.parametrize(
    ("metric", "scores", "collapsed"),
    [
        (Metric.BALANCED_ACCURACY, (0.9, 0.5, 0.4), 1),
        (Metric.MACRO_F1, (0.9, 0.46, 0.44), 1),
        (Metric.AUC, (0.98, 0.75, 0.5), 1),
        (Metric.LOG_LOSS, (0.1, 0.7, 2.3), 1),
        (Metric.LOG_LOSS, (METRICS[Metric.LOG_LOSS].worst,) * 3, 3),
        (Metric.AUC, (0.98, 0.97, 0.0), 1),
    ],
)
def test_a_training_far_behind_the_best_has_collapsed(metric, scores, collapsed):
    table = np.repeat(np.array(scores)[:, None], 10, axis=1)
    assert count_collapsed(table, metric=metric) == collapsed
    assert find_collapsed({0: table[:1], 1: table}, metric=metric) == ({0, 1} if collapsed == 3 else {1})


def test_of_log_losses_the_smallest_is_selected_and_the_larger_ones_are_told_from_it():
    generator = np.random.default_rng(5)
    tables = {index: generator.exponential(mean, (2, 400)) for index, mean in enumerate((0.9, 0.3, 0.31))}
    rules = Rules(images=400, resampled=False, metric=Metric.LOG_LOSS)
    nothing = Judgement.of_nothing(3, [5, 6, 4], rules)
    assert nothing.order == (0, 1, 2)
    judgement = nothing.after(tables)
    assert judgement.order[-1] == 0
    assert judgement.winner == judgement.order[0]
    assert set(judgement.ties) == {1, 2}
    assert judgement.next_round((0, 1, 2), 2) == (1, 2)
