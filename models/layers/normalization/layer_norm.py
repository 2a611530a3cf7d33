"""The packed layer normalization."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from packtune.models.layers.weighted import WeightedLayer
from packtune.models.optimization.gradient import DenseGradient
from packtune.models.optimization.optimizer import Optimizer


class PackedLayerNorm(WeightedLayer):
    """Layer normalization: on units as `torch.nn.LayerNorm`, on maps as `torch.nn.GroupNorm` with one group.

    See "Layer Normalization" (Ba, Kiros and Hinton 2016). Each example of each member is normalized by the mean and
    the variance of its own units, or of its own channels with all their pixels. Only the member's own width counts:
    padded units are left at zero.

    Args:
        modules: one layer normalization of each member, with weight and bias; the same epsilon.
        device: where the weights are.
        on_maps: whether the values are maps; otherwise they are units.
    """

    def __init__(self, modules: Sequence[nn.Module], device: torch.device, *, on_maps: bool) -> None:
        super().__init__(modules, device)
        first = modules[0]
        assert isinstance(first, nn.LayerNorm | nn.GroupNorm)
        self._epsilon, self._on_maps = first.eps, on_maps
        widths = [_width(module) for module in modules]
        self._widths = torch.tensor(widths, device=device)
        self._is_padded = min(widths) < max(widths)

    @staticmethod
    def supports(module: nn.Module, *, on_maps: bool) -> bool:
        """Tell whether this layer computes what `module` does, on maps or on units."""
        if isinstance(module, nn.GroupNorm):
            return on_maps and module.num_groups == 1 and module.affine
        if on_maps or not isinstance(module, nn.LayerNorm) or len(module.normalized_shape) != 1:
            return False
        return module.elementwise_affine and module.bias is not None

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        own = self._by_member(values)
        centered = self._without_padding(own - self._mean(own))
        scale = (self._mean(centered.square()) + self._epsilon).rsqrt_()
        normal = centered.mul_(scale)
        if training:
            self._normal, self._scale = normal, scale
        return self._joined(normal * self._column(self.weight.value) + self._column(self.bias.value), values)

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        own = self._by_member(gradient)
        below = None
        if needs_input:
            inner = own * self._column(self.weight.value)
            along = self._normal * self._mean(inner * self._normal)
            below = self._joined(self._without_padding(inner - self._mean(inner) - along).mul_(self._scale), gradient)
        optimizer.update(self.weight, DenseGradient(own.mul(self._normal).sum(self._shared_axes)))
        optimizer.update(self.bias, DenseGradient(own.sum(self._shared_axes)))
        return below

    def keep(self, indices: Tensor) -> None:
        super().keep(indices)
        self._widths = self._widths.index_select(0, indices)

    @property
    def _shared_axes(self) -> tuple[int, ...]:
        """The axes over which a weight is shared."""
        return (0, 3, 4) if self._on_maps else (2,)

    def _by_member(self, values: Tensor) -> Tensor:
        """Give maps as float32 [batch, members, channels, rows, columns], and units as they are."""
        if not self._on_maps:
            return values
        values = values.float() if values.dtype is torch.bfloat16 else values
        return values.view(len(values), len(self._widths), -1, *values.shape[2:])

    def _joined(self, own: Tensor, like: Tensor) -> Tensor:
        if not self._on_maps:
            return own
        return own.flatten(1, 2).to(like.dtype).contiguous(memory_format=torch.channels_last)

    def _column(self, numbers: Tensor) -> Tensor:
        """Reshape numbers [members, ...] so that they broadcast over what `_by_member` gives."""
        column = numbers.view(len(numbers), -1, 1)
        return column[None, ..., None] if self._on_maps else column

    def _mean(self, own: Tensor) -> Tensor:
        """Average over the member's own units, or over its channels and their pixels. Padding must be zero."""
        axes, pixels = ((2, 3, 4), own.shape[3] * own.shape[4]) if self._on_maps else ((1,), 1)
        return own.sum(axes, keepdim=True) / self._column(self._widths * pixels)

    def _without_padding(self, own: Tensor) -> Tensor:
        """Set padded units to zero, in place."""
        if not self._is_padded:
            return own
        units = torch.arange(self.weight.value.shape[1], device=own.device)
        return own.mul_(self._column((units < self._widths[:, None]).to(own.dtype)))


def _width(module: nn.Module) -> int:
    """Give the number of units, or of channels."""
    if isinstance(module, nn.GroupNorm):
        return module.num_channels
    assert isinstance(module, nn.LayerNorm)
    return int(module.normalized_shape[0])
