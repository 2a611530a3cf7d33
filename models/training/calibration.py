"""Measures on the processor at hand how fast the parts of a pack are, if they give the pack's own bytes.

A matrix product's rows should not depend on how many others are computed beside them. With AVX-512 they seldom do;
with AVX2, the order in which a row is summed changes with its place. Nothing but trying tells. Members may leave a
pack, or a part of one, whenever they diverge: parts are taken only if packs of every smaller size give the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from packtune.data.dataset import Dataset
from packtune.models.architectures.catalog import count_multiplications
from packtune.models.configuration import Configuration
from packtune.models.hardware.precision import Precision
from packtune.models.layers.activations import ACTIVATIONS
from packtune.models.training.training import EVALUATION_BATCH, Evaluation, Member, PackTraining

STEPS = 3  # in one timing; the second is the first that momentum has a share in
FASTEST_FLOPS = 2e11  # floating-point operations a second of a core
MOST_TIMINGS = 10  # of each size: the fastest is what neither a first start nor other work has disturbed


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How fast the parts of a pack are.

    Attributes:
        step_s: seconds of one step of one member, by the number of members in a part, from the whole pack down; of the
            whole alone if parts may give other bytes, and then 0 if nothing was timed.
    """

    step_s: dict[int, float]


def may_be_split(configuration: Configuration) -> bool:
    """Tell whether the activation gives a number the same bytes at whatever place of a tensor.

    PyTorch computes the last few numbers of a tensor without vectors, and exponentials then by another method.
    """
    return configuration.architecture == "mlp" and ACTIVATIONS[configuration.activation].is_exact


def calibrate(
    configurations: Sequence[Configuration],
    dataset: Dataset,
    *,
    precision: Precision = Precision.FLOAT32,
    budget_s: float = 0.4,
) -> Calibration:
    """Train a few steps of a pack as a whole and in parts, in this process and with its threads.

    Args:
        configurations: of the members. Rates are replaced by typical ones, by which every difference would show.
        dataset: where images come from: only as many of them as a few steps take.
        budget_s: seconds that all should take; where comparing alone would take longer, the pack stays whole.
    """
    members = len(configurations)
    if not all(map(may_be_split, configurations)) or members * _least_s(configurations, dataset) > budget_s:
        return Calibration(step_s={members: 0.0})
    start_s = time.perf_counter()
    typical = [_with_typical_rates(configuration) for configuration in configurations]
    few = _few_images(dataset, STEPS * typical[0].batch_size)
    parts = {members: _parts(typical, members, few, precision)}
    step_s = {members: _epoch_s(parts[members]) / STEPS / members}
    whole = _states(parts[members], few)
    took_s = time.perf_counter() - start_s
    if took_s * members > budget_s:
        return Calibration(step_s=step_s)
    for size in range(members - 1, 0, -1):
        parts[size] = _parts(typical, size, few, precision)
        _epoch_s(parts[size])
        if not _are_equal(_states(parts[size], few), whole):
            return Calibration(step_s=step_s)
    sizes = _halves(members)
    for place, size in enumerate(sizes):
        share_s = (start_s + budget_s - time.perf_counter()) / (len(sizes) - place)
        step_s[size] = _fastest_epoch_s(parts[size], share_s) / STEPS / members
    return Calibration(step_s=step_s)


def _with_typical_rates(configuration: Configuration) -> Configuration:
    """Let every rate be a usual one if it is none: a rate too small, or too large, would hide a difference."""
    return replace(
        configuration,
        learning_rate=0.1,
        momentum=0.5 * (configuration.momentum > 0),
        weight_decay=1e-3 * (configuration.weight_decay > 0),
        dropout=0.2 * (configuration.dropout > 0),
    )


def _least_s(configurations: Sequence[Configuration], dataset: Dataset) -> float:
    """Bound from below how long a few steps of a pack take, on a core as fast as there is."""
    outputs = dataset.heads * dataset.classes
    multiplications = sum(
        count_multiplications(configuration, height=dataset.height, width=dataset.width, outputs=outputs)
        for configuration in configurations
    )
    # Forwards and for two gradients, a multiplication and an addition each.
    return 6 * STEPS * configurations[0].batch_size * multiplications / FASTEST_FLOPS


def _halves(members: int) -> list[int]:
    """List the sizes that may be chosen: all members, half of them, ... one."""
    sizes = [members]
    while sizes[-1] > 1:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


def _fastest_epoch_s(parts: Sequence[PackTraining], budget_s: float) -> float:
    end_s = time.perf_counter() + budget_s
    fastest_s = float("inf")
    for _ in range(MOST_TIMINGS):
        fastest_s = min(fastest_s, _epoch_s(parts))
        if time.perf_counter() >= end_s:
            break
    return fastest_s


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


def _states(parts: Sequence[PackTraining], dataset: Dataset) -> _State:
    """Give all that has been trained, the members' weights and momentum buffers one after another."""
    states = [part.state_dict() for part in parts]
    tensors = [
        torch.cat(tensors)
        for kind in ("values", "momentum_buffers")
        for tensors in zip(*(state[kind] for state in states), strict=True)
        if tensors[0] is not None
    ]
    splits = (dataset.validation, dataset.test)
    return tensors, [evaluation for split in splits for part in parts for evaluation in part.evaluate(split)]


def _are_equal(one: _State, other: _State) -> bool:
    return one[1] == other[1] and all(map(torch.equal, one[0], other[0]))


def _few_images(dataset: Dataset, n: int) -> Dataset:
    """Give a data set of `n` training images, repeated as needed, and evaluations of a full and of the last batch."""
    train = dataset.train.take(torch.arange(n) % len(dataset.train))
    last = len(dataset.validation) % EVALUATION_BATCH or EVALUATION_BATCH
    return replace(
        dataset, train=train, validation=dataset.validation.first(last), test=dataset.test.first(EVALUATION_BATCH)
    )
