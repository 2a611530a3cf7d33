"""Student's quantiles are SciPy's."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from packtune.confirmation.student import t_quantile, t_tail

LEVELS = st.floats(0.5001, 0.9999)
DEGREES = st.floats(-0.5, 7).map(lambda power: 10**power)


@given(probability=LEVELS, degrees=DEGREES)
def test_quantiles_are_scipys(probability, degrees):
    assert t_quantile(probability, degrees) == pytest.approx(stats.t.ppf(probability, degrees), rel=2e-8)


@given(t=st.floats(0.01, 50), degrees=st.floats(1, 1e4))
def test_tails_are_scipys(t, degrees):
    assert t_tail(t, degrees) == pytest.approx(stats.t.sf(t, degrees), rel=1e-8, abs=1e-13)


@given(degrees=DEGREES)
def test_the_median_is_zero(degrees):
    assert t_quantile(0.5, degrees) == 0


def test_infinitely_many_degrees_are_the_normal_distribution():
    assert t_quantile(0.975, math.inf) == pytest.approx(stats.norm.ppf(0.975), rel=1e-12)


@pytest.mark.parametrize(
    ("probability", "degrees"), [(0.4, 3), (1.0, 3), (0.9, 0), (0.9, -1), (0.9, math.nan), (math.nan, 3)]
)
def test_what_has_no_quantile_is_refused(probability, degrees):
    with pytest.raises(ValueError, match=r"give 0\.5 to below 1, and above 0"):
        t_quantile(probability, degrees)
