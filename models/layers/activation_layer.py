"""The packed activation layer: each member has its own function of `packtune.models.layers.activations`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from packtune.models.layers.activations import Activation, activation_of
from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.optimization.optimizer import Optimizer


class PackedActivation(PackedLayer):
    """The activation of each member, on maps or on units. Neighbouring members with the same function share a call.

    Args:
        modules: one activation module of each member.
        on_maps: whether the values are maps; otherwise they are units.
    """

    def __init__(self, modules: Sequence[nn.Module], *, on_maps: bool) -> None:
        self._activations = [activation_of(module) for module in modules]
        self._on_maps = on_maps
        self._runs = _runs(self._activations)

    @property
    def commutes_with_max_pooling(self) -> bool:
        """Tell whether max-pooling may come before this layer: it may if that holds for all members."""
        return all(activation.commutes_with_max_pooling for activation in self._activations)

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        self._input = values
        if len(self._runs) == 1:
            self._output = self._runs[0][0].forward(values)
        else:
            self._output = torch.empty_like(values)
            for activation, members in self._runs:
                self._select(self._output, members).copy_(activation.forward(self._select(values, members)))
        return self._output

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        if not needs_input:
            return None
        if len(self._runs) == 1:
            return self._runs[0][0].backward(gradient, self._input, self._output)
        below = torch.empty_like(gradient)
        for activation, members in self._runs:
            parts = (self._select(tensor, members) for tensor in (gradient, self._input, self._output))
            self._select(below, members).copy_(activation.backward(*parts))
        return below

    def keep(self, indices: Tensor) -> None:
        self._activations = [self._activations[index] for index in indices.tolist()]
        self._runs = _runs(self._activations)

    def _select(self, values: Tensor, members: slice) -> Tensor:
        if not self._on_maps:
            return values[members]
        channels = values.shape[1] // len(self._activations)
        return values[:, members.start * channels : members.stop * channels]


def _runs(activations: Sequence[Activation]) -> list[tuple[Activation, slice]]:
    """Group neighbouring members with the same activation."""
    runs: list[tuple[Activation, slice]] = []
    for index, activation in enumerate(activations):
        if runs and runs[-1][0] is activation:
            runs[-1] = (activation, slice(runs[-1][1].start, index + 1))
        else:
            runs.append((activation, slice(index, index + 1)))
    return runs
