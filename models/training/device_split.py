"""A split of a data set on the training device. The images stay bytes there; batches are given as numbers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from packtune.data.dataset import PIXEL_SCALE, Split


class DeviceSplit:
    """A split on the training device, with images uint8 [n, height, width] and labels int64 [n, heads].

    Args:
        split: what to copy to the device.
        classes: classes of every head.
        device: the training device.
        dtype: of the images in a batch; float32 and bfloat16 both hold a pixel exactly.
    """

    def __init__(self, split: Split, classes: int, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        self._dtype = dtype
        self._images = split.images.to(device)
        self._labels = split.labels.to(device)
        heads = self._labels.shape[1]
        self._outputs = heads * classes
        self._first_output = torch.arange(heads, device=device) * classes  # of each head

    def __len__(self) -> int:
        return len(self._images)

    @property
    def device(self) -> torch.device:
        """The device that the split is on."""
        return self._images.device

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Select images by their indices, int64 [m] on the device.

        Returns:
            Images `dtype` [m, 1, height, width] in [0, 1), and one-hot targets float32 [heads * classes, m].
        """
        images = self._scale(self._images.index_select(0, indices))
        return images, self._one_hot(self._labels.index_select(0, indices))

    def chunks(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all images in order, at most `size` at a time.

        Yields:
            Images `dtype` [m, 1, height, width] in [0, 1), and labels int64 [m, heads].
        """
        for images, labels in zip(self._images.split(size), self._labels.split(size), strict=True):
            yield self._scale(images), labels

    def _one_hot(self, labels: Tensor) -> Tensor:
        targets = torch.zeros(self._outputs, len(labels), device=labels.device)
        return targets.scatter_(0, (labels + self._first_output).t(), 1.0)

    def _scale(self, images: Tensor) -> Tensor:
        """Bytes [n, height, width] -> [n, 1, height, width] in [0, 1)."""
        return images.unsqueeze(1).to(self._dtype).mul_(1 / PIXEL_SCALE)
