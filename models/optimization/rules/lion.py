"""Lion in which every member of a pack has its own hyperparameters."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from packtune.models.configuration import Configuration
from packtune.models.optimization.gradient import Gradient, per_member
from packtune.models.optimization.parameter import Parameter
from packtune.models.optimization.rules.layerwise import LayerwiseOptimizer


class Lion(LayerwiseOptimizer):
    """The update of "Symbolic Discovery of Optimization Algorithms" (Chen et al. 2023), with numbers of each member.

    With gradient g, mean m, weights w, weight decay d and learning rate r:
    w -= r (sign(beta1 m + (1 - beta1) g) + d w);  m = beta2 m + (1 - beta2) g.
    """

    def _set_configurations(self, own: Sequence[Configuration], deciding: Sequence[Configuration]) -> None:
        self._rest_of_mean = self._column([1 - c.beta2 for c in own])
        self._lead = self._column([c.beta2 - c.beta1 for c in own])

    def _table(self, epoch: int) -> Tensor:
        rates = self._rates.of(epoch)
        decays = torch.tensor([c.weight_decay for c in self._rates.configurations], dtype=torch.float64)
        return torch.stack([-rates, 1 - rates * decays], dim=1)

    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        negative_rate, kept = self._numbers
        value, mean, dense = parameter.value, parameter.state("mean"), gradient.dense(parameter.room)
        if self._has_decay:
            value.mul_(per_member(kept, value))
        # With the new mean, the sign is that of m + (beta2 - beta1) (g - m of before).
        dense.sub_(mean)
        mean.addcmul_(dense, per_member(self._rest_of_mean, mean))
        dense.mul_(per_member(self._lead, dense)).add_(mean).sign_()
        value.addcmul_(dense, per_member(negative_rate, value))
