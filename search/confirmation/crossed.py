"""Repeats x images: what the spread of such a layout says about its mean. Knows nothing of configurations."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Answers = NDArray[np.bool_]
"""[repeats, images]: which images were labelled right; a training that diverged or failed is a row of False."""
Whole = NDArray[np.bool_] | NDArray[np.int64]
"""A table of whole numbers: answers, differences of answers, or how many were right."""
Values = Answers | NDArray[np.float64]
"""[repeats, images]: answers; or, of another metric than accuracy, what each image says about the score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Mean and mean squares of a two-way layout with random effects of repeats and of images.

    They are the analysis of variance of Searle, Casella and McCulloch (1992, chapter 4); for yes and no as for other
    numbers, the effects being uncorrelated by definition (Owen 2007).

    Attributes:
        repeats, images: the layout's sizes, 1 or more.
        mean: of all values.
        of_repeats: the mean square between repeats; 0 with one repeat.
        of_images: the mean square between images; 0 with one image.
        of_rest: the mean square of what is left; 0 with one repeat or one image.
    """

    repeats: int
    images: int
    mean: float
    of_repeats: float
    of_images: float
    of_rest: float

    @property
    def image_variance(self) -> float:
        """The variance of the mean if all repeats are alike: images differ, and answers vary about them.

        With one repeat it is the variance of the mean of independent images; infinite with one image.
        """
        return self.of_images / (self.repeats * self.images) if self.images > 1 else math.inf

    @property
    def gain(self) -> float:
        """By how much the mean over all repeats varies less with the images than that of one repeat: 1 to `repeats`."""
        of_one = self.of_images + (self.repeats - 1) * self.of_rest
        return min(float(self.repeats), of_one / self.of_images) if self.of_images > 0 else 1.0

    @property
    def repeat_variance(self) -> float:
        """What differences of the repeats add to the variance of the mean; 0 where chance alone may explain them."""
        return max(0.0, self.of_repeats - self.of_rest) / (self.repeats * self.images)

    def nested(self) -> Layout:
        """Give the layout of the same values where each repeat has images of its own: all images are other ones."""
        degrees = self.repeats * (self.images - 1)
        squares = (self.images - 1) * (self.of_images + (self.repeats - 1) * self.of_rest)
        within = squares / max(1, degrees)
        return replace(self, of_images=within, of_rest=within)


def analyse(values: Whole | NDArray[np.float64]) -> Layout:
    """Analyse the variance of [repeats, images] numbers.

    The sums are exact, so that the order of repeats and of images changes nothing, not even by rounding.

    Raises:
        ValueError: if there is no value.
    """
    if values.ndim != 2 or not values.size:
        raise ValueError(f"answers have the shape {values.shape}: give [repeats, images], at least one of each")
    if values.dtype.kind == "f":
        return _analyse_fractions(np.asarray(values, dtype=np.float64))
    return _analyse_whole(np.asarray(values, dtype=np.int64))


def mean_of(values: Values) -> float:
    """Average all numbers, exactly; 0 where there is none."""
    if values.dtype.kind == "f":
        return math.fsum(values.ravel().tolist()) / max(1, values.size)
    return int(np.count_nonzero(values)) / max(1, values.size)


def sums_of(values: Values) -> NDArray[np.int64] | NDArray[np.float64]:
    """Add up the numbers of each repeat, exactly: [repeats]."""
    if values.dtype.kind == "f":
        return np.array([math.fsum(row) for row in values.tolist()])
    return np.asarray(values.sum(axis=1), dtype=np.int64)


def difference(values: Values, others: Values) -> Whole | NDArray[np.float64]:
    """Subtract one table from another of the same shape."""
    if values.dtype.kind == "f":
        return np.asarray(values - others, dtype=np.float64)
    return values.astype(np.int64) - others


def turned(values: Values) -> NDArray[np.float64]:
    """Turn the signs round."""
    return np.multiply(-1.0, values, dtype=np.float64)


def joined(values: Values, further: Values) -> Values:
    """Put the rows of another table below these."""
    table = np.vstack([values, further])
    return np.asarray(table, dtype=np.float64) if further.dtype.kind == "f" else np.asarray(table, dtype=np.bool_)


def _analyse_fractions(values: NDArray[np.float64]) -> Layout:
    repeats, images = values.shape
    mean = mean_of(values)
    rows = np.array([math.fsum(row) / images for row in values.tolist()]) - mean
    columns = np.array([math.fsum(column) / repeats for column in values.T.tolist()]) - mean
    rest = values - mean - rows[:, None] - columns
    return Layout(
        repeats=repeats,
        images=images,
        mean=mean,
        of_repeats=images * _squares(rows) / max(1, repeats - 1),
        of_images=repeats * _squares(columns) / max(1, images - 1),
        of_rest=_squares(rest) / max(1, (repeats - 1) * (images - 1)),
    )


def _squares(values: NDArray[np.float64]) -> float:
    return math.fsum(np.square(values).ravel().tolist())


def _analyse_whole(values: NDArray[np.int64]) -> Layout:
    repeats, images = values.shape
    total = int(values.sum())
    by_repeat = repeats * _sum_of_squares(values.sum(axis=1))
    by_image = images * _sum_of_squares(values.sum(axis=0))
    by_value = values.size * _sum_of_squares(values)
    return Layout(
        repeats=repeats,
        images=images,
        mean=total / values.size,
        of_repeats=(by_repeat - total**2) / values.size / max(1, repeats - 1),
        of_images=(by_image - total**2) / values.size / max(1, images - 1),
        of_rest=(by_value - by_repeat - by_image + total**2) / values.size / max(1, (repeats - 1) * (images - 1)),
    )


def _sum_of_squares(values: NDArray[np.int64]) -> int:
    return int(np.square(values).sum())
