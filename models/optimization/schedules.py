"""Schedules: by what factor the learning rate of a step differs from that of the configuration.

Each is planned for the full number of steps of a training: a trial that is stopped early has seen its beginning.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from packtune.models.configuration import Configuration

Schedule = Callable[[Configuration, Tensor, int], Tensor]
"""(configuration, indices of steps from 0, number of all steps) -> factors, float64 [steps] both times."""

# The defaults of torch.optim.lr_scheduler.OneCycleLR.
RISE, FIRST_DIVISOR, LAST_DIVISOR = 0.3, 25.0, 1e4


def rate_factors(configuration: Configuration, indices: Tensor, total: int) -> Tensor:
    """Give the factors of the learning rate in some steps.

    Args:
        indices: of the steps in the training, from 0, float64 [steps].
        total: steps of the full training, 1 or more.

    Returns:
        float64 [steps], above 0 and at most 1.
    """
    return SCHEDULES[configuration.schedule](configuration, indices, total)


def _warmed(schedule: Schedule) -> Schedule:
    """Let the rate rise evenly during the warm-up, before a schedule for the steps that are left.

    It is r / (n + 1), 2 r / (n + 1), ... in the n steps of the warm-up.
    """

    def factors(configuration: Configuration, indices: Tensor, total: int) -> Tensor:
        warm = min(round(configuration.warmup * total), total - 1)
        after = schedule(configuration, (indices - warm).clamp(min=0), total - warm)
        return torch.where(indices < warm, (indices + 1) / (warm + 1), after)

    return factors


def _constant(configuration: Configuration, indices: Tensor, total: int) -> Tensor:
    return torch.ones_like(indices)


def _cosine(configuration: Configuration, indices: Tensor, total: int) -> Tensor:
    """Fall along half a cosine from 1 towards 0, which step `total` would have.

    See "SGDR: Stochastic Gradient Descent with Warm Restarts" (Loshchilov and Hutter 2017); no restarts.
    """
    return _bend(1.0, 0.0, indices / total)


def _step(configuration: Configuration, indices: Tensor, total: int) -> Tensor:
    """Multiply by `drop_factor` at each of `drops` moments, which part the training into parts of equal length."""
    drops = torch.floor(indices * (configuration.drops + 1) / total)
    factor = torch.tensor(configuration.drop_factor, dtype=torch.float64)
    return factor**drops


def _one_cycle(configuration: Configuration, indices: Tensor, total: int) -> Tensor:
    """Rise to 1 during the first three tenths of the steps and fall to nearly 0, both along half a cosine.

    See "Super-Convergence" (Smith and Topin 2018), as torch.optim.lr_scheduler.OneCycleLR with cycle_momentum false.
    """
    peak, last = max(0.0, RISE * total - 1), max(1.0, total - 1)
    rising = _bend(1 / FIRST_DIVISOR, 1.0, indices / max(peak, 1e-9))
    falling = _bend(1.0, 1 / FIRST_DIVISOR / LAST_DIVISOR, (indices - peak) / max(last - peak, 1e-9))
    return torch.where(indices <= peak, rising, falling) if peak > 0 else falling


def _bend(start: float, end: float, share: Tensor) -> Tensor:
    """Go from one number to another along half a cosine; `share` is 0 at the first and 1 at the other."""
    return end + (start - end) / 2 * (1 + torch.cos(math.pi * share))


SCHEDULES: dict[str, Schedule] = {
    "constant": _warmed(_constant),
    "cosine": _warmed(_cosine),
    "one-cycle": _one_cycle,
    "step": _warmed(_step),
}
