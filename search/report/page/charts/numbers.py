"""Numbers for people: round ones for the ticks of an axis, and short texts for any."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def nice_step(span: float, n_ticks: int) -> float:
    """Give a round distance of ticks, 1, 2, 2.5 or 5 times a power of ten, for about so many on a span above 0."""
    raw = span / max(1, n_ticks)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step for step in STEPS if step * power >= raw * 0.999) * power


def nice_ticks(low: float, high: float, n_ticks: int = 5) -> list[float]:
    """List round numbers from low to high, both included where they are round."""
    if not high > low:
        return [low]
    step = nice_step(high - low, n_ticks)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [index * step for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """List powers of ten from low to high; of few decades also 2 and 5 times them, of many only some.

    Args:
        low, high: above 0.
    """
    decades = math.log10(high / low)
    factors = (1, 2, 5) if decades <= 2 else (1, 3) if decades <= 3 else (1,)
    every = max(1, round(decades / 6))
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [factor * 10.0**power for power in powers if power % every == 0 for factor in factors]
    inside = [value for value in found if low * 0.999 <= value <= high * 1.001]
    return inside if len(inside) > 1 else [low, high]


def short(value: float) -> str:
    """Write a number with at most four digits: 0.0125, 12.5k, 1.2M, 3·10⁻⁶."""
    size = abs(value)
    if size >= 10_000:
        unit, sign = next((unit, sign) for unit, sign in UNITS if size >= unit)
        return f"{_rounded(value / unit, 3)}{sign}" if size < 1e12 else _power(value)
    if 0 < size < 0.0005:
        return _power(value)
    if value == int(value):
        return f"{int(value):,}"
    return _rounded(value, 4) if size < 1000 else f"{value:,.0f}"


def even(values: Sequence[float]) -> list[str]:
    """Write the ticks of an axis alike: with the same number of places after the point."""
    largest = max((abs(value) for value in values), default=0.0)
    least = min((b - a for a, b in itertools.pairwise(values)), default=1.0)
    if len(values) < 2 or largest >= 10_000 or least < 0.0005:
        return [short(value) for value in values]
    places = max(0, -math.floor(math.log10(least) + 1e-6))
    places += abs(least * 10**places - round(least * 10**places)) > 0.01
    return [f"{value:,.{places}f}" for value in values]


def _rounded(value: float, digits: int) -> str:
    """Round to so many digits, and write it without an exponent."""
    return f"{float(f'{value:.{digits}g}'):.12g}"


def _power(value: float) -> str:
    digits, exponent = f"{value:.1e}".split("e")
    factor = _rounded(float(digits), 2)
    power = f"10{str(int(exponent)).translate(SUPERSCRIPT)}"
    return power if factor == "1" else f"{factor}·{power}"
