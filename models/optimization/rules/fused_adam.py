"""Adam and AdamW on a processor: PyTorch's own fused step, which reads and writes every number once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from packtune.models.configuration import Configuration
from packtune.models.optimization.gradient import Gradient
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.parameter import Parameter
from packtune.models.optimization.rates import Rates

# Gradients of so many numbers a member are computed member by member, each before its step: those of all members would
# leave the cache of a core before they are used. For smaller ones, one wide product is faster.
LARGE = 2**15

Fused = Callable[..., None]
"""The fused step of torch.optim.Adam or torch.optim.AdamW, on lists of tensors of one member."""


class FusedAdam(Optimizer):
    """Takes the step of one member after another, over all its parameters, in `end_step`.

    It takes one call a member, and a call takes few microseconds: less than half the time of operations over all
    members, each of which has to go through the memory (measured by tests/benchmarks/optimizers.py).

    Args:
        rates: of the members, with their configurations.
        fused: what is called for each member.
    """

    def __init__(self, rates: Rates, fused: Fused) -> None:
        self._fused = fused
        self._updates: list[tuple[Parameter, Callable[[int], Tensor]]] = []
        self._step = torch.zeros(())
        self._set_rates(rates)

    def _set_rates(self, rates: Rates) -> None:
        self._rates = rates
        self._steps_of = [_with_numbers(self._fused, configuration) for configuration in rates.configurations]
        self._whole: list[Tensor] = []
        self._of_members: list[list[list[Tensor]]] = []

    def begin_epoch(self, epoch: int) -> None:
        numbers = self._rates.numbers_of_steps(epoch)
        self._step.fill_(float(numbers[0]) - 1)
        rows: list[list[float]] = self._rates.of(epoch).expand(len(numbers), -1).tolist()
        self._coming = iter(rows)

    def begin_step(self) -> None:
        self._learning_rates = next(self._coming)
        self._step.add_(1)

    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        self._updates.append((parameter, _parts_of(gradient, parameter)))

    def end_step(self) -> None:
        parts = self._parts([parameter for parameter, _ in self._updates])
        steps = [self._step] * len(self._updates)
        for index, (values, means, squares) in enumerate(parts):
            gradients = [part_of(index) for _, part_of in self._updates]
            rate = self._learning_rates[index]
            self._steps_of[index](values, gradients, means, squares, [], steps, lr=rate)
        self._updates.clear()

    def keep(self, indices: Tensor) -> None:
        self._set_rates(self._rates.keep(indices.tolist()))

    def _parts(self, parameters: Sequence[Parameter]) -> Sequence[Sequence[list[Tensor]]]:
        """Give the parts of each member in the values, the means and the mean squares of all parameters."""
        whole = [p.value for p in parameters]
        whole += [p.state(name) for name in ("mean", "mean_square") for p in parameters]
        if len(whole) != len(self._whole) or any(a is not b for a, b in zip(whole, self._whole, strict=True)):
            n = len(parameters)
            of_members = list(zip(*(tensor.unbind() for tensor in whole), strict=True))
            self._of_members = [[list(own[i : i + n]) for i in range(0, 3 * n, n)] for own in of_members]
            self._whole = whole
        return self._of_members


def _parts_of(gradient: Gradient, parameter: Parameter) -> Callable[[int], Tensor]:
    """Give the gradient of each member as a contiguous tensor: the fused step takes numbers in the order of memory."""
    room, parts = parameter.room, parameter.room_of_members
    if parts[0].numel() >= LARGE:
        return partial(gradient.of_member, room=parts[0])
    dense = gradient.dense(room)
    if dense is not room:
        room.copy_(dense)
    return parts.__getitem__


def _with_numbers(fused: Fused, configuration: Configuration) -> Fused:
    return partial(
        fused,
        beta1=configuration.beta1,
        beta2=configuration.beta2,
        weight_decay=configuration.weight_decay,
        eps=configuration.epsilon,
        amsgrad=False,
        maximize=False,
    )
