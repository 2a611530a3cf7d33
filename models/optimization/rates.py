"""The learning rates of all members in each step of a training. Knows nothing of weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from packtune.models.configuration import Configuration
from packtune.models.optimization.schedules import rate_factors


class Rates:
    """The learning rates of the members of a pack.

    Args:
        configurations: one for each member.
        epochs: of each member's full training; a trial that is stopped early was planned for all of them.
        steps: mini-batches of an epoch, 1 or more.
    """

    def __init__(self, configurations: Sequence[Configuration], epochs: Sequence[int], steps: int) -> None:
        self.configurations = tuple(configurations)
        self._epochs = tuple(epochs)
        self._steps = steps

    def numbers_of_steps(self, epoch: int) -> Tensor:
        """Number the steps of an epoch in the training, from 1: float64 [steps]; `epoch` counts from 0."""
        first = epoch * self._steps
        return torch.arange(first + 1, first + self._steps + 1, dtype=torch.float64)

    def of(self, epoch: int) -> Tensor:
        """Give the rates in the steps of an epoch: float64 [steps, members], or [1, members] if no rate changes.

        Raises:
            ValueError: a schedule was planned for fewer epochs.
        """
        rates = torch.tensor([[c.learning_rate for c in self.configurations]], dtype=torch.float64)
        if not any(configuration.has_schedule for configuration in self.configurations):
            return rates
        indices = self.numbers_of_steps(epoch) - 1
        factors = [self._factors(member, epoch, indices) for member in range(len(self.configurations))]
        return rates * torch.stack(factors, dim=1)

    def keep(self, indices: Sequence[int]) -> Rates:
        """Give the rates of the members at `indices`."""
        kept = [(self.configurations[index], self._epochs[index]) for index in indices]
        return Rates([c for c, _ in kept], [epochs for _, epochs in kept], self._steps)

    def _factors(self, member: int, epoch: int, indices: Tensor) -> Tensor:
        configuration, epochs = self.configurations[member], self._epochs[member]
        if epoch >= epochs and configuration.has_schedule:
            raise ValueError(
                f"the schedule {configuration.schedule} of a member was planned for {epochs} epochs, and epoch "
                f"{epoch + 1} is asked for: give the member the number of epochs of its full training"
            )
        return rate_factors(configuration, indices, epochs * self._steps)
