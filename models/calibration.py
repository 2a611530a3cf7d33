"""Measures on the hardware at hand how many members of a pack pay."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import torch

from data.dataset import Dataset
from models.configuration import Configuration
from models.precision import Precision
from models.training import Member, PackTraining

STEPS = 2  # in one timing
MOST_TIMINGS = 50
# A larger pack must win at least so much: it delays what is learnt from its members, and clocks are not exact.
WORTH_IT = 0.97
# Past a pack that is so much slower than the best, larger ones are not tried.
HOPELESS = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How long a step takes in packs of several sizes.

    Attributes:
        step_s: seconds of one step and one member, by the number of members.
        members: the number that pays best.
    """

    step_s: dict[int, float]
    members: int


def calibrate(
    configuration: Configuration,
    dataset: Dataset,
    *,
    most: int,
    device: torch.device | str = "cpu",
    precision: Precision = Precision.FLOAT32,
    budget_s: float = 0.4,
) -> Calibration:
    """Time steps of packs of 1, 2, 4 ... members of one configuration, in this process and with its threads.

    Args:
        configuration: of every member.
        dataset: where images come from: only as many of them as a few steps take.
        most: members of the largest pack to try.
        budget_s: seconds that all sizes should take together: none is tried that seems to take longer than is left,
            but the first.
    """
    few = _few_images(dataset, STEPS * configuration.batch_size)
    deadline_s = time.perf_counter() + budget_s
    sizes = [2**power for power in range(most.bit_length())]
    step_s: dict[int, float] = {}
    for tried, size in enumerate(sizes):
        left_s = deadline_s - time.perf_counter()
        if step_s:
            before_s = step_s[sizes[tried - 1]]
            if before_s * STEPS * size > left_s or before_s > HOPELESS * min(step_s.values()):
                break
        members = [Member(configuration=configuration, seed=seed) for seed in range(size)]
        pack = PackTraining(members, few, batch_seed=0, device=device, precision=precision)
        step_s[size] = _fastest_epoch_s(pack, torch.device(device), left_s / (len(sizes) - tried)) / STEPS / size
    return Calibration(step_s=step_s, members=smallest_that_pays(step_s))


def smallest_that_pays(step_s: dict[int, float]) -> int:
    """Give the smallest size that no larger one beats by enough, from the seconds of a member by size."""
    best = min(step_s)
    for size in sorted(step_s):
        if step_s[size] < WORTH_IT * step_s[best]:
            best = size
    return best


def _few_images(dataset: Dataset, n: int) -> Dataset:
    """Give a data set of `n` training images, repeated as needed."""
    train = dataset.train.take(torch.arange(n) % len(dataset.train))
    return replace(dataset, train=train, validation=train.first(1), test=train.first(1))


def _fastest_epoch_s(pack: PackTraining, device: torch.device, budget_s: float) -> float:
    """Time epochs; the fastest is what neither a first start nor other work has disturbed."""
    end_s = time.perf_counter() + budget_s
    fastest_s = float("inf")
    for _ in range(MOST_TIMINGS):
        start_s = time.perf_counter()
        pack.train_epoch()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        now_s = time.perf_counter()
        fastest_s = min(fastest_s, now_s - start_s)
        if now_s >= end_s:
            break
    return fastest_s
