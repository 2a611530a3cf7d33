"""What Adam's relatives keep of a parameter: the mean gradient, and the mean square of the gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from packtune.models.configuration import Configuration
from packtune.models.optimization.gradient import per_member
from packtune.models.optimization.parameter import Parameter
from packtune.models.optimization.rules.layerwise import LayerwiseOptimizer


class MomentOptimizer(LayerwiseOptimizer):
    """Keeps m = beta1 m + (1 - beta1) g and s = beta2 s + g^2 of a gradient g; both are zero at first.

    The mean square is (1 - beta2) s: with s, a step needs no tensor for g^2. Both means are too small at first, by the
    factors 1 - beta^t in step t = 1, 2, ... ("Adam: A Method for Stochastic Optimization", Kingma and Ba 2015). The
    root of the corrected mean square is `_scale` times the root of s.
    """

    def _set_configurations(self, own: Sequence[Configuration], deciding: Sequence[Configuration]) -> None:
        self._rest_of_mean = self._column([1 - c.beta1 for c in own])
        self._share_of_square = self._column([c.beta2 for c in own])

    def _betas(self) -> tuple[Tensor, Tensor]:
        """Give beta1 and beta2 of the members, float64 [members] each."""
        betas = torch.tensor([[c.beta1, c.beta2] for c in self._rates.configurations], dtype=torch.float64)
        return betas[:, 0], betas[:, 1]

    def _scale(self, steps: Tensor) -> Tensor:
        """Give the factor by which the root of s becomes that of the corrected mean square, float64 [steps, members].

        Args:
            steps: their numbers, float64 [steps, 1].
        """
        _, beta = self._betas()
        return ((1 - beta) / (1 - beta**steps)).sqrt()

    def _epsilons(self) -> Tensor:
        return torch.tensor([c.epsilon for c in self._rates.configurations], dtype=torch.float64)

    def _take_in(self, parameter: Parameter, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Update m and s with a gradient, float32 [members, ...], and give both."""
        mean, squares = parameter.state("mean"), parameter.state("squares")
        mean.lerp_(gradient, per_member(self._rest_of_mean, mean))
        squares.mul_(per_member(self._share_of_square, squares)).addcmul_(gradient, gradient)
        return mean, squares
