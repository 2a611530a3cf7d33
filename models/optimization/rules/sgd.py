"""Stochastic gradient descent in which every member of a pack has its own hyperparameters."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from packtune.models.configuration import Configuration
from packtune.models.optimization.gradient import Gradient, per_member
from packtune.models.optimization.parameter import Parameter
from packtune.models.optimization.rules.layerwise import LayerwiseOptimizer


class SGD(LayerwiseOptimizer):
    """The update of torch.optim.SGD (dampening 0), with the hyperparameters of each member.

    With gradient g, weights w, weight decay d, momentum m and learning rate r:
    g' = g + d w;  v = m v + g';  w -= r (g' + m v if nesterov else v).

    Three update rules compute this: without momentum, with momentum, and with Nesterov's momentum. All members of a
    pack are updated by one rule, the simplest one that is enough for all of them. The rules agree up to rounding.
    """

    def _set_configurations(self, own: Sequence[Configuration], deciding: Sequence[Configuration]) -> None:
        self._momentum = self._column([c.momentum for c in own])
        self._has_nesterov = any(c.nesterov for c in deciding)
        self._has_momentum = any(c.momentum for c in deciding)

    def _table(self, epoch: int) -> Tensor:
        rates = self._rates.of(epoch)
        # Nesterov's rule is w += gradient_step * g' + momentum_step * v, for members with and without the flag.
        gradient_factors = [float(c.nesterov) for c in self._rates.configurations]
        momentum_factors = [c.momentum if c.nesterov else 1.0 for c in self._rates.configurations]
        factors = torch.tensor([gradient_factors, momentum_factors], dtype=torch.float64)
        return torch.stack([-rates, -rates * factors[0], -rates * factors[1]], dim=1)

    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        if self._has_nesterov:
            self._update_nesterov(parameter, gradient)
        elif self._has_momentum:
            self._update_momentum(parameter, gradient)
        else:
            self._update_plain(parameter, gradient)

    def _update_plain(self, parameter: Parameter, gradient: Gradient) -> None:
        value, negative_rate = parameter.value, self._numbers[0]
        if self._has_decay:
            value.mul_(per_member(1 + negative_rate * self._weight_decay, value))
        gradient.scaled(negative_rate).add_to(value)

    def _update_momentum(self, parameter: Parameter, gradient: Gradient) -> None:
        value, buffer, negative_rate = parameter.value, parameter.state("momentum"), self._numbers[0]
        buffer.mul_(per_member(self._momentum, buffer))
        if self._has_decay:
            buffer.addcmul_(value, per_member(self._weight_decay, value))
        gradient.add_to(buffer)
        value.addcmul_(buffer, per_member(negative_rate, value))

    def _update_nesterov(self, parameter: Parameter, gradient: Gradient) -> None:
        value, buffer = parameter.value, parameter.state("momentum")
        _, gradient_step, momentum_step = self._numbers
        dense = self._penalized(parameter, gradient)
        buffer.mul_(per_member(self._momentum, buffer)).add_(dense)
        value.addcmul_(dense, per_member(gradient_step, value))
        value.addcmul_(buffer, per_member(momentum_step, value))
