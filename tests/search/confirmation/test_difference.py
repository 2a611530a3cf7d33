"""The difference of two configurations: its interval holds the truth, paired or not."""

from __future__ import annotations

import numpy as np
import pytest

from packtune.confirmation.difference.independent import difference_of_estimates
from packtune.confirmation.difference.paired import difference_by_image, difference_by_seed
from packtune.confirmation.difference.record import Pairing
from packtune.confirmation.estimate import estimate_score

SEARCHES = 600
TRAININGS, IMAGES = 4, 300
LEAST = 0.92
"""Of `SEARCHES` intervals at 95%, no smaller share holds the truth, but for a chance of 1 in 1,000."""


def draw(random, *, easy, by_seed, by_both):
    """Draw answers [2, trainings, images] of two configurations on the same images, in their probabilities' order."""
    images = random.normal(0, 1.0, (1, 1, IMAGES))
    own = random.normal(0, 0.5, (2, 1, IMAGES))
    seeds = random.normal(0, by_seed, (2, TRAININGS, 1)) + random.normal(0, by_both, (1, TRAININGS, 1))
    return np.array(easy).reshape(2, 1, 1) + images + own + seeds + random.normal(0, 0.5, (2, TRAININGS, IMAGES)) > 0


def truth(easy, *, by_seed, by_both):
    """Give the difference of the shares of right answers, over all images and seeds."""
    from statistics import NormalDist

    spread = np.sqrt(1.0 + 0.25 + by_seed**2 + by_both**2 + 0.25)
    return NormalDist().cdf(easy[0] / spread) - NormalDist().cdf(easy[1] / spread)


def coverage(compare, **drawn):
    random, held, widths = np.random.default_rng(1), 0, []
    expected = truth(**drawn)
    for _ in range(SEARCHES):
        found = compare(*draw(random, **drawn))
        held += found.low <= expected <= found.high
        widths.append(found.high - found.low)
    return held / SEARCHES, float(np.mean(widths))


def independent(first, second):
    return difference_of_estimates(estimate_score(first), estimate_score(second))


@pytest.mark.parametrize("easy", [(2.0, 2.0), (2.5, 2.0), (3.5, 3.2)])
@pytest.mark.parametrize("by_seed", [0.0, 0.2])
def test_the_interval_holds_the_truth(easy, by_seed):
    share, by_image = coverage(difference_by_image, easy=easy, by_seed=by_seed, by_both=0.0)
    assert share >= LEAST
    share, apart = coverage(independent, easy=easy, by_seed=by_seed, by_both=0.0)
    assert share >= LEAST
    assert by_image < apart
    share, _ = coverage(difference_by_seed, easy=easy, by_seed=by_seed, by_both=0.2)
    assert share >= LEAST


def test_what_is_common_to_both_makes_the_interval_shorter():
    drawn = {"easy": (2.0, 2.0), "by_seed": 0.05, "by_both": 0.4}
    _, by_seed = coverage(difference_by_seed, **drawn)
    _, by_image = coverage(difference_by_image, **drawn)
    _, apart = coverage(independent, **drawn)
    assert by_seed < by_image < apart


def test_the_same_answers_differ_by_nothing_and_few_images_say_little():
    answers = np.ones((3, 10), dtype=np.bool_)
    found = difference_by_seed(answers, answers)
    assert found.mean == 0 and not found.is_certain
    assert found.low == -found.high < -0.1


def test_a_difference_has_a_sign_and_trainings():
    random = np.random.default_rng(0)
    first, second = random.random((3, 200)) < 0.95, random.random((5, 200)) < 0.6
    found, turned = difference_by_image(first, second), difference_by_image(second, first)
    assert found.mean == pytest.approx(first.mean() - second.mean())
    assert found.is_certain and found.low > 0
    assert (turned.mean, turned.low, turned.high) == pytest.approx((-found.mean, -found.high, -found.low))
    assert (found.trainings, turned.trainings, found.pairing) == ((3, 5), (5, 3), Pairing.IMAGES)
    assert not found.is_blind and difference_by_image(first[:1], second).is_blind


def test_another_metric_is_compared_by_what_each_image_says():
    random = np.random.default_rng(0)
    losses = random.gamma(1.0, 0.3, (4, 500))
    found = difference_by_seed(losses + 0.05, losses)
    assert found.mean == pytest.approx(0.05)
    assert (found.low, found.high) == pytest.approx((0.05, 0.05), abs=1e-6)
    apart = difference_by_image(losses + 0.05, random.gamma(1.0, 0.3, (4, 500)))
    assert apart.low < 0.05 < apart.high


def test_independent_estimates_add_their_margins():
    first = estimate_score(np.random.default_rng(0).random((4, 300)) < 0.9)
    second = estimate_score(np.random.default_rng(1).random((4, 300)) < 0.8)
    found = difference_of_estimates(first, second)
    assert found.mean == first.mean - second.mean
    widest = (first.high - first.low) + (second.high - second.low)
    assert max(first.high - first.low, second.high - second.low) < found.high - found.low < widest


@pytest.mark.parametrize("shapes", [((3, 10), (3, 11)), ((3, 10), (4, 10))])
def test_what_cannot_be_paired_is_refused(shapes):
    first, second = (np.ones(shape, dtype=np.bool_) for shape in shapes)
    with pytest.raises(ValueError, match="give the same of both"):
        difference_by_seed(first, second)
    if first.shape[1] != second.shape[1]:
        with pytest.raises(ValueError, match="give answers to the same ones"):
            difference_by_image(first, second)
