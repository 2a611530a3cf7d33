"""The packed max-pooling layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from packtune.models.layers.convolution import as_pair
from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.optimization.optimizer import Optimizer

aten = torch.ops.aten


class PackedMaxPool2d(PackedLayer):
    """Max-pooling: maps -> smaller maps.

    Args:
        modules: one `torch.nn.MaxPool2d` of each member, with the same window, stride and padding.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        first = modules[0]
        assert isinstance(first, nn.MaxPool2d)
        self._window, self._stride, self._padding = first.kernel_size, first.stride, first.padding

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        pooled, indices = functional.max_pool2d(values, self._window, self._stride, self._padding, return_indices=True)
        if training:
            self._input, self._indices = values, indices
        return pooled

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        window, stride, padding = as_pair(self._window), as_pair(self._stride), as_pair(self._padding)
        below: Tensor = aten.max_pool2d_with_indices_backward(
            gradient, self._input, window, stride, padding, [1, 1], False, self._indices
        )
        return below
