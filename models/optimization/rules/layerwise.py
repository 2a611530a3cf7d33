"""The base class of optimizers that update each parameter at once, with operations over all members."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from packtune.models.configuration import Configuration
from packtune.models.optimization.gradient import Gradient, per_member
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.parameter import Parameter
from packtune.models.optimization.rates import Rates
from packtune.models.optimization.step_numbers import StepNumbers


class LayerwiseOptimizer(Optimizer):
    """Updates a parameter as soon as its gradient is there.

    Args:
        rates: of the members, with their configurations.
        device: where the weights are.
        pack_configurations: the configurations of the entire pack if the members are a part of it. What a step
            computes is then chosen for the entire pack, and does not change when members are taken out. Empty to choose
            it for the members that are left.
    """

    def __init__(self, rates: Rates, device: torch.device, pack_configurations: Sequence[Configuration] = ()) -> None:
        self._device = device
        self._pack_configurations = pack_configurations
        self._set_rates(rates)

    def _set_rates(self, rates: Rates) -> None:
        self._rates = rates
        self._step_numbers = StepNumbers(self._device)
        deciding = self._pack_configurations or rates.configurations
        self._weight_decay = self._column([c.weight_decay for c in rates.configurations])
        # Read from the configurations: reading a tensor's values on a GPU would wait until all its work is done.
        self._has_decay = any(c.weight_decay for c in deciding)
        self._set_configurations(rates.configurations, deciding)

    @abstractmethod
    def _set_configurations(self, own: Sequence[Configuration], deciding: Sequence[Configuration]) -> None:
        """Get ready for other members.

        Args:
            own: the configurations of the members.
            deciding: those by which it is chosen what a step computes.
        """

    @abstractmethod
    def _table(self, epoch: int) -> Tensor:
        """Give the numbers of the members in each step of an epoch: float64 [steps, numbers, members].

        One row is enough if all steps of the training have the same numbers.
        """

    def begin_epoch(self, epoch: int) -> None:
        self._step_numbers.load(self._table(epoch))

    def begin_step(self) -> None:
        self._numbers = self._step_numbers.advance()

    def end_step(self) -> None:
        pass

    def keep(self, indices: Tensor) -> None:
        self._set_rates(self._rates.keep(indices.tolist()))

    def _penalized(self, parameter: Parameter, gradient: Gradient) -> Tensor:
        """Compute the gradient of the loss with the L2 penalty, as a tensor that may be overwritten."""
        dense = gradient.dense(parameter.room)
        if self._has_decay:
            dense.addcmul_(parameter.value, per_member(self._weight_decay, dense))
        return dense

    def _column(self, values: list[float]) -> Tensor:
        """Give one number of each member as float32 [members], on the device."""
        return torch.tensor(values, dtype=torch.float32, device=self._device)
