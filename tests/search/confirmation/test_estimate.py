"""The interval of an accuracy: known special cases, simulation, and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from packtune.confirmation.estimate import estimate_accuracy, wilson_interval

ANSWERS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 40)))
Z = stats.norm.ppf(0.975)


@given(answers=ANSWERS)
def test_the_interval_holds_the_mean_and_stays_in_range(answers):
    estimate = estimate_accuracy(answers)
    assert 0 <= estimate.low <= estimate.mean <= estimate.high <= 1
    assert estimate.low < estimate.high
    assert estimate.mean == pytest.approx(answers.mean())
    assert (estimate.trainings, estimate.images) == answers.shape


@given(answers=ANSWERS, data=st.data())
def test_the_order_of_trainings_and_images_changes_nothing(answers, data):
    rows = data.draw(st.permutations(range(answers.shape[0])))
    columns = data.draw(st.permutations(range(answers.shape[1])))
    assert estimate_accuracy(answers[rows][:, columns]) == estimate_accuracy(answers)


@given(answers=ANSWERS)
def test_wrong_for_right_mirrors_the_interval(answers):
    estimate, mirrored = estimate_accuracy(answers), estimate_accuracy(~answers)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - estimate.high, 1 - estimate.low), abs=1e-9)


@given(right=st.integers(0, 50), wrong=st.integers(0, 50))
def test_one_training_has_wilsons_interval_and_no_deviation(right, wrong):
    n = right + wrong or 1
    answers = np.arange(n) < right
    estimate = estimate_accuracy(answers[None])
    expected = stats.binomtest(int(answers.sum()), n).proportion_ci(0.95, method="wilson")
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert estimate.deviation is None


@pytest.mark.parametrize("trainings", [2, 5])
@pytest.mark.parametrize("right", [0, 1, 90, 100])
def test_trainings_that_agree_on_every_image_are_as_good_as_one(trainings, right):
    """The difference to one training is that of dividing by n - 1 instead of n, as for any sample's variance."""
    answers = np.tile(np.arange(100) < right, (trainings, 1))
    estimate = estimate_accuracy(answers)
    n = 100 if right in (0, 100) else 99
    assert (estimate.low, estimate.high) == pytest.approx(wilson_interval(right / 100, n, Z), abs=1e-12)
    assert estimate.deviation == 0


def test_where_only_seeds_matter_the_interval_is_students():
    """All images alike to a training but for an even chance: with many images the t interval of the accuracies."""
    rng = np.random.default_rng(1)
    accuracies = np.array([0.45, 0.52, 0.5, 0.56, 0.49])
    answers = rng.random((5, 200_000)) < accuracies[:, None]
    estimate = estimate_accuracy(answers)
    low, high = stats.t.interval(0.95, 4, loc=accuracies.mean(), scale=stats.sem(accuracies))
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.003)
    assert estimate.deviation == pytest.approx(accuracies.std(ddof=1), abs=0.003)


@pytest.mark.parametrize("right", [True, False])
def test_all_right_or_all_wrong_is_not_certain(right):
    estimate = estimate_accuracy(np.full((4, 270), right))
    bound = 1 - stats.binomtest(270, 270).proportion_ci(0.95, method="wilson").low
    assert estimate.high - estimate.low == pytest.approx(bound, abs=1e-9)
    assert estimate.mean == right


def test_a_training_that_diverged_counts_as_wrong():
    answers = np.ones((5, 100), dtype=bool)
    answers[2] = False
    estimate = estimate_accuracy(answers, diverged=1)
    assert estimate.mean == pytest.approx(0.8)
    assert estimate.diverged == 1
    assert estimate.low < 0.5
    assert estimate.deviation == pytest.approx(math.sqrt(0.2))


@pytest.mark.parametrize("diverged", [-1, 3])
def test_no_more_trainings_can_diverge_than_there_are(diverged):
    with pytest.raises(ValueError, match="2 trainings|give a number from 0"):
        estimate_accuracy(np.ones((2, 5), dtype=bool), diverged)


@pytest.mark.parametrize("seed_noise", [0.0, 0.1, 0.25])
@pytest.mark.parametrize(("trainings", "images"), [(4, 270), (8, 270), (5, 2000)])
def test_the_interval_holds_the_truth_about_19_times_in_20(trainings, images, seed_noise):
    """A fixed seed; 1,500 cases have a standard error of 0.6 points."""
    rng = np.random.default_rng(7)
    level, ease = 2.8, 1.3
    truth = stats.norm.cdf(level / math.sqrt(1 + ease**2 + seed_noise**2))

    def holds():
        seeds = seed_noise * rng.standard_normal((trainings, 1), dtype=np.float32)
        images_ = ease * rng.standard_normal(images, dtype=np.float32)
        rest = rng.standard_normal((trainings, images), dtype=np.float32)
        estimate = estimate_accuracy(level + seeds + images_ + rest > 0)
        return estimate.low <= truth <= estimate.high

    assert 0.92 <= np.mean([holds() for _ in range(1500)]) <= 0.98


@given(share=st.floats(0, 1), n=st.integers(1, 10_000))
def test_wilsons_interval_is_scipys(share, n):
    right = round(share * n)
    expected = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(right / n, n, Z) == pytest.approx((expected.low, expected.high), abs=1e-9)
