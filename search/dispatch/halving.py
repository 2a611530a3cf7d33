"""Successive halving inside a pack (Jamieson and Talwalkar 2016; rungs as in ASHA, Li et al. 2020).

At each rung a member goes on if it is among the best 1/REDUCTION_FACTOR of its own pack and of what was told at that
rung before the pack was proposed. The packs that are trained at the same time therefore do not matter.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from packtune.settings import SearchPlan

REDUCTION_FACTOR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HalvingPlan:
    """The rungs of a pack.

    Attributes:
        rungs: epochs after which members are compared, rising, each below the full number of epochs.
        told: for each rung, the merits on validation, 0 to 1, told there before the pack was proposed.
    """

    rungs: tuple[int, ...] = ()
    told: Mapping[int, tuple[float, ...]] = field(default_factory=dict)


def rungs_of(epochs: int) -> tuple[int, ...]:
    """Place the rungs: epochs / 3, epochs / 9, ... rounded to whole epochs, from 1 up, without the last epoch.

    >>> rungs_of(10)
    (1, 3)
    """
    rungs: set[int] = set()
    resource = epochs / REDUCTION_FACTOR
    while resource >= 1:
        rungs.add(round(resource))
        resource /= REDUCTION_FACTOR
    return tuple(sorted(rungs - {epochs}))


def stops_early(plan: SearchPlan) -> bool:
    """Tell whether the members of a pack are compared, and the worse ones stopped, before the last epoch."""
    return plan.halving and bool(rungs_of(plan.epochs))


def survivors(merits: Sequence[float], told: Sequence[float]) -> list[int]:
    """Choose which members go on at a rung.

    Args:
        merits: of each member on validation, 0 to 1.
        told: merits that other trials had at this rung.

    Returns:
        The indices of the members that go on, rising. Of equal members at the border, those with lower indices go on.
    """
    n_kept = math.ceil((len(merits) + len(told)) / REDUCTION_FACTOR)
    return [index for index, place in enumerate(places_of(merits, told)) if place <= n_kept]


def places_of(merits: Sequence[float], told: Sequence[float]) -> list[int]:
    """Give the place of each member at a rung, from 1 for the best; of equal members, the lower index comes first.

    Args:
        merits: of each member on validation, 0 to 1.
        told: merits that other trials had at this rung; one that is equal to a member's comes after it.
    """
    ranked = sorted(range(len(merits)), key=lambda index: (-merits[index], index))
    rising = sorted(told)
    places = [0] * len(merits)
    for better, index in enumerate(ranked):
        places[index] = 1 + better + len(rising) - bisect_right(rising, merits[index])
    return places
