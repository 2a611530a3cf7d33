"""The packed dropout layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.layers.padding import padded_units
from packtune.models.optimization.optimizer import Optimizer


class PackedDropout(PackedLayer):
    """The dropout of each member, on units. Kept units are scaled by 1 / (1 - rate), as in `torch.nn.Dropout`.

    All members compare the same uniform random numbers with their own rates (common random numbers). The layer draws
    for a power of two of units. The mask of a member is therefore the same in any pack whose widest member has the
    same padded width.

    Args:
        modules: one `torch.nn.Dropout` of each member.
        device: where the masks are drawn.
        generator: source of the random numbers, on `device`.
    """

    def __init__(self, modules: Sequence[nn.Module], device: torch.device, generator: torch.Generator) -> None:
        rates = [_rate(module) for module in modules]
        self._rates = torch.tensor(rates, device=device).view(-1, 1, 1)
        self._drops = [rate > 0 for rate in rates]
        self._active = any(self._drops)
        self._generator = generator

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        if not (training and self._active):
            return values
        units, batch = values.shape[1:]
        drawn = torch.rand(padded_units(units), batch, generator=self._generator, device=values.device)
        self._mask = (drawn[:units] >= self._rates).to(values.dtype).mul_(1 / (1 - self._rates))
        return values * self._mask

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        return gradient * self._mask if self._active else gradient

    def keep(self, indices: Tensor) -> None:
        self._rates = self._rates.index_select(0, indices)
        self._drops = [self._drops[index] for index in indices.tolist()]
        self._active = any(self._drops)


def _rate(module: nn.Module) -> float:
    assert isinstance(module, nn.Dropout)
    return module.p
