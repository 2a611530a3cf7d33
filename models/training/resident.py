"""A split kept on the training device as bytes, and given out in batches of numbers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from packtune.data.dataset import PIXEL_SCALE, Split


class Resident:
    """A split on the training device, its images still bytes.

    Args:
        dtype: of the images that are given out; float32 and bfloat16 both hold a pixel exactly.
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
        """Where the split is."""
        return self._images.device

    def take(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Pick images by place, int64 [m] on the device: images [m, 1, h, w], one-hot float32 [outputs, m]."""
        images = self._scale(self._images.index_select(0, places))
        return images, self._one_hot(self._labels.index_select(0, places))

    def chunks(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Give all images in order: images [size, 1, h, w], labels int64 [size, heads]."""
        for images, labels in zip(self._images.split(size), self._labels.split(size), strict=True):
            yield self._scale(images), labels

    def _one_hot(self, labels: Tensor) -> Tensor:
        targets = torch.zeros(self._outputs, len(labels), device=labels.device)
        return targets.scatter_(0, (labels + self._first_output).t(), 1.0)

    def _scale(self, images: Tensor) -> Tensor:
        """Bytes [n, h, w] -> [n, 1, h, w] in [0, 1)."""
        return images.unsqueeze(1).to(self._dtype).mul_(1 / PIXEL_SCALE)
