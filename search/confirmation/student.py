"""Quantiles of Student's t distribution. SciPy has them too, but its import would delay the start of the command."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

NORMAL_FROM = 1e5  # degrees of freedom; from here a series about the normal quantile is exact to 1e-9
EXACT = 1e-15  # relative precision at which the continued fraction ends
STEPS = 2000  # the continued fraction needs about as many as the root of the degrees of freedom


@lru_cache(maxsize=1024)
def t_quantile(probability: float, degrees: float) -> float:
    """Give the t value with this probability below it.

    Newton's method on the logarithms of t and of the tail. The tail's logarithm is concave in t's, so that the method
    converges from everywhere.

    Args:
        probability: 0.5 to below 1.
        degrees: degrees of freedom, above 0; any real number, or infinity for the normal distribution.

    Raises:
        ValueError: if an argument is out of its range.
    """
    if not 0.5 <= probability < 1 or not degrees > 0:
        raise ValueError(f"no t quantile of {probability} at {degrees} degrees: give 0.5 to below 1, and above 0")
    normal = NormalDist().inv_cdf(probability)
    if probability == 0.5 or math.isinf(degrees):
        return normal
    if degrees >= NORMAL_FROM:
        return normal + (normal**3 + normal) / (4 * degrees)
    return _solve(1 - probability, degrees, start=math.log(normal))


def t_tail(t: float, degrees: float) -> float:
    """Give the probability above t, which is above 0; see Press et al., Numerical Recipes, 6.4."""
    within = t * t / (degrees + t * t)
    a, b = degrees / 2, 0.5
    logs = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(logs - a * math.log1p(t * t / degrees) + b * math.log(within))
    if 1 - within < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, 1 - within) / a / 2
    return 0.5 - front * _fraction(b, a, within) / b / 2


def _solve(tail: float, degrees: float, *, start: float) -> float:
    """Find the t whose tail is `tail`; `start` is a logarithm of t."""
    log_t = start
    for _ in range(100):
        t = math.exp(log_t)
        here = t_tail(t, degrees)
        change = math.log(here / tail) * here / (t * _density(t, degrees))
        log_t += change
        if abs(change) < 1e-13:
            break
    return math.exp(log_t)


def _density(t: float, degrees: float) -> float:
    logs = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    return math.exp(logs - (degrees + 1) / 2 * math.log1p(t * t / degrees))


def _fraction(a: float, b: float, x: float) -> float:
    """Sum the continued fraction of the incomplete beta function by Lentz's method; x below (a + 1) / (a + b + 2)."""
    tiny = 1e-300
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or tiny)
    value = d
    for m in range(1, STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            c, d = 1 + term / c or tiny, 1 / (1 + term * d or tiny)
            value *= c * d
        if abs(c * d - 1) < EXACT:
            break
    return value
