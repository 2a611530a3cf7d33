"""Packed layers that flatten images to features, and maps to units."""

from __future__ import annotations

import torch
from torch import Tensor

from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.optimization.gradient import widen
from packtune.models.optimization.optimizer import Optimizer


class PackedFlattenImages(PackedLayer):
    """Images -> features; all members share both."""

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        return values.flatten(1)

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        return None


class PackedFlattenMaps(PackedLayer):
    """Maps -> units, in the order of torch.nn.Flatten within each member."""

    def __init__(self, members: int) -> None:
        self._members = members

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        self._shape, self._dtype = values.shape, values.dtype
        return widen(values.reshape(len(values), self._members, -1).permute(1, 2, 0)).contiguous()

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        maps = gradient.to(self._dtype).permute(2, 0, 1).reshape(self._shape)
        return maps.contiguous(memory_format=torch.channels_last)

    def keep(self, indices: Tensor) -> None:
        self._members = len(indices)
