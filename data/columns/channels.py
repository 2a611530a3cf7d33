"""Preparing the channels of images for a network: their mean and deviation over the training images."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from packtune.data.description import Scaling

CHUNK_BYTES = 1 << 22
LEVELS = np.arange(256, dtype=np.float64)


def learn_channels(images: npt.NDArray[np.uint8]) -> Scaling:
    """Learn mean and deviation of each channel, exactly, from how often each of the 256 levels occurs.

    A channel of one level keeps its scale. Memory is taken for a few images at a time.

    Args:
        images: the training images, uint8 [n, channels, height, width].
    """
    counts = np.zeros((images.shape[1], 256), dtype=np.int64)
    step = max(1, CHUNK_BYTES // max(1, math.prod(images.shape[1:])))
    for start in range(0, len(images), step):
        for channel in range(images.shape[1]):
            counts[channel] += np.bincount(images[start : start + step, channel].ravel(), minlength=256)
    n = counts.sum(axis=1)
    mean = counts @ LEVELS / n
    deviation = np.sqrt((counts * np.square(LEVELS - mean[:, None])).sum(axis=1) / n)
    deviation[deviation == 0] = 1
    return Scaling(factors=tuple((1 / deviation).tolist()), offsets=tuple((-mean / deviation).tolist()))
