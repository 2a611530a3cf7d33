"""Adam in which every member of a pack has its own hyperparameters."""

from __future__ import annotations

import torch
from torch import Tensor

from packtune.models.optimization.gradient import Gradient, per_member
from packtune.models.optimization.parameter import Parameter
from packtune.models.optimization.rules.moments import MomentOptimizer


class Adam(MomentOptimizer):
    """The update of torch.optim.Adam (amsgrad false), or of torch.optim.AdamW, with the numbers of each member.

    With the means m and v of the gradient and of its square, both corrected, weights w and learning rate r:
    w -= r m / (sqrt(v) + epsilon). Weight decay d is added to the gradient, as d w, by Adam, and is taken off the
    weights before, as r d w, by AdamW ("Decoupled Weight Decay Regularization", Loshchilov and Hutter 2019).
    """

    decoupled = False

    def _table(self, epoch: int) -> Tensor:
        rates, steps = self._rates.of(epoch), self._rates.numbers_of_steps(epoch)[:, None]
        scale, (beta, _) = self._scale(steps), self._betas()
        decays = torch.tensor([c.weight_decay for c in self._rates.configurations], dtype=torch.float64)
        kept = (1 - rates * decays).expand(len(steps), -1)
        return torch.stack([-rates / (1 - beta**steps) / scale, self._epsilons() / scale, kept], dim=1)

    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        factor, epsilon, kept = self._numbers
        value = parameter.value
        if self.decoupled and self._has_decay:
            value.mul_(per_member(kept, value))
        dense = gradient.dense(parameter.room) if self.decoupled else self._penalized(parameter, gradient)
        mean, squares = self._take_in(parameter, dense)
        torch.sqrt(squares, out=dense).add_(per_member(epsilon, value))
        value.addcmul_(torch.div(mean, dense, out=dense), per_member(factor, value))


class AdamW(Adam):
    """Adam with weight decay apart from the gradient, as torch.optim.AdamW."""

    decoupled = True
