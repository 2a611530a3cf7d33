"""Estimates the time left: trials are weighed by what trials of their kind took, or else by their arithmetic."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from packtune.dispatch.standing import Kind, Load, Spent
from packtune.errors import NetworkError

# A step's fixed cost in multiplications of one image, as where packs are shared out among workers.
STEP_OVERHEAD = 400_000
# A multiplication in a convolution takes about so many times as long as one in the products of a pack of mlps, on two
# kinds of processor.
CONVOLUTION = 4.0
SAME_FAMILY, OTHER_FAMILY = 1.5, 3.0
"""By what factor an estimate may be wrong for a kind that was not trained yet, but others of its family, or none."""

LEAST_OF_SHARE = 0.5
"""Sizes of a confirmation rise in steps: it takes at least about so much of the share that it may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A number that is known to lie about between two others."""

    low: float
    high: float

    def __add__(self, other: Range) -> Range:
        return Range(low=self.low + other.low, high=self.high + other.high)

    def times(self, factor: float) -> Range:
        return Range(low=self.low * factor, high=self.high * factor)

    @property
    def middle(self) -> float:
        """The geometric mean of both."""
        return math.sqrt(self.low * self.high)


NOTHING = Range(low=0.0, high=0.0)


def time_left(load: Load, workers: int) -> Range | None:
    """Estimate the seconds until all trials are trained.

    Args:
        workers: that train at once.

    Returns:
        None while no trial has finished, and nothing is known of how long one takes.
    """
    if not any(spent.seconds for spent in load.spent.values()):
        return None
    cost = _costs(load)
    packs = [cost(kind).times(epochs) for kind, _, epochs in load.left]
    work = _sum(packs) + _unproposed(load, cost)
    longest = Range(
        low=max((pack.low for pack in packs), default=0), high=max((pack.high for pack in packs), default=0)
    )
    each = (work + _later(load, work, cost)).times(1 / max(1, workers))
    return Range(low=max(each.low, longest.low), high=max(each.high, longest.high))


def _costs(load: Load) -> Callable[[Kind], Range]:
    """Give what estimates the seconds of an epoch of one trial."""
    measured = {kind: spent for kind, spent in load.spent.items() if spent.seconds and spent.epochs}
    families = {family: _speed(measured, family) for family in map(_family, measured)}

    @functools.cache
    def cost(kind: Kind) -> Range:
        if kind in measured:
            seconds = measured[kind].seconds / measured[kind].epochs
            return Range(low=seconds, high=seconds)
        family = _family(kind)
        if family in families:
            seconds, doubt = families[family] * work_of(kind), SAME_FAMILY
        else:
            (other,) = families.values()
            seconds, doubt = other * work_of(kind) * (CONVOLUTION if family else 1 / CONVOLUTION), OTHER_FAMILY
        return Range(low=seconds / doubt, high=seconds * doubt)

    return cost


def _speed(measured: dict[Kind, Spent], family: bool) -> float:
    """Give the seconds of a unit of work, from the trials of one family."""
    own = {kind: spent for kind, spent in measured.items() if _family(kind) == family}
    return sum(s.seconds for s in own.values()) / sum(s.epochs * work_of(kind) for kind, s in own.items())


def _unproposed(load: Load, cost: Callable[[Kind], Range]) -> Range:
    """Estimate the seconds of the trials that are not proposed yet: they are like those that were, by chance."""
    if not load.unproposed:
        return NOTHING
    finished = [(spent.trials, spent.seconds / spent.trials) for spent in load.spent.values()]
    opened = [(n, cost(kind).times(epochs / n).middle) for kind, n, epochs in load.left if epochs]
    known = [*finished, *opened]
    total = sum(n for n, _ in known)
    mean = sum(n * each for n, each in known) / total
    spread = math.sqrt(sum(n * (each - mean) ** 2 for n, each in known) / total)
    # The mean is known from `total` trials, and so many more are drawn.
    doubt = spread * (load.unproposed / math.sqrt(total) + math.sqrt(load.unproposed))
    least = load.unproposed * min(each for _, each in known)
    middle = load.unproposed * mean
    return Range(low=min(middle, max(least, middle - doubt)), high=middle + doubt)


def _later(load: Load, work: Range, cost: Callable[[Kind], Range]) -> Range:
    """Estimate the seconds of the stages to come.

    Args:
        work: of the stage at hand.
    """
    known = _sum(cost(kind).times(epochs) for kind, _, epochs in load.later.trainings)
    if not load.later.share:
        return known
    spent = sum(spent.seconds for spent in load.spent.values())
    return Range(
        low=max(known.low / SAME_FAMILY, LEAST_OF_SHARE * load.later.share * (spent + work.low)),
        high=max(known.high * SAME_FAMILY, load.later.share * (spent + work.high)),
    )


@functools.lru_cache(maxsize=4096)
def work_of(kind: Kind) -> float:
    """Estimate the work of an epoch of one trial, in multiplications of a forward pass; 1 if it cannot be built."""
    from packtune.models.architectures.build import count_multiplications  # PyTorch, which is loaded by then

    data, configuration = kind
    try:
        each = count_multiplications(configuration, input_shape=data.input_shape, outputs=data.outputs)
    except (ValueError, NetworkError):
        return 1.0
    return data.n_train * (each + STEP_OVERHEAD / configuration.batch_size)


def cost_of(kind: Kind) -> float:
    """Estimate what an epoch of one trial costs, in multiplications of an mlp; no measured time is in it."""
    return work_of(kind) * (CONVOLUTION if _family(kind) else 1.0)


def _family(kind: Kind) -> bool:
    """Tell whether a kind has convolutions."""
    return kind[1].architecture != "mlp"


def _sum(ranges: Iterable[Range]) -> Range:
    return functools.reduce(Range.__add__, ranges, NOTHING)
