"""What an optimizer of a pack does: it updates the weights of all members, each with its own hyperparameters."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from packtune.models.optimization.gradient import Gradient
from packtune.models.optimization.parameter import Parameter


class Optimizer(ABC):
    """Updates the weights of all members of a pack.

    Lifecycle: made for the members of one training; `begin_epoch` before the steps of each epoch; in each step
    `begin_step`, then one `update` of each parameter, in the same order every time, then `end_step`. Between steps,
    `keep` takes members out; the next step then needs a `begin_epoch` first.

    A parameter may be changed by `update` or only by `end_step`. Its gradient belongs to the optimizer from `update`
    on, which may overwrite it.
    """

    @abstractmethod
    def begin_epoch(self, epoch: int) -> None:
        """Get ready for the steps of an epoch; `epoch` is the number of epochs trained so far."""

    @abstractmethod
    def begin_step(self) -> None:
        """Begin the next step of the epoch."""

    @abstractmethod
    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        """Take the step on one parameter, in place, now or in `end_step`."""

    @abstractmethod
    def end_step(self) -> None:
        """End the step: all parameters are updated."""

    @abstractmethod
    def keep(self, indices: Tensor) -> None:
        """Keep only the members at `indices`, int64 [kept]."""
