"""The sampler `random`: even draws, the shape of a pack once. And even draws that fill the space, for a start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from packtune.proposals.codes import Floats
from packtune.proposals.encoding import Encoding, Region
from packtune.proposals.pack_window import PackStart, PackWindow, RowSource
from packtune.proposals.parzen import ParzenEstimator
from packtune.proposals.proposer import Proposer, Suggestion
from packtune.seeds import Purpose
from packtune.settings import SearchPlan
from packtune.space.space import Space
from packtune.trial import Outcome

# The members of a pack share one draw of its shape: a search gets at least this many draws.
MIN_PACKS = 8
# The size of a Latin hypercube: of all trials, and of the shapes of packs.
BLOCK, SHAPE_BLOCK = 16, 8


class RandomProposer(Proposer):
    """Draws packs evenly and independently, so packs of one member are independent draws."""

    def __init__(self, space: Space, plan: SearchPlan) -> None:
        self._space = space
        self._plan = plan
        self._encoding = Encoding(space)

    def add(self, number: int, suggestion: Suggestion) -> None:
        """Keep nothing: draws are independent."""

    def tell(self, number: int, outcome: Outcome) -> None:
        """Learn nothing."""

    def window(self, first: int, pack: int) -> PackWindow:
        source = EvenDraws(self._encoding, PackStart(seed=self._plan.seed, pack=pack, first=first))
        most = max(1, self._plan.trials // MIN_PACKS)
        return PackWindow(source, self._space, self._encoding, pack_size=self._plan.pack_size, most=most)


class EvenDraws(RowSource):
    """Independent draws."""

    def __init__(self, encoding: Encoding, start: PackStart) -> None:
        self._density = uniform_density(encoding)
        self._encoding = encoding
        self._rng = generator_of(start)

    def leader(self) -> Floats:
        row: Floats = self.others(1, self._encoding.everywhere)[0]
        return row

    def others(self, n: int, region: Region) -> Floats:
        return self._density.draw(self._rng.random((n, len(self._encoding.columns) + 1)), region)


class HypercubeDraws(RowSource):
    """Draws from Latin hypercubes (McKay et al. 1979): one for the shapes of packs, one for all trials."""

    def __init__(self, encoding: Encoding, start: PackStart) -> None:
        self._density = uniform_density(encoding)
        self._encoding = encoding
        self._start = start

    def leader(self) -> Floats:
        uniform = self._uniform(SHAPE_BLOCK, [self._start.pack])
        row: Floats = self._density.draw(uniform, self._encoding.everywhere)[0]
        return row

    def others(self, n: int, region: Region) -> Floats:
        first = self._start.first + 1
        return self._density.draw(self._uniform(BLOCK, range(first, first + n)), region)

    def _uniform(self, block: int, numbers: Sequence[int]) -> Floats:
        """Give the points with these numbers, float64 [numbers, columns + 1] in 0 to 1."""
        width = len(self._encoding.columns) + 1
        cubes = {n // block: self._cube(block, n // block, width) for n in numbers}
        return np.array([cubes[n // block][n % block] for n in numbers])

    def _cube(self, block: int, number: int, width: int) -> Floats:
        rng = np.random.default_rng([self._start.seed, Purpose.SAMPLER, block, number])
        strata = rng.permuted(np.tile(np.arange(block)[:, None], width), axis=0)
        return (strata + rng.random((block, width))) / block


def generator_of(start: PackStart) -> np.random.Generator:
    """Make the generator of everything random in one pack."""
    return np.random.default_rng([start.seed, Purpose.SAMPLER, start.first])


def uniform_density(encoding: Encoding) -> ParzenEstimator:
    """Make the density that is even over the space: an estimator without points."""
    return ParzenEstimator(encoding, np.empty((0, len(encoding.columns))), np.empty(0))
