"""The sampler `tpe`: the tree-structured Parzen estimator, one pack at a time.

After Bergstra et al. 2011: a proposal is the candidate drawn from l with the largest l / g, where l is the density of
the good trials and g that of the others. Both are built once for a pack. Knows nothing of Optuna or Ray.
"""

from __future__ import annotations

import math

import numpy as np

from packtune.proposals.codes import Floats
from packtune.proposals.encoding import Encoding, Region
from packtune.proposals.given import Given
from packtune.proposals.history import History
from packtune.proposals.pack_window import PackStart, PackWindow, RowSource
from packtune.proposals.parzen import ParzenEstimator, features_of
from packtune.proposals.proposer import Proposer, Suggestion
from packtune.proposals.random_draws import HypercubeDraws, generator_of
from packtune.settings import SearchPlan
from packtune.space.space import Space
from packtune.trial import Outcome

# Until so many trials have been told, proposals are spread evenly over the space.
STARTUP_TRIALS = 4
CANDIDATES = 24
GOOD_SHARE, MOST_GOOD = 0.1, 25
# Open trials count among the bad ones, so that others are not proposed beside them. Their weight is small: otherwise
# they would make up most of g at the start of a search.
PENDING_WEIGHT = 0.2
# The largest number of kernels of g. Beyond it the latest bad trials stay, and a random part of the earlier ones.
MOST_BAD, LATEST_BAD = 1000, 250
# What open trials will teach is not known when the next pack is proposed. Packs are therefore small at first and grow
# with what is known: fixed large packs made searches of 64 to 200 trials worse (see tests/benchmarks).
FIRST_MEMBERS = 2
GROWTH = 16


class TpeProposer(Proposer):
    """Proposes packs from the good and the bad trials so far."""

    def __init__(self, space: Space, plan: SearchPlan) -> None:
        self._space = space
        self._plan = plan
        self._encoding = Encoding(space)
        self._history = History(len(self._encoding.columns))

    def prepare(self, given: Given) -> None:
        rows = [(self._encoding.encode(each.values), each.outcome) for each in given.earlier]
        self._history = History(len(self._encoding.columns), rows)

    def add(self, number: int, suggestion: Suggestion) -> None:
        if number == len(self._history):
            self._history.add(None if suggestion.is_outside else self._encoding.encode(suggestion.values))

    def tell(self, number: int, outcome: Outcome) -> None:
        self._history.tell(number, outcome)

    def window(self, first: int, pack: int) -> PackWindow:
        source = tpe_source(self._encoding, self._history, PackStart(seed=self._plan.seed, pack=pack, first=first))
        most = max(FIRST_MEMBERS, math.ceil((first + self._history.n_earlier) / GROWTH))
        return PackWindow(source, self._space, self._encoding, pack_size=self._plan.pack_size, most=most)


def tpe_source(encoding: Encoding, history: History, start: PackStart) -> RowSource:
    """Give the source of one pack's rows, from the trials with numbers below `start.first`."""
    if len(history.told(start.first)[0]) < STARTUP_TRIALS:
        return HypercubeDraws(encoding, start)
    return _Estimators(encoding, history, start)


class _Estimators(RowSource):
    """The densities l and g of the trials that are told or open when the pack is proposed."""

    def __init__(self, encoding: Encoding, history: History, start: PackStart) -> None:
        self._encoding = encoding
        self._history = history
        self._first = start.first
        self._rng = generator_of(start)
        told, ranks = history.told(start.first)
        good = ranks < min(math.ceil(GOOD_SHARE * len(told)), MOST_GOOD)
        self._good = ParzenEstimator(encoding, told[good], _rank_weights(ranks[good]))
        self._bad = ParzenEstimator(encoding, *_bad_points(told[~good], history.pending(start.first), self._rng))
        self._taken: set[bytes] = set()

    def leader(self) -> Floats:
        row: Floats = self.others(1, self._encoding.everywhere)[0]
        return row

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
        """Take the best candidate that no trial has yet; the best of all if each is taken."""
        ranked = candidates[np.argsort(-scores, kind="stable")]
        chosen: Floats = next((row for row in ranked if not self._is_taken(row)), ranked[0])
        self._taken.add(chosen.tobytes())
        return chosen

    def _is_taken(self, row: Floats) -> bool:
        return row.tobytes() in self._taken or self._history.has(row, self._first)


def _rank_weights(ranks: Floats) -> Floats:
    """Weigh the good trials by their ranks from 0 for the best; the mean weight is 1 [n]."""
    falling = np.log(len(ranks) + 1) - np.log(ranks + 1)
    weights: Floats = falling * (len(falling) / falling.sum())
    return weights


def _bad_points(told: Floats, pending: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Choose the points of g: the latest bad trials, a random part of the earlier ones, and the open trials.

    Args:
        told: the bad trials by number [told, columns].
        pending: the open trials [pending, columns].

    Returns:
        Rows [n, columns] and their weights [n].
    """
    latest, earlier = told[-LATEST_BAD:], told[:-LATEST_BAD]
    most_earlier = max(0, MOST_BAD - len(latest) - len(pending))
    fits = len(earlier) <= most_earlier
    kept = earlier if fits else earlier[np.sort(rng.permutation(len(earlier))[:most_earlier])]
    weights = [
        np.full(len(kept), len(earlier) / max(1, len(kept))),
        np.ones(len(latest)),
        np.full(len(pending), PENDING_WEIGHT),
    ]
    return np.concatenate([kept, latest, pending]), np.concatenate(weights)
