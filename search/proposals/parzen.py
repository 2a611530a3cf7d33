"""A density over a space from points in it: Parzen estimators of mixed, conditional hyperparameters.

After Bergstra et al. 2011 and the survey of Watanabe 2023 (arXiv 2304.11127). Knows nothing of Optuna or of trials.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from packtune.proposals.codes import Cells, Floats, Line
from packtune.proposals.encoding import Encoding, Region

# NumPy has neither function. A value costs less than a microsecond, and a call has a few thousand values.
_erf = np.vectorize(math.erf, otypes=[float])
_inverse = np.vectorize(NormalDist().inv_cdf, otypes=[float])

# The width of a kernel is this share of the width for a normal density: an optimum is narrower than the cloud of trials
# around it.
WIDTH_FACTOR = 0.7
# The weight of the words that were not observed, in observations; the kernels of the estimator divide it.
OTHER_WORDS = 0.5
PRIOR_WEIGHT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _LineKernels:
    """Normal densities on [0, 1], cut off at its ends; uniform where the width is infinite."""

    centers: Floats  # [kernels]
    widths: Floats  # [kernels]

    def mass(self, low: float, high: float) -> Floats:
        """Give each kernel's share between two codes [kernels]."""
        inside = self._below(1.0) - self._below(0.0)
        normal = (self._below(high) - self._below(low)) / np.where(inside > 0, inside, 1)
        return np.where(np.isfinite(self.widths), normal, high - low)

    def coefficients(self) -> Floats:
        """Give the log density as factors of (x^2, x, 1) [3, kernels]."""
        precision = self.widths**-2  # 0 for the uniform ones
        scale = np.where(np.isfinite(self.widths), self.widths * math.sqrt(2 * math.pi), 1)
        inside = np.where(np.isfinite(self.widths), self._below(1.0) - self._below(0.0), 1)
        constant = -0.5 * self.centers**2 * precision - np.log(scale * inside)
        return np.stack([-0.5 * precision, self.centers * precision, constant])

    def draw(self, kernels: np.ndarray, uniform: Floats, low: float, high: float) -> Floats:
        """Draw a code between two from each of the given kernels, by inversion of `uniform` [n] in 0 to 1."""
        chosen = _LineKernels(centers=self.centers[kernels], widths=self.widths[kernels])
        below, above = chosen._below(low), chosen._below(high)
        level = np.clip(below + uniform * (above - below), 1e-12, 1 - 1e-12)
        finite = np.isfinite(chosen.widths)
        codes = low + uniform * (high - low)
        codes[finite] = chosen.centers[finite] + chosen.widths[finite] * _inverse(level[finite])
        return np.clip(codes, low, high)

    def _below(self, code: float) -> Floats:
        """Give each kernel's share below a code, of the normal density that goes on past the ends [kernels]."""
        share: Floats = 0.5 * (1 + _erf((code - self.centers) / (self.widths * math.sqrt(2))))
        return share


@dataclass(frozen=True, slots=True, kw_only=True)
class _CellKernels:
    """A share for each of a few values."""

    shares: Floats  # [kernels, values], rows sum to 1

    def mass(self, low: float, high: float) -> Floats:
        """Give each kernel's share from one code to another, both included [kernels]."""
        share: Floats = self.shares[:, int(low) : int(high) + 1].sum(axis=1)
        return share

    def coefficients(self) -> Floats:
        """Give the logarithm of the shares [values, kernels]."""
        return np.log(self.shares.T)

    def draw(self, kernels: np.ndarray, uniform: Floats, low: float, high: float) -> Floats:
        """Draw a code from one to another, both included, from each of the given kernels."""
        sums = np.cumsum(self.shares[kernels, int(low) : int(high) + 1], axis=1)
        indices = (sums < uniform[:, None] * sums[:, -1:]).sum(axis=1)
        codes: Floats = np.minimum(low + indices, high)
        return codes


class ParzenEstimator:
    """A mixture of one kernel for each point, and a uniform one.

    If a hyperparameter does not apply to a point, the kernel of the point is uniform over this hyperparameter. So one
    estimator is enough for a space with conditions.

    Args:
        points: rows, float64 [n, columns], NaN where a hyperparameter does not apply.
        weights: of the points, float64 [n].
    """

    def __init__(self, encoding: Encoding, points: Floats, weights: Floats) -> None:
        self._encoding = encoding
        self._columns = [
            _kernels(column, points[:, index], points.shape[1]) for index, column in enumerate(encoding.columns)
        ]
        weights = np.append(weights, PRIOR_WEIGHT)
        self._log_weights = np.log(weights / weights.sum())
        self._coefficients = np.concatenate([column.coefficients() for column in self._columns])

    def log_density(self, features: Floats) -> Floats:
        """Give the logarithm of the density [n] where the features (`features_of`) are."""
        return _log_sum_exp(self._log_weights + features @ self._coefficients)

    def draw(self, uniform: Floats, region: Region) -> Floats:
        """Draw rows [n, columns] from the density, given that they lie in a region.

        Args:
            uniform: float64 [n, columns + 1] in 0 to 1, the random numbers for the draws.
        """
        log_weights = self._log_weights.copy()
        for column, low, high in zip(self._columns, region.low, region.high, strict=True):
            log_weights += np.log(np.maximum(column.mass(low, high), 1e-300))
        sums = np.cumsum(np.exp(log_weights - log_weights.max()))
        kernels = np.minimum(np.searchsorted(sums, uniform[:, -1] * sums[-1], side="right"), len(sums) - 1)
        rows = np.full((len(uniform), len(self._columns)), np.nan)
        for index, column in enumerate(self._columns):
            codes = column.draw(kernels, uniform[:, index], region.low[index], region.high[index])
            applies = self._encoding.applies(index, rows)
            rows[applies, index] = codes[applies]
        return self._encoding.snap(rows)


def features_of(encoding: Encoding, rows: Floats) -> Floats:
    """Turn rows [n, columns] into features [n, features], in which the logarithm of each kernel is linear.

    The densities of many candidates under many kernels are then one matrix product.
    """
    features = []
    for index, column in enumerate(encoding.columns):
        known = ~np.isnan(rows[:, index])
        codes = np.where(known, rows[:, index], 0)
        if isinstance(column, Cells):
            features.append(known[:, None] * (codes[:, None] == np.arange(len(column.values))))
        else:
            features.append(np.stack([codes * codes, codes, known], axis=1))
    return np.concatenate(features, axis=1).astype(float)


def _log_sum_exp(values: Floats) -> Floats:
    """Sum over the last axis of [n, kernels] in logarithms."""
    most = values.max(axis=1, keepdims=True)
    sums: Floats = most[:, 0] + np.log(np.exp(values - most).sum(axis=1))
    return sums


def _kernels(column: Line | Cells, codes: Floats, dimensions: int) -> _LineKernels | _CellKernels:
    """Make the kernels of one column, the uniform one last."""
    n = len(codes)
    known = np.flatnonzero(~np.isnan(codes))
    if isinstance(column, Line):
        centers, widths = np.full(n + 1, 0.5), np.full(n + 1, np.inf)
        # A whole number is scored by the density at its code, so no kernel may be narrower than the cell of its number.
        least = column.cells(codes[known]) / 2 if column.integer else 0.0
        centers[known], widths[known] = codes[known], np.maximum(_width(codes[known], n, dimensions), least)
        return _LineKernels(centers=centers, widths=widths)
    shares = np.tile(np.diff(column.edges), (n + 1, 1))
    observed = codes[known].astype(int)
    if column.ordered:
        shares[known] = _neighbours(column, observed, n, dimensions)
    else:
        shares[known] = _words(column, observed, n)
    return _CellKernels(shares=shares)


def _words(column: Cells, observed: np.ndarray, n: int) -> Floats:
    """Give the shares of words [observed, words]: nearly all to the one that was observed."""
    others = OTHER_WORDS / (n + 1)
    shares: Floats = (others + (observed[:, None] == np.arange(len(column.values)))) / (1 + others * len(column.values))
    return shares


def _neighbours(column: Cells, observed: np.ndarray, n: int, dimensions: int) -> Floats:
    """Give the shares of ordered values [observed, values]: a normal density about the one that was observed."""
    centers, sizes = (column.edges[1:] + column.edges[:-1]) / 2, np.diff(column.edges)
    at = centers[observed]
    widths = np.maximum(_width(at, n, dimensions), sizes[observed] / 2)
    density = np.exp(-0.5 * ((centers - at[:, None]) / widths[:, None]) ** 2) * sizes
    shares: Floats = density / density.sum(axis=1, keepdims=True)
    return shares


def _width(codes: Floats, n: int, dimensions: int) -> float:
    """Give the width of kernels by Scott's rule (1992), with a lower limit that falls with the number of kernels n.

    The spread is the standard deviation, or the estimate from the quartiles if that is smaller, because of outliers.
    """
    if len(codes) == 0:
        return 1.0
    spread = float(np.std(codes)) if len(codes) > 1 else 1.0
    if len(codes) > 3:
        quartiles = float(np.subtract(*np.percentile(codes, [75, 25]))) / 1.34
        spread = min(spread, quartiles) if quartiles > 0 else spread
    width: float = WIDTH_FACTOR * 1.059 * spread * len(codes) ** (-1 / (4 + dimensions))
    return min(1.0, max(1 / min(100.0, 2.0 + n), width))
