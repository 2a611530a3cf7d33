"""Which trials can form a pack, and how many members a pack should have at most."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from packtune.models.configuration import Configuration, Value
from packtune.models.hardware.device import Device
from packtune.models.layers.padding import padded_units
from packtune.trial import Proposal

# On a processor the wide product of a pack gains nothing beyond this many hidden units over all members, as the
# weights no longer fit in the cache (measured by tests/benchmarks/training.py).
CPU_UNITS = 512
CPU_MEMBERS = 32
# On a GPU only the memory limits the members.
CUDA_UNITS = 131_072
CUDA_MEMBERS = 1024
CUDA_CNN_MEMBERS = 32


OPTIONAL = ("optimizer", "normalization", "residual", "convolution", "global_pooling", "augmentation")
"""Hyperparameters that a shape fixes, and that are not told where they have their default."""

COMMON_SHAPE = ("architecture", "batch_size", "optimizer", "augmentation")
"""What the members of a pack of networks of the user's own share, besides their own hyperparameters."""


def shape_of(configuration: Configuration) -> Hashable:
    """Describe what the members of a pack must share: layers, batch size, optimizer, and hidden units up to padding.

    Hidden units are padded to the next power of two. So at most half of a member is padding, and dropout draws the same
    numbers for a member whatever the other members are (see `packtune.models.layers.dropout`).
    """
    return tuple(shape_ranges(configuration).items())


def shape_ranges(configuration: Configuration) -> dict[str, tuple[Value, Value]]:
    """Give the lowest and the highest value of each hyperparameter that a shape fixes, by its name."""
    c = configuration
    if c.is_own:
        return _own_ranges(c)
    layers = ("depth",) if c.architecture == "mlp" else ("blocks", "filters", "kernel_size", "pooling")
    shared = ("architecture", *layers, "batch_size", *filter(c.counts, OPTIONAL))
    same = {name: (getattr(c, name), getattr(c, name)) for name in shared}
    widest = padded_units(c.hidden_units)
    return {**same, "hidden_units": (widest // 2 + 1, widest)}


def _own_ranges(configuration: Configuration) -> dict[str, tuple[Value, Value]]:
    """Fix all hyperparameters of a network of the user's own but numbers with a point, which are no sizes."""
    own = {name: value for name, value in configuration.own.items() if not isinstance(value, float)}
    common = {name: getattr(configuration, name) for name in COMMON_SHAPE}
    return {name: (value, value) for name, value in {**common, **own}.items()}


def shape_in_words(configuration: Configuration) -> str:
    """Describe the shape of a pack for people, such as "mlp, depth 1, batch_size 32, hidden_units 65 to 128"."""
    ranges = shape_ranges(configuration)
    architecture, _ = ranges.pop("architecture")
    for name in OPTIONAL:
        if name in ranges and getattr(configuration, name) == getattr(Configuration(), name):
            ranges.pop(name)
    named = [f"{name} {low}" if low == high else f"{name} {low} to {high}" for name, (low, high) in ranges.items()]
    return ", ".join([str(architecture), *named])


def widest_of(configuration: Configuration) -> Configuration:
    """Give the configuration of the widest member in a pack with a configuration."""
    return replace(configuration, hidden_units=padded_units(configuration.hidden_units))


@functools.lru_cache(maxsize=65_536)
def plainest_of(configuration: Configuration) -> Configuration:
    """Give one configuration for all of a shape: the widest one, with default values for what members do not share."""
    if configuration.is_own:
        return replace(
            configuration.only_built(), optimizer=configuration.optimizer, augmentation=configuration.augmentation
        )
    return Configuration.from_dict({name: high for name, (_, high) in shape_ranges(configuration).items()})


def pack_capacity(configuration: Configuration, device: Device) -> int:
    """Give the largest number of members, 1 or more, that is not slower per trial than a smaller number, by a rule.

    Args:
        device: where the pack is trained.
    """
    if configuration.is_own:
        return 1  # whether its members can be called at once is known only where it is built
    units = configuration.hidden_units
    if device is Device.CUDA:
        limit = CUDA_MEMBERS if configuration.architecture == "mlp" else CUDA_CNN_MEMBERS
        return max(1, min(limit, CUDA_UNITS // units))
    if configuration.architecture != "mlp":
        return 1  # grouped convolutions gain nothing on a processor: 0.6 to 1.0 times the speed
    return max(1, min(CPU_MEMBERS, CPU_UNITS // units))


def group_proposals(
    proposals: Sequence[Proposal], *, capacity: Callable[[Configuration], int]
) -> list[tuple[Proposal, ...]]:
    """Group proposals into packs of one shape each, ordered by their first trials.

    Args:
        capacity: gives the largest number of members of a pack with a configuration, 1 or more.
    """
    groups: dict[Hashable, list[Proposal]] = defaultdict(list)
    for proposal in proposals:
        groups[shape_of(proposal.configuration)].append(proposal)
    packs: list[tuple[Proposal, ...]] = []
    for group in groups.values():
        size = min(capacity(proposal.configuration) for proposal in group)
        packs += [tuple(group[start : start + size]) for start in range(0, len(group), size)]
    return sorted(packs, key=lambda pack: pack[0].number)
