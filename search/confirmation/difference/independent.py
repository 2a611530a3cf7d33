"""Two configurations that have nothing in common: the difference of two estimates."""

from __future__ import annotations

import math

from packtune.confirmation.difference.record import Difference, Pairing
from packtune.confirmation.estimate import Estimate


def difference_of_estimates(first: Estimate, second: Estimate) -> Difference:
    """Subtract two independent estimates, and recover the interval from theirs (MOVER, Zou and Donner 2008)."""
    mean = first.mean - second.mean
    below = math.hypot(first.mean - first.low, second.high - second.mean)
    above = math.hypot(first.high - first.mean, second.mean - second.low)
    return Difference(
        mean=mean,
        low=mean - below,
        high=mean + above,
        pairing=Pairing.NOTHING,
        trainings=(first.trainings, second.trainings),
    )
