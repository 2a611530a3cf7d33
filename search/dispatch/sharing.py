"""How many members train together: at most by a rule of the shape, fewer where a worker would be idle otherwise.

The rule decides what is proposed together, and the leaderboard depends on it. The parts into which such a pack is split
afterwards depend on measured times, but not the leaderboard: a part is trained to the same bytes as the whole pack, or
it is not used.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial

from packtune.data.dataset import Dataset
from packtune.data.description import Description
from packtune.errors import NetworkError
from packtune.models.architectures.build import count_multiplications
from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.models.hardware.threads import torch_threads
from packtune.models.training.calibration import Calibration, calibrate
from packtune.models.training.own_choice import own_capacity
from packtune.proposals.packing import pack_capacity, shape_in_words, shape_of
from packtune.settings import Placement, Resources, SettledPlan
from packtune.trial import Pack

Say = Callable[[str], None]
Measure = Callable[[Sequence[Configuration]], Calibration]

# Smaller parts must end by this factor sooner: clocks are not exact, and the work that is left is an estimate.
WORTH_IT = 0.95
# What a step costs besides its multiplications, in multiplications of one image: calls of PyTorch, passes over weights.
STEP_OVERHEAD = 400_000


class CapacityByRule:
    """Gives the largest number of members for a configuration, and says it once for each shape.

    Args:
        data: what networks of the user's own get as inputs and give as outputs.
    """

    def __init__(self, device: Device, say: Say, data: Description) -> None:
        self._device = device
        self._say = say
        self._data = data
        self._said: set[str] = set()

    def __call__(self, configuration: Configuration) -> int:
        """Give the largest number of members of a pack with this configuration."""
        members, why = self._members(configuration)
        shape = shape_in_words(configuration)
        if shape not in self._said:
            self._said.add(shape)
            self._say(f"Packs of {shape}: up to {members} member{'s' * (members != 1)} ({why}).")
        return members

    def _members(self, configuration: Configuration) -> tuple[int, str]:
        if not configuration.is_own:
            return pack_capacity(configuration, self._device), "by rule"
        data = self._data
        return own_capacity(configuration, input_shape=data.input_shape, outputs=data.outputs)


class FairShare:
    """Divides the last packs among the workers: a `packtune.dispatch.dispatcher.Sharing`.

    The longest packs come first. A pack with more than one worker's share of the work that is left is split, as in
    guided self-scheduling (Polychronopoulos and Kuck 1987), into the parts with which all work ends first. The speed of
    the parts is measured once for each kind of pack.

    Args:
        workers: that train at the same time.
        measure: the configurations of the members -> how fast their parts are.
        begun: tells whether a pack has a checkpoint to go on from; its parts could not use it.
        say: told how a pack is split, and why.
    """

    def __init__(
        self, dataset: Dataset, workers: int, measure: Measure, begun: Callable[[Pack], bool], say: Say
    ) -> None:
        self._dataset = dataset
        self._workers = workers
        self._measure = measure
        self._begun = begun
        self._say = say
        self._measured: dict[Hashable, Calibration] = {}

    def longest(self, packs: Sequence[Pack]) -> Pack:
        return max(packs, key=self._work_of)

    def part_size(self, pack: Pack, others: Sequence[tuple[Pack, float]]) -> int:
        members, own = len(pack.proposals), self._work_of(pack)
        rest = sum(share * self._work_of(other) for other, share in others)
        if own <= (own + rest) / self._workers or self._begun(pack):
            return members
        try:
            step_s = self._calibration(pack).step_s
        except (ValueError, NetworkError):  # a member cannot be trained: its worker finds out why
            return members
        size = _fastest_size(members, step_s, workers=self._workers, rest_s=rest / own * members * step_s[members])
        if size < members:
            self._explain(pack, size, step_s)
        return size

    def _explain(self, pack: Pack, size: int, step_s: Mapping[int, float]) -> None:
        times = ", ".join(f"{1e6 * seconds:.0f} with {n}" for n, seconds in step_s.items())
        self._say(
            f"Trials {pack.trials[0]} to {pack.trials[-1]} are trained in parts of {size}: otherwise a worker would be "
            f"idle (measured: µs of a step and member {times}; the results are the same to the byte)."
        )

    def _work_of(self, pack: Pack) -> float:
        """Estimate what a pack costs, in multiplications for each image."""
        return sum(
            _multiplications(configuration, self._dataset) + STEP_OVERHEAD / configuration.batch_size
            for configuration in _configurations(pack)
        )

    def _calibration(self, pack: Pack) -> Calibration:
        kind = tuple(_kind(configuration) for configuration in _configurations(pack))
        if kind not in self._measured:
            self._measured[kind] = self._measure(_configurations(pack))
        return self._measured[kind]


def _fastest_size(members: int, step_s: Mapping[int, float], *, workers: int, rest_s: float) -> int:
    """Choose the size of the parts with which the last worker is free first; all members if parts gain too little.

    Args:
        step_s: seconds of a step and member, by the size of a part.
        rest_s: what the workers have to train besides, in the time of a step.
    """

    def end_s(size: int) -> float:
        """Estimate when the last worker is free if each part goes to the first free worker."""
        free_s = [rest_s / workers] * workers
        for start in range(0, members, size):
            heapq.heapreplace(free_s, free_s[0] + min(size, members - start) * step_s[size])
        return max(free_s)

    best = members
    for size in step_s:
        if end_s(size) <= WORTH_IT * end_s(best):
            best = size
    return best


def fair_share(
    plan: SettledPlan,
    resources: Resources,
    dataset: Dataset,
    placement: Placement,
    begun: Callable[[Pack], bool],
    say: Say,
) -> FairShare | None:
    """Make what splits the packs of a search; none where they stay whole.

    They stay whole where their size was asked for; on a GPU, whose products depend on how many rows are computed
    together; and on a cluster, whose processors may differ from the one on which parts are measured.

    Args:
        begun: tells whether a pack has a checkpoint to go on from.
        say: told how a pack is split, and why.
    """
    if plan.pack_size is not None or placement.device is not Device.CPU or not resources.is_local:
        return None
    measure = partial(_measure, dataset=dataset, threads=placement.threads, precision=plan.precision)
    return FairShare(dataset, min(placement.at_hand, plan.lookahead), measure, begun, say)


def _measure(
    configurations: Sequence[Configuration], *, dataset: Dataset, threads: int, precision: Precision
) -> Calibration:
    """Measure the speed of parts with the threads of a worker."""
    with torch_threads(threads):
        return calibrate(configurations, dataset, precision=precision.where_it_pays(configurations[0]))


def _multiplications(configuration: Configuration, dataset: Dataset) -> int:
    """Count the multiplications of a network for one image; 0 if it cannot be built, which its worker reports."""
    try:
        return count_multiplications(configuration, input_shape=dataset.input_shape, outputs=dataset.outputs)
    except (ValueError, NetworkError):
        return 0


def _configurations(pack: Pack) -> list[Configuration]:
    return [proposal.configuration for proposal in pack.proposals]


def _kind(configuration: Configuration) -> Hashable:
    """Give what the speed and the bytes of a member depend on: not the sizes of its rates, but which are above 0."""
    c = configuration
    rates = (c.momentum, c.weight_decay, c.dropout, c.gradient_clipping, c.label_smoothing)
    return shape_of(c), c.hidden_units, c.activation, c.nesterov, tuple(rate > 0 for rate in rates)
