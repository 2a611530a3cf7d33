"""Packed linear layers: on features that all members share, and on each member's own units."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from packtune.models.layers.padding import padded_units
from packtune.models.layers.weighted import WeightedLayer
from packtune.models.optimization.gradient import BatchedProduct, WideProduct, widen
from packtune.models.optimization.optimizer import Optimizer

MIN_ROUNDED = 64  # below this smaller side of a weight matrix, rounding costs more than the faster product saves


class PackedSharedLinear(WeightedLayer):
    """Linear layer on features that all members share: products [batch, in] -> float32 [members, out, batch].

    One wide product computes the outputs of all members. This is what makes packs of small networks fast.
    """

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        self._input = values
        members, out, fan_in = self.weight.value.shape
        weight, bias = self.weight.value.view(-1, fan_in), self.bias.value.view(-1, 1)
        if self._products is torch.float32:
            wide = torch.addmm(bias, weight, values.t())
        else:
            wide = torch.mm(self._rounded(weight), values.t()).float().add_(bias)
        return wide.view(members, out, -1)

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        optimizer.update(self.weight, WideProduct(gradient, self._input))
        self._update_bias(optimizer, gradient)
        return None


class PackedLinear(WeightedLayer):
    """Linear layer on each member's own units: float32 [members, in, batch] -> float32 [members, out, batch].

    Small products, such as those of an output layer, are not faster with rounded factors, so they stay float32.
    """

    def __init__(
        self, modules: Sequence[nn.Module], device: torch.device, products: torch.dtype = torch.float32
    ) -> None:
        super().__init__(modules, device, products)
        # Padded sizes are compared: otherwise the other members' widths would decide whether a member is rounded.
        if any(padded_units(size) < MIN_ROUNDED for size in self.weight.value.shape[1:]):
            self._products = torch.float32

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        self._input = self._rounded(values)
        bias = self.bias.value.unsqueeze(2)
        if self._products is torch.float32:
            return torch.baddbmm(bias, self.weight.value, values)
        return torch.bmm(self._rounded(self.weight.value), self._input).float().add_(bias)

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        weight = self._rounded(self.weight.value).transpose(1, 2)
        below = widen(torch.bmm(weight, self._rounded(gradient))) if needs_input else None
        optimizer.update(self.weight, BatchedProduct(gradient, self._input.transpose(1, 2)))
        self._update_bias(optimizer, gradient)
        return below
