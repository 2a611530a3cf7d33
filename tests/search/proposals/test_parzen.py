"""Densities from points: they sum to one, draws follow them, and what does not apply says nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from packtune.proposals.encoding import Encoding
from packtune.proposals.parzen import ParzenEstimator, features_of
from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
from packtune.space.space import Space

NAN = math.nan
SPACE = Space(
    name="three",
    dimensions=(
        Dimension(name="activation", domain=Choices(values=("relu", "tanh", "elu"))),
        Dimension(name="depth", domain=IntRange(low=1, high=4)),
        Dimension(name="momentum", domain=FloatRange(low=0, high=0.9), when={"activation": ("relu", "tanh")}),
    ),
)
ENCODING = Encoding(SPACE)
POINTS = np.array([[0, 0, 0.2], [0, 1, 0.25], [1, 1, 0.9], [2, 3, NAN], [0, 0, 0.21]])
WEIGHTS = np.array([1.0, 2.0, 1.0, 1.0, 0.5])
GRID = (np.arange(2000) + 0.5) / 2000


def density(estimator, rows):
    return np.exp(estimator.log_density(features_of(ENCODING, np.asarray(rows, dtype=float))))


def every_cell():
    """List each configuration of the two discrete columns with the third on a grid, and the share of its cell."""
    with_line = [(a, d, m) for a in (0, 1) for d in range(4) for m in GRID]
    return np.array(with_line + [(2, d, NAN) for d in range(4)]), np.array([1 / len(GRID)] * len(with_line) + [1.0] * 4)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_a_density_sums_to_one_over_the_conditional_space(n):
    rows, shares = every_cell()
    estimator = ParzenEstimator(ENCODING, POINTS[:n], WEIGHTS[:n])
    assert (density(estimator, rows) * shares).sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("low", "high"), [(1, 4096), (1, 200), (8, 1024)])
def test_shares_of_whole_numbers_sum_to_about_one_however_wide_their_cells_are(low, high):
    """Small numbers of a logarithmic range have wide cells, in which a narrow kernel must not count many times over."""
    domain = IntRange(low=low, high=high, log=True)
    encoding = Encoding(Space(name="one", dimensions=(Dimension(name="hidden_units", domain=domain),)))
    (line,) = encoding.columns
    codes = np.array([[line.encode(number)] for number in range(low, high + 1)])
    cells = line.cells(codes[:, 0])
    assert cells.sum() == pytest.approx(1)
    assert cells[0] == pytest.approx(np.diff(line.span(low, low))[0])
    estimator = ParzenEstimator(encoding, np.repeat(codes[:1], 100, axis=0), np.ones(100))
    assert (np.exp(estimator.log_density(features_of(encoding, codes))) * cells).sum() == pytest.approx(1, abs=0.15)


def test_no_points_make_an_even_density():
    rows, _ = every_cell()
    np.testing.assert_allclose(density(ParzenEstimator(ENCODING, POINTS[:0], WEIGHTS[:0]), rows), 1 / 12)


def test_it_is_high_where_the_points_are():
    estimator = ParzenEstimator(ENCODING, POINTS, WEIGHTS)
    near, far = density(estimator, [[0, 0, 0.21], [1, 3, 0.5]])
    assert near > 5 * far
    # Depths are numbers: one step from a point is likelier than two. Words are not: all others are alike.
    alone = ParzenEstimator(ENCODING, np.array([[0, 0, NAN]]), np.ones(1))
    one, two = density(alone, [[2, 1, NAN], [2, 2, NAN]])
    assert one > two
    tanh, elu = density(alone, [[1, 0, 0.5], [2, 0, NAN]])
    assert tanh == pytest.approx(elu)


def test_a_point_that_lacks_a_hyperparameter_says_nothing_about_it():
    estimator = ParzenEstimator(ENCODING, np.array([[2, 3, NAN]]), np.ones(1))
    values = density(estimator, [[0, 0, m] for m in (0.0, 0.3, 1.0)])
    np.testing.assert_allclose(values, values[0])


@pytest.mark.parametrize(
    "ranges", [{}, {"depth": (2, 3)}, {"momentum": (0.18, 0.45)}, {"activation": ("tanh", "tanh")}]
)
def test_draws_follow_the_density_within_a_region(ranges):
    estimator = ParzenEstimator(ENCODING, POINTS, WEIGHTS)
    region = ENCODING.region(ranges)
    n = 20_000
    drawn = estimator.draw(np.random.default_rng(0).random((n, 4)), region)
    rows, shares = every_cell()
    with np.errstate(invalid="ignore"):
        inside = ~((rows < region.low - 1e-9) | (rows > region.high + 1e-9)).any(axis=1)
        assert not ((drawn < region.low - 1e-9) | (drawn > region.high + 1e-9)).any()
    if "momentum" in ranges:  # where it does not apply, the region does not cut the kernels either
        inside &= rows[:, 0] != 2
        drawn = drawn[drawn[:, 0] != 2]
    expected = density(estimator, rows) * shares * inside
    expected /= expected.sum()
    for activation in range(3):
        for depth in range(4):
            for low, high in ((0, 0.22), (0.22, 0.5), (0.5, 1.0)) if activation < 2 else ((None, None),):

                def here(x, a=activation, d=depth, low=low, high=high):
                    at = (x[:, 0] == a) & (x[:, 1] == d)
                    return at if low is None else at & (x[:, 2] >= low) & (x[:, 2] < high + 1e-12)

                assert here(drawn).mean() == pytest.approx(expected[here(rows)].sum(), abs=0.015)
