"""Round ticks and short numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.report.page.charts.numbers import even, log_ticks, nice_ticks, short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0125, "0.0125"),
        (12_500, "12.5k"),
        (999_960, "1000k"),
        (1_234_567, "1.23M"),
        (3e-6, "3·10⁻⁶"),
        (1e-5, "10⁻⁵"),
        (32, "32"),
        (1024, "1,024"),
        (1234.5, "1,234"),
        (999.99, "1000"),
        (-0.5, "-0.5"),
        (2e15, "2·10¹⁵"),
    ],
)
def test_numbers_are_short(value, text):
    assert short(value) == text


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-6, 1e6))
def test_nice_ticks_lie_inside_and_are_few(low, span):
    ticks = nice_ticks(low, low + span)
    assert len(ticks) <= 7
    assert all(low - 1e-3 * span <= tick <= low + 1.001 * span for tick in ticks)
    assert ticks == sorted(set(ticks))


@given(low=st.floats(1e-9, 1e3), decades=st.floats(0.01, 12))
def test_log_ticks_lie_inside(low, decades):
    high = low * 10**decades
    ticks = log_ticks(low, high)
    assert 2 <= len(ticks) <= 14
    assert all(low * 0.99 <= tick <= high * 1.01 for tick in ticks)


def test_ticks_of_an_axis_are_written_alike():
    assert even([0.0, 0.25, 0.5]) == ["0.00", "0.25", "0.50"]
    assert even([0.0, 0.5, 1.0]) == ["0.0", "0.5", "1.0"]
    assert even([0.0, 20.0, 40.0]) == ["0", "20", "40"]
    assert even([0.8]) == ["0.8"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_can_be_written(value):
    text = short(value)
    assert text and len(text) <= 12
    assert "e" not in text
    assert math.isfinite(value)
