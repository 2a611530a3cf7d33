"""Preparing the channels of images for a network: their mean and deviation over the training images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from packtune.errors import CorruptFile

CHUNK_BYTES = 1 << 22
LEVELS = np.arange(256, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPreparation:
    """A pixel of a channel becomes pixel * scale + shift.

    Attributes:
        scale: one over the deviation of each channel; above 0.
        shift: minus the mean over the deviation, of each channel.

    Raises:
        ValueError: a number is not finite, a scale is not above 0, or there is not one of each for a channel.
    """

    scale: tuple[float, ...]
    shift: tuple[float, ...]

    def __post_init__(self) -> None:
        finite = all(math.isfinite(number) for number in (*self.scale, *self.shift))
        if not finite or len(self.scale) != len(self.shift) or min(self.scale, default=0) <= 0:
            raise ValueError("each channel needs a scale above 0 and a shift, both finite")

    def to_plain(self) -> dict[str, object]:
        """Give everything as values that JSON can hold."""
        return {"scale": list(self.scale), "shift": list(self.shift)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, object]) -> ChannelPreparation:
        """Make a preparation from what `to_plain` gave.

        Raises:
            CorruptFile: the values are others.
        """
        try:
            return cls(
                scale=tuple(map(float, plain["scale"])),  # type: ignore[call-overload]
                shift=tuple(map(float, plain["shift"])),  # type: ignore[call-overload]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptFile(f"the preparation of channels is damaged ({error}): export the model again") from error


def learn_channels(images: npt.NDArray[np.uint8]) -> ChannelPreparation:
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
    return ChannelPreparation(scale=tuple((1 / deviation).tolist()), shift=tuple((-mean / deviation).tolist()))
