"""Stochastic gradient descent in which every member of a pack has its own hyperparameters."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from packtune.models.configuration import Configuration
from packtune.models.optimization.gradient import Gradient, per_member
from packtune.models.optimization.parameter import Parameter


class SGD:
    """The update of torch.optim.SGD (dampening 0), with the hyperparameters of each member.

    With gradient g, weights w, weight decay d, momentum m and learning rate r:
    g' = g + d w;  v = m v + g';  w -= r (g' + m v if nesterov else v).

    Three update rules compute this: without momentum, with momentum, and with Nesterov's momentum. All members of a
    pack are updated by one rule, the simplest one that is enough for all of them. The rules agree up to rounding.

    Args:
        configurations: one for each member.
        device: where the weights are.
        pack_configurations: the configurations of the entire pack if the members are a part of it. The update rule is
            then chosen for the entire pack, and does not change when members are taken out. Empty to choose the rule
            for the members that are left.
    """

    def __init__(
        self,
        configurations: Sequence[Configuration],
        device: torch.device,
        pack_configurations: Sequence[Configuration] = (),
    ) -> None:
        self._device = device
        self._pack_configurations = pack_configurations
        self._set_configurations(list(configurations))

    def _set_configurations(self, configurations: list[Configuration]) -> None:
        def column(values: list[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float32, device=self._device)

        self._configurations = configurations
        self._momentum = column([c.momentum for c in configurations])
        self._weight_decay = column([c.weight_decay for c in configurations])
        self._negative_rate = column([-c.learning_rate for c in configurations])
        # Nesterov's rule as w += gradient_step * g' + momentum_step * v, for members with and without the flag.
        self._gradient_step = column([-c.learning_rate * c.nesterov for c in configurations])
        self._momentum_step = column([-c.learning_rate * (c.momentum if c.nesterov else 1) for c in configurations])
        # Read from the configurations: reading a tensor's values on a GPU would wait until all its work is done.
        deciding = self._pack_configurations or configurations
        self._has_decay = any(c.weight_decay for c in deciding)
        self._has_nesterov = any(c.nesterov for c in deciding)
        self._has_momentum = any(c.momentum for c in deciding)

    def keep(self, indices: Tensor) -> None:
        """Keep only the members at `indices`, int64 [kept]."""
        self._set_configurations([self._configurations[index] for index in indices.tolist()])

    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        """Take one step on `parameter`, in place."""
        if self._has_nesterov:
            self._update_nesterov(parameter, gradient)
        elif self._has_momentum:
            self._update_momentum(parameter, gradient)
        else:
            self._update_plain(parameter, gradient)

    def _update_plain(self, parameter: Parameter, gradient: Gradient) -> None:
        value = parameter.value
        if self._has_decay:
            value.mul_(per_member(1 + self._negative_rate * self._weight_decay, value))
        gradient.scaled(self._negative_rate).add_to(value)

    def _update_momentum(self, parameter: Parameter, gradient: Gradient) -> None:
        value, buffer = parameter.value, parameter.momentum_buffer
        buffer.mul_(per_member(self._momentum, buffer))
        if self._has_decay:
            buffer.addcmul_(value, per_member(self._weight_decay, value))
        gradient.add_to(buffer)
        value.addcmul_(buffer, per_member(self._negative_rate, value))

    def _update_nesterov(self, parameter: Parameter, gradient: Gradient) -> None:
        value, buffer = parameter.value, parameter.momentum_buffer
        dense = gradient.dense()
        if self._has_decay:
            dense.addcmul_(value, per_member(self._weight_decay, value))
        buffer.mul_(per_member(self._momentum, buffer)).add_(dense)
        value.addcmul_(dense, per_member(self._gradient_step, value))
        value.addcmul_(buffer, per_member(self._momentum_step, value))
