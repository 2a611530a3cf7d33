"""Gradient clipping: the gradient of a member is shortened where its norm is too large."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from packtune.models.configuration import Configuration
from packtune.models.optimization.gradient import DenseGradient, Gradient, per_member
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.parameter import Parameter

LEAST_NORM = 1e-6  # is added to the norm, as torch.nn.utils.clip_grad_norm_ does


class Clipping(Optimizer):
    """Clips the gradient of each member, as torch.nn.utils.clip_grad_norm_, and hands it to another optimizer.

    The norm is that of all parameters of a member together. So all gradients have to be there before the first
    parameter is updated: the step is taken in `end_step`.

    Args:
        configurations: one for each member.
        device: where the weights are.
        optimizer: of the same members.
    """

    def __init__(self, configurations: Sequence[Configuration], device: torch.device, optimizer: Optimizer) -> None:
        largest = [c.gradient_clipping for c in configurations]
        self._largest = torch.tensor(largest, dtype=torch.float32, device=device)
        self._clips = self._largest > 0
        self._optimizer = optimizer
        self._gradients: list[tuple[Parameter, Tensor]] = []

    def begin_epoch(self, epoch: int) -> None:
        self._optimizer.begin_epoch(epoch)

    def begin_step(self) -> None:
        self._optimizer.begin_step()

    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        self._gradients.append((parameter, gradient.dense(parameter.room)))

    def end_step(self) -> None:
        norms = [torch.linalg.vector_norm(dense.flatten(1), dim=1) for _, dense in self._gradients]
        norm = torch.linalg.vector_norm(torch.stack(norms), dim=0)
        shorter = (self._largest / (norm + LEAST_NORM)).clamp(max=1)
        # A member that is not clipped keeps its gradient even where the norm is no finite number.
        factors = torch.where(self._clips, shorter, 1.0)
        for parameter, dense in self._gradients:
            self._optimizer.update(parameter, DenseGradient(dense.mul_(per_member(factors, dense))))
        self._gradients.clear()
        self._optimizer.end_step()

    def keep(self, indices: Tensor) -> None:
        self._largest = self._largest.index_select(0, indices)
        self._clips = self._clips.index_select(0, indices)
        self._optimizer.keep(indices)
