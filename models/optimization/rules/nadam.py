"""NAdam, Adam with Nesterov's momentum, in which every member of a pack has its own hyperparameters."""

from __future__ import annotations

import torch
from torch import Tensor

from packtune.models.optimization.gradient import Gradient, per_member
from packtune.models.optimization.parameter import Parameter
from packtune.models.optimization.rules.moments import MomentOptimizer

MOMENTUM_DECAY = 4e-3  # the default of torch.optim.NAdam


class NAdam(MomentOptimizer):
    """The update of torch.optim.NAdam, with the numbers of each member.

    See "Incorporating Nesterov Momentum into Adam" (Dozat 2016). The momentum of step t is
    u_t = beta1 (1 - 0.96^(0.004 t) / 2), and U_t is the product of all up to it. With the gradient g, to which weight
    decay d has added d w, its mean m, and the corrected mean square v:
    w -= r ((1 - u_t) / (1 - U_t) g + u_(t+1) / (1 - U_(t+1)) m) / (sqrt(v) + epsilon).
    """

    def _table(self, epoch: int) -> Tensor:
        rates, steps = self._rates.of(epoch), self._rates.numbers_of_steps(epoch)[:, None]
        beta, _ = self._betas()
        of_gradient, of_mean = _factors(beta, int(steps[-1]))
        scale, first = self._scale(steps), int(steps[0]) - 1
        numbers = [-rates * of_gradient[first:] / scale, -rates * of_mean[first:] / scale, self._epsilons() / scale]
        return torch.stack(numbers, dim=1)

    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        of_gradient, of_mean, epsilon = self._numbers
        value, dense = parameter.value, self._penalized(parameter, gradient)
        mean, squares = self._take_in(parameter, dense)
        dense.mul_(per_member(of_gradient, dense)).addcmul_(mean, per_member(of_mean, dense))
        value.addcdiv_(dense, squares.sqrt().add_(per_member(epsilon, value)))


def _factors(beta: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Give the factors of the gradient and of its mean in the first steps, float64 [steps, members] each.

    Args:
        beta: beta1 of the members, float64 [members].
    """
    numbers = torch.arange(1, steps + 2, dtype=torch.float64)[:, None]
    shares = 1 - 0.5 * 0.96 ** (numbers * MOMENTUM_DECAY)
    momenta, products = beta * shares, beta**numbers * shares.cumprod(0)
    return (1 - momenta[:-1]) / (1 - products[:-1]), momenta[1:] / (1 - products[1:])
