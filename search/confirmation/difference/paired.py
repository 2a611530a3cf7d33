"""Two configurations on the same images: the difference of their expected scores, compared image by image.

Images and trainings are both samples, and each adds a part to the variance of the difference (see `Layout`). The part
of the images has the normal quantile, that of the few trainings Student's; the squares of the margins add up (Zou and
Donner 2008). It is the comparison of `packtune.confirmation.selection`, two-sided and with an interval.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from packtune.confirmation.crossed import Layout, Values, analyse, difference, mean_of
from packtune.confirmation.difference.record import Difference, Pairing
from packtune.confirmation.student import t_quantile

CONFIDENCE = 0.95
LEVEL = (1 + CONFIDENCE) / 2
NORMAL = NormalDist().inv_cdf(LEVEL)


def difference_by_seed(first: Values, second: Values) -> Difference:
    """Compare two configurations that were trained from the same seeds: row r of both is of the same one.

    What a seed does to both of them, such as an unlucky order of the images, is no part of the difference.

    Args:
        first, second: [trainings, images], of the same shape; see `rows_of`.

    Raises:
        ValueError: the shapes differ, or there is no value.
    """
    if first.shape != second.shape:
        raise ValueError(f"trainings x images {first.shape} and {second.shape}: give the same of both")
    layout = analyse(difference(first, second))
    square = NORMAL**2 * _image_variance(first, second, layout.gain) + _margin(layout)
    return _difference(first, second, square, Pairing.IMAGES_AND_SEEDS)


def difference_by_image(first: Values, second: Values) -> Difference:
    """Compare two configurations that were trained from seeds of their own, on the same images.

    Args:
        first, second: [trainings, images], with the same images; see `rows_of`.

    Raises:
        ValueError: the images differ in number, or there is no value.
    """
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(f"{first.shape[1:]} and {second.shape[1:]} images: give answers to the same ones")
    layouts = analyse(first), analyse(second)
    gain = min(layout.gain for layout in layouts)
    square = NORMAL**2 * _image_variance(first, second, gain) + sum(map(_margin, layouts))
    return _difference(first, second, square, Pairing.IMAGES)


def _difference(first: Values, second: Values, square: float, pairing: Pairing) -> Difference:
    mean, half = mean_of(first) - mean_of(second), math.sqrt(square)
    return Difference(
        mean=mean, low=mean - half, high=mean + half, pairing=pairing, trainings=(len(first), len(second))
    )


def _margin(layout: Layout) -> float:
    """Give the square of the margin that differences between trainings ask for; 0 with one training."""
    if layout.repeats == 1:
        return 0.0
    return t_quantile(LEVEL, layout.repeats - 1) ** 2 * layout.repeat_variance


def _image_variance(first: Values, second: Values, gain: float) -> float:
    """Give the variance of the mean difference by the images.

    Of answers it is that of Agresti and Min (2005), with half an image added to each of the four pairs of answers:
    where two networks agree on all of a few images, they may differ on others. Of the mean of several trainings these
    halves vary less, as the images do.

    Args:
        gain: by how much the mean over the trainings varies less with the images than one training, see `Layout`.
    """
    by_image = _means(first) - _means(second)
    n = len(by_image)
    if first.dtype.kind == "f":
        return float(by_image.var(ddof=1)) / n if n > 1 else math.inf
    squares, total = float(np.square(by_image).sum()) + 1 / gain, float(by_image.sum())
    return (squares / (n + 2) - (total / (n + 2)) ** 2) / (n + 2)


def _means(values: Values) -> NDArray[np.float64]:
    return np.asarray(values.mean(axis=0, dtype=np.float64), dtype=np.float64)
