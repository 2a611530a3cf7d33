"""RMSprop in which every member of a pack has its own hyperparameters."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from packtune.models.configuration import Configuration
from packtune.models.optimization.gradient import Gradient, per_member
from packtune.models.optimization.parameter import Parameter
from packtune.models.optimization.rules.layerwise import LayerwiseOptimizer


class RMSprop(LayerwiseOptimizer):
    """The update of torch.optim.RMSprop (centered false), with the numbers of each member.

    After Hinton, "Neural Networks for Machine Learning", lecture 6 (2012). With the gradient g, to which weight decay d
    has added d w, the mean square v = alpha v + (1 - alpha) g^2, momentum m and learning rate r:
    b = m b + g / (sqrt(v) + epsilon);  w -= r b.

    What is kept is s = v / (1 - alpha), so that a step needs no tensor for g^2, and b times sqrt(1 - alpha).
    """

    def _set_configurations(self, own: Sequence[Configuration], deciding: Sequence[Configuration]) -> None:
        self._alpha = self._column([c.alpha for c in own])
        self._momentum = self._column([c.momentum for c in own])
        self._epsilon = self._column([c.epsilon / (1 - c.alpha) ** 0.5 for c in own])
        self._has_momentum = any(c.momentum for c in deciding)

    def _table(self, epoch: int) -> Tensor:
        scales = torch.tensor([(1 - c.alpha) ** 0.5 for c in self._rates.configurations], dtype=torch.float64)
        return (-self._rates.of(epoch) / scales)[:, None]

    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        value, squares, dense = parameter.value, parameter.state("squares"), self._penalized(parameter, gradient)
        squares.mul_(per_member(self._alpha, squares)).addcmul_(dense, dense)
        dense.div_(squares.sqrt().add_(per_member(self._epsilon, value)))
        if self._has_momentum:
            buffer = parameter.state("momentum")
            dense = buffer.mul_(per_member(self._momentum, buffer)).add_(dense)
        value.addcmul_(dense, per_member(self._numbers[0], value))
