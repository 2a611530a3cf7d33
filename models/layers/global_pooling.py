"""The packed global average pooling layer."""

from __future__ import annotations

import torch
from torch import Tensor

from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.optimization.optimizer import Optimizer


class PackedGlobalPooling(PackedLayer):
    """Global average pooling: maps -> maps of one pixel, as `torch.nn.AdaptiveAvgPool2d(1)`."""

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        self._shape = values.shape
        return values.mean((2, 3), keepdim=True)

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        below = (gradient / (self._shape[2] * self._shape[3])).expand(self._shape)
        return below.contiguous(memory_format=torch.channels_last)
