"""The mean squares are those of the textbook, and they estimate the variance of the mean without bias."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from packtune.confirmation.crossed import analyse

TABLES = arrays.arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 9)), elements=st.integers(-1, 1))
SQUARES = arrays.arrays(np.int64, st.tuples(st.integers(2, 6), st.integers(2, 9)), elements=st.integers(-1, 1))


@given(table=SQUARES)
def test_mean_squares_are_sums_over_the_effects(table):
    repeats, images = table.shape
    layout = analyse(table)
    by_repeat, by_image = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    rest = table - by_repeat - by_image + table.mean()
    assert layout.mean == pytest.approx(table.mean())
    assert layout.of_repeats == pytest.approx(images * by_repeat.var(ddof=1), abs=1e-12)
    assert layout.of_images == pytest.approx(repeats * by_image.var(ddof=1), abs=1e-12)
    assert layout.of_rest == pytest.approx((rest**2).sum() / (repeats - 1) / (images - 1), abs=1e-12)


@given(table=SQUARES)
def test_nested_mean_squares_are_those_of_a_one_way_analysis(table):
    nested = analyse(table).nested()
    within = table.var(axis=1, ddof=1).mean()
    assert nested.of_images == pytest.approx(within, abs=1e-12) == nested.of_rest
    if within > 0:
        assert nested.of_repeats / nested.of_rest == pytest.approx(stats.f_oneway(*table).statistic)


@given(table=TABLES, data=st.data())
def test_the_order_of_repeats_and_images_changes_no_bit(table, data):
    rows = data.draw(st.permutations(range(table.shape[0])))
    columns = data.draw(st.permutations(range(table.shape[1])))
    assert analyse(table[rows][:, columns]) == analyse(table)


@given(table=SQUARES)
def test_an_array_of_answers_is_a_table_of_zeros_and_ones(table):
    assert analyse(table > 0) == analyse((table > 0).astype(np.int64))


@given(table=arrays.arrays(np.bool_, st.tuples(st.just(1), st.integers(2, 30))))
def test_one_repeat_has_the_variance_of_independent_images(table):
    layout = analyse(table)
    assert layout.image_variance == pytest.approx(table.var(ddof=1) / table.size)
    assert layout.repeat_variance == 0


def test_one_image_says_nothing_of_others():
    assert analyse(np.array([[True], [False]])).image_variance == math.inf


def test_the_parts_sum_to_the_variance_of_the_mean():
    """Means of many small tables vary as their own mean squares say, on average."""
    rng = np.random.default_rng(3)
    n, shape = 40_000, (4, 12)
    hidden = 0.7 * rng.standard_normal((n, shape[0], 1)) + rng.standard_normal((n, 1, shape[1]))
    tables = hidden + rng.standard_normal((n, *shape)) > -1.0
    layouts = [analyse(table) for table in tables[:4000]]
    unbiased = np.mean([(x.of_repeats + x.of_images - x.of_rest) / (x.repeats * x.images) for x in layouts])
    assert unbiased == pytest.approx(tables.mean(axis=(1, 2)).var(), rel=0.05)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,), (1, 2, 3)])
def test_what_is_no_table_is_refused(shape):
    with pytest.raises(ValueError, match=r"give \[repeats, images\]"):
        analyse(np.zeros(shape, dtype=bool))
