"""The tree-structured Parzen estimator, for packs: one shape for all members, the rest of each given that shape.

After Bergstra et al. 2011: a proposal is the best of some candidates drawn from l, the density of the good trials, by
l / g, where g is the density of the others. Both are built once for a pack. Knows nothing of Optuna or Ray.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from packtune.proposals.encoding import Encoding, Floats, Region
from packtune.proposals.history import History
from packtune.proposals.parzen import ParzenEstimator, features_of
from packtune.seeds import Purpose

# Proposals are spread evenly over the space until so many trials have been told.
STARTUP_TRIALS = 4
CANDIDATES = 24
GOOD_SHARE, MOST_GOOD = 0.1, 25
# Trials in training count among the bad ones, so that others are not proposed beside them; but only with this weight,
# since most of what is known would be about them otherwise.
PENDING_WEIGHT = 0.2
# Kernels of g at most; beyond, the latest of the bad trials stay and some of the others.
MOST_BAD, LATEST_BAD = 1000, 250
# Proposals that are spread evenly are so in blocks of so many; the shapes of their packs in smaller blocks.
BLOCK, SHAPE_BLOCK = 16, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPlan:
    """The pack that is to be proposed.

    Attributes:
        seed: of the search.
        number: of the pack.
        first: number of its first trial; it is proposed from what is known of trials with lower numbers.
        members: tells how many it should have, from the row of its first.
        shape: tells in which region the others must lie, from the row of its first.
    """

    seed: int
    number: int
    first: int
    members: Callable[[Floats], int]
    shape: Callable[[Floats], Region]


class _Source(Protocol):
    """Where the rows of a pack come from."""

    def leader(self) -> Floats:
        """Give the first row [columns], anywhere in the space."""

    def others(self, n: int, region: Region) -> Floats:
        """Give the other rows [n, columns], in the leader's region."""


def propose_random(encoding: Encoding, history: History, plan: PackPlan) -> Floats:
    """Draw a pack's rows [members, columns] evenly from the space, its shape once."""
    return _propose(_Chance(encoding, _generator(plan)), plan)


def propose_tpe(encoding: Encoding, history: History, plan: PackPlan) -> Floats:
    """Propose a pack's rows [members, columns]: a function of its arguments and of nothing else."""
    told, places = history.told(plan.first)
    if len(told) < STARTUP_TRIALS:
        return _propose(_EvenSpread(encoding, plan), plan)
    return _propose(_Estimators(encoding, history, plan, told, places), plan)


def _propose(source: _Source, plan: PackPlan) -> Floats:
    leader = source.leader()
    n_others = plan.members(leader) - 1
    return np.vstack([leader, source.others(n_others, plan.shape(leader))]) if n_others else leader[None]


def _generator(plan: PackPlan) -> np.random.Generator:
    return np.random.default_rng([plan.seed, Purpose.SAMPLER, plan.first])


class _Chance:
    """Independent draws."""

    def __init__(self, encoding: Encoding, rng: np.random.Generator) -> None:
        self._space = _whole(encoding)
        self._encoding = encoding
        self._rng = rng

    def leader(self) -> Floats:
        return self.others(1, self._encoding.whole)[0]

    def others(self, n: int, region: Region) -> Floats:
        return self._space.draw(self._rng.random((n, len(self._encoding.columns) + 1)), region)


class _EvenSpread:
    """Latin hypercubes (McKay et al. 1979): one of the shapes of packs, one of all trials."""

    def __init__(self, encoding: Encoding, plan: PackPlan) -> None:
        self._space = _whole(encoding)
        self._encoding = encoding
        self._plan = plan

    def leader(self) -> Floats:
        return self._space.draw(self._rows(SHAPE_BLOCK, [self._plan.number]), self._encoding.whole)[0]

    def others(self, n: int, region: Region) -> Floats:
        first = self._plan.first + 1
        return self._space.draw(self._rows(BLOCK, range(first, first + n)), region)

    def _rows(self, block: int, numbers: Sequence[int]) -> Floats:
        width = len(self._encoding.columns) + 1
        cubes = {n // block: self._cube(block, n // block, width) for n in numbers}
        return np.array([cubes[n // block][n % block] for n in numbers])

    def _cube(self, block: int, number: int, width: int) -> Floats:
        rng = np.random.default_rng([self._plan.seed, Purpose.SAMPLER, block, number])
        places = rng.permuted(np.tile(np.arange(block)[:, None], width), axis=0)
        return (places + rng.random((block, width))) / block


class _Estimators:
    """The densities l and g of what was told and is pending when the pack is asked."""

    def __init__(self, encoding: Encoding, history: History, plan: PackPlan, told: Floats, places: Floats) -> None:
        self._encoding = encoding
        self._history = history
        self._first = plan.first
        self._rng = _generator(plan)
        n_good = min(math.ceil(GOOD_SHARE * len(told)), MOST_GOOD)
        good = places < n_good
        self._good = ParzenEstimator(encoding, told[good], _rank_weights(places[good]))
        self._bad = ParzenEstimator(encoding, *_bad_points(told[~good], history.pending(plan.first), self._rng))
        self._taken: set[bytes] = set()

    def leader(self) -> Floats:
        return self.others(1, self._encoding.whole)[0]

    def others(self, n: int, region: Region) -> Floats:
        uniform = self._rng.random((n * CANDIDATES, len(self._encoding.columns) + 1))
        candidates = self._good.draw(uniform, region)
        features = features_of(self._encoding, candidates)
        # Rounded, so that equal candidates score equally whatever the order in which a processor adds.
        scores = np.round(self._good.log_density(features) - self._bad.log_density(features), 9)
        chosen = [
            self._choose(candidates[start : start + CANDIDATES], scores[start : start + CANDIDATES])
            for start in range(0, n * CANDIDATES, CANDIDATES)
        ]
        return np.array(chosen)

    def _choose(self, candidates: Floats, scores: Floats) -> Floats:
        """Take the best one that no trial has yet; the best of all if there is none."""
        ranked = np.argsort(-scores, kind="stable")
        fresh = (candidates[place] for place in ranked if not self._is_taken(candidates[place]))
        chosen: Floats = next(fresh, candidates[ranked[0]])
        self._taken.add(chosen.tobytes())
        return chosen

    def _is_taken(self, row: Floats) -> bool:
        return row.tobytes() in self._taken or self._history.has(row, self._first)


def _whole(encoding: Encoding) -> ParzenEstimator:
    """Make the uniform density: that of no points."""
    return ParzenEstimator(encoding, np.empty((0, len(encoding.columns))), np.empty(0))


def _rank_weights(places: Floats) -> Floats:
    """Weigh the good trials by their place from the best, one on average [n]."""
    weights = np.log(len(places) + 1) - np.log(places + 1)
    return weights * (len(weights) / weights.sum())


def _bad_points(told: Floats, pending: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Give the points of g and their weights: the latest bad trials, as many of the others as there is room for."""
    latest, earlier = told[-LATEST_BAD:], told[:-LATEST_BAD]
    room = max(0, MOST_BAD - len(latest) - len(pending))
    kept = earlier if len(earlier) <= room else earlier[np.sort(rng.permutation(len(earlier))[:room])]
    weights = [
        np.full(len(kept), len(earlier) / max(1, len(kept))),
        np.ones(len(latest)),
        np.full(len(pending), PENDING_WEIGHT),
    ]
    return np.concatenate([kept, latest, pending]), np.concatenate(weights)
