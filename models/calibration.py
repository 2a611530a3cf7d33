"""Measures on the processor at hand how fast the parts of a pack are, and whether they give the pack's own bytes.

A matrix product's rows should not depend on how many others are computed beside them. With AVX-512 they hardly ever
do; with AVX2, the order in which a row is summed changes with its place. Nothing but trying tells.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from data.dataset import Dataset
from models.configuration import Configuration
from models.precision import Precision
from models.training import EVALUATION_BATCH, Evaluation, Member, PackTraining

STEPS = 3  # in one timing; the second is the first that momentum has a share in
TIMINGS = 10  # of each size: the fastest is what neither a first start nor other work has disturbed


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How fast the parts of a pack are.

    Attributes:
        step_s: seconds of one step of one member, by the number of members in a part, from the whole pack down; only
            of parts that give the bytes of the whole pack.
    """

    step_s: dict[int, float]


def calibrate(
    configurations: Sequence[Configuration],
    dataset: Dataset,
    *,
    precision: Precision = Precision.FLOAT32,
    budget_s: float = 0.4,
) -> Calibration:
    """Train a few steps of a pack as a whole, in halves, in quarters ..., in this process and with its threads.

    Args:
        configurations: of the members.
        dataset: where images come from: only as many of them as a few steps take.
        budget_s: seconds after which no more sizes are tried.
    """
    few = _few_images(dataset, STEPS * configurations[0].batch_size)
    deadline_s = time.perf_counter() + budget_s
    step_s: dict[int, float] = {}
    whole: _State | None = None
    for size in _sizes(len(configurations)):
        if whole is not None and time.perf_counter() >= deadline_s:
            break
        parts = _parts(configurations, size, few, precision)
        first_s = _epoch_s(parts)
        state = _state(parts, few)
        whole = whole or state
        if _are_equal(state, whole):
            fastest_s = min(first_s, *(_epoch_s(parts) for _ in range(TIMINGS - 1)))
            step_s[size] = fastest_s / STEPS / len(configurations)
    return Calibration(step_s=step_s)


def _sizes(members: int) -> list[int]:
    """List the sizes to try: all members, half of them, ... one."""
    sizes = [members]
    while sizes[-1] > 1:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


def _parts(
    configurations: Sequence[Configuration], size: int, dataset: Dataset, precision: Precision
) -> list[PackTraining]:
    members = [Member(configuration=configuration, seed=seed) for seed, configuration in enumerate(configurations)]
    return [
        PackTraining(members[start : start + size], dataset, batch_seed=0, precision=precision, whole=configurations)
        for start in range(0, len(members), size)
    ]


def _epoch_s(parts: Sequence[PackTraining]) -> float:
    start_s = time.perf_counter()
    for part in parts:
        part.train_epoch()
    return time.perf_counter() - start_s


_State = tuple[list[torch.Tensor], list[Evaluation]]


def _state(parts: Sequence[PackTraining], dataset: Dataset) -> _State:
    """Give all that has been trained, the members' weights and momentum buffers one after another."""
    states = [part.state_dict() for part in parts]
    tensors = [
        torch.cat(tensors)
        for kind in ("values", "momentum_buffers")
        for tensors in zip(*(state[kind] for state in states), strict=True)
        if tensors[0] is not None
    ]
    return tensors, [evaluation for part in parts for evaluation in part.evaluate(dataset.validation)]


def _are_equal(one: _State, other: _State) -> bool:
    return one[1] == other[1] and all(map(torch.equal, one[0], other[0]))


def _few_images(dataset: Dataset, n: int) -> Dataset:
    """Give a data set of `n` training images, repeated as needed, and one batch of an evaluation."""
    train = dataset.train.take(torch.arange(n) % len(dataset.train))
    validation = dataset.validation.first(EVALUATION_BATCH)
    return replace(dataset, train=train, validation=validation, test=validation)
