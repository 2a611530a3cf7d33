"""Measures on this machine's processor how fast the parts of a pack train, if they give the bytes of the entire pack.

The rows of a matrix product should not depend on the number of rows computed together. With AVX-512 they rarely do.
With AVX2, the order of the sums in a row depends on the row's index. Only a trial run can tell. Members leave a pack,
or a part of it, when they diverge. Parts are therefore allowed only if packs of every smaller size give the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from packtune.data.dataset import Dataset
from packtune.models.architectures.build import count_multiplications
from packtune.models.configuration import Configuration
from packtune.models.hardware.precision import Precision
from packtune.models.layers.activations import ACTIVATIONS
from packtune.models.training.evaluation import EVALUATION_BATCH, Evaluation
from packtune.models.training.pack_training import Member, PackTraining

STEPS = 3  # in one timing; momentum first has an effect in the second step
FASTEST_FLOPS = 2e11  # floating-point operations per second of a very fast core
MAX_TIMINGS = 10  # of each size; the fastest is the one that other work on the machine has slowed down least


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How fast the parts of a pack train.

    Attributes:
        step_s: seconds of one step of one member, by the number of members in a part. The entire pack comes
            first. If parts may give other bytes, the entire pack is the only size; its value is 0 if nothing was timed.
    """

    step_s: dict[int, float]


def may_be_split(configuration: Configuration) -> bool:
    """Tell whether activation and normalization give a number the same bytes at any index of a tensor.

    PyTorch computes the last few numbers of a tensor without vector instructions, and then uses another method for
    exponentials and another order of sums.
    """
    is_exact = ACTIVATIONS[configuration.activation].is_exact and configuration.normalization == "none"
    return configuration.architecture == "mlp" and is_exact


def calibrate(
    configurations: Sequence[Configuration],
    dataset: Dataset,
    *,
    precision: Precision = Precision.FLOAT32,
    budget_s: float = 0.4,
) -> Calibration:
    """Train a few steps of an entire pack and of its parts, in this process and with its number of threads.

    Args:
        configurations: of the members. Rates are replaced by typical ones, with which every difference is visible.
        dataset: source of the images; only the images of a few steps are used.
        precision: of large products.
        budget_s: seconds for the entire calibration. If the comparison alone would take longer, no parts are allowed.
    """
    members = len(configurations)
    if not all(map(may_be_split, configurations)) or members * _least_s(configurations, dataset) > budget_s:
        return Calibration(step_s={members: 0.0})
    start_s = time.perf_counter()
    typical = [_with_typical_rates(configuration) for configuration in configurations]
    few = _few_images(dataset, STEPS * typical[0].batch_size)
    parts = {members: _parts(typical, members, few, precision)}
    step_s = {members: _epoch_s(parts[members]) / STEPS / members}
    expected = _states(parts[members], few)
    took_s = time.perf_counter() - start_s
    if took_s * members > budget_s:
        return Calibration(step_s=step_s)
    for size in range(members - 1, 0, -1):
        parts[size] = _parts(typical, size, few, precision)
        _epoch_s(parts[size])
        if not _are_equal(_states(parts[size], few), expected):
            return Calibration(step_s=step_s)
    sizes = _halves(members)
    for done, size in enumerate(sizes):
        share_s = (start_s + budget_s - time.perf_counter()) / (len(sizes) - done)
        step_s[size] = _fastest_epoch_s(parts[size], share_s) / STEPS / members
    return Calibration(step_s=step_s)


def _with_typical_rates(configuration: Configuration) -> Configuration:
    """Replace every rate by a typical one: a rate that is too small or too large would hide a difference."""
    return replace(
        configuration,
        learning_rate=0.1 if configuration.optimizer == "sgd" else 0.01,
        schedule="constant",
        warmup=0.0,
        gradient_clipping=float(configuration.gradient_clipping > 0),
        label_smoothing=0.1 * (configuration.label_smoothing > 0),
        momentum=0.5 * (configuration.momentum > 0),
        weight_decay=1e-3 * (configuration.weight_decay > 0),
        dropout=0.2 * (configuration.dropout > 0),
    )


def _least_s(configurations: Sequence[Configuration], dataset: Dataset) -> float:
    """Estimate the least time of a few steps of a pack, in seconds, on a very fast core."""
    multiplications = sum(
        count_multiplications(configuration, input_shape=dataset.input_shape, outputs=dataset.outputs)
        for configuration in configurations
    )
    # Three products (forward, and two gradients), each with a multiplication and an addition.
    return 6 * STEPS * configurations[0].batch_size * multiplications / FASTEST_FLOPS


def _halves(members: int) -> list[int]:
    """List the sizes of parts that may be chosen: all members, half of them, ... one."""
    sizes = [members]
    while sizes[-1] > 1:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


def _fastest_epoch_s(parts: Sequence[PackTraining], budget_s: float) -> float:
    end_s = time.perf_counter() + budget_s
    fastest_s = float("inf")
    for _ in range(MAX_TIMINGS):
        fastest_s = min(fastest_s, _epoch_s(parts))
        if time.perf_counter() >= end_s:
            break
    return fastest_s


def _parts(
    configurations: Sequence[Configuration], size: int, dataset: Dataset, precision: Precision
) -> list[PackTraining]:
    members = [Member(configuration=configuration, seed=seed) for seed, configuration in enumerate(configurations)]
    return [
        PackTraining(
            members[start : start + size],
            dataset,
            batch_seed=0,
            precision=precision,
            pack_configurations=configurations,
        )
        for start in range(0, len(members), size)
    ]


def _epoch_s(parts: Sequence[PackTraining]) -> float:
    start_s = time.perf_counter()
    for part in parts:
        part.train_epoch()
    return time.perf_counter() - start_s


_State = tuple[list[torch.Tensor], list[Evaluation]]


def _states(parts: Sequence[PackTraining], dataset: Dataset) -> _State:
    """Collect all that was trained: weights and optimizer's states of all members, and their evaluations."""
    states = [part.state_dict() for part in parts]
    weights = [torch.cat(values) for values in zip(*(state["values"] for state in states), strict=True)]
    kept = zip(*(state["optimizer_states"] for state in states), strict=True)
    optimizers = [torch.cat([state[name] for state in of_parts]) for of_parts in kept for name in of_parts[0]]
    splits = (dataset.validation, dataset.test)
    evaluations = [evaluation for split in splits for part in parts for evaluation in part.evaluate(split)]
    return [*weights, *optimizers], evaluations


def _are_equal(one: _State, other: _State) -> bool:
    return one[1] == other[1] and all(map(torch.equal, one[0], other[0]))


def _few_images(dataset: Dataset, n: int) -> Dataset:
    """Make a data set of `n` training images and two evaluation batches, the last one and a full one.

    Training images repeat if the data set has fewer.
    """
    train = dataset.train.take(torch.arange(n) % len(dataset.train))
    last = len(dataset.validation) % EVALUATION_BATCH or EVALUATION_BATCH
    return replace(
        dataset, train=train, validation=dataset.validation.first(last), test=dataset.test.first(EVALUATION_BATCH)
    )
