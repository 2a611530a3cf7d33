"""SGD with a learning rate, momentum, Nesterov flag and weight decay of its own for every member of a pack."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from packtune.models.configuration import Configuration


class Parameter:
    """Weights of all members, value float32 [members, ...], and their momentum buffer of the same shape."""

    def __init__(self, value: Tensor) -> None:
        self.value = value
        self._momentum_buffer: Tensor | None = None

    @property
    def momentum_buffer(self) -> Tensor:
        """The running sum of gradients, zero before the first step."""
        if self._momentum_buffer is None:
            self._momentum_buffer = torch.zeros_like(self.value)
        return self._momentum_buffer

    @property
    def momentum(self) -> Tensor | None:
        """The momentum buffer, if any step has made one."""
        return self._momentum_buffer

    def load(self, value: Tensor, momentum: Tensor | None) -> None:
        """Take over values and momentum of the same shape.

        Raises:
            ValueError: another shape.
        """
        for tensor in (value, momentum):
            if tensor is not None and tensor.shape != self.value.shape:
                raise ValueError(f"weights of shape {tuple(self.value.shape)} cannot be {tuple(tensor.shape)}")
        self.value.copy_(value)
        self._momentum_buffer = None
        if momentum is not None:
            self.momentum_buffer.copy_(momentum)

    def keep(self, places: Tensor) -> None:
        """Keep only the members at `places`, int64 [kept]."""
        self.value = self.value.index_select(0, places)
        if self._momentum_buffer is not None:
            self._momentum_buffer = self._momentum_buffer.index_select(0, places)


class Gradient(ABC):
    """A gradient of a `Parameter`, perhaps not yet worked out."""

    @abstractmethod
    def dense(self) -> Tensor:
        """Work it out: float32 of the parameter's shape, safe to overwrite."""

    @abstractmethod
    def add_to(self, target: Tensor) -> None:
        """Add it to `target`, a tensor of the parameter's shape, in place."""

    @abstractmethod
    def scaled(self, factors: Tensor) -> Self:
        """Multiply each member's gradient by its factor, float32 [members]."""


class DenseGradient(Gradient):
    """A gradient that is already a tensor, float32 [members, ...]."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def dense(self) -> Tensor:
        return self._tensor

    def add_to(self, target: Tensor) -> None:
        target.add_(self._tensor)

    def scaled(self, factors: Tensor) -> Self:
        return type(self)(self._tensor * _column(factors, self._tensor))


class WideProduct(Gradient):
    """left float32 [members, out, batch] times a batch that all members share, right [batch, in]: [members, out, in].

    Kept as its factors, so that it can be accumulated by the matrix product itself. The factors are rounded to the
    right one's dtype before they are multiplied.
    """

    def __init__(self, left: Tensor, right: Tensor) -> None:
        self._left, self._right = left, right

    def dense(self) -> Tensor:
        product = torch.mm(self._left.flatten(0, 1).to(self._right.dtype), self._right)
        return widen(product).unflatten(0, self._left.shape[:2])

    def add_to(self, target: Tensor) -> None:
        if self._right.dtype is self._left.dtype:
            target.view(-1, target.shape[-1]).addmm_(self._left.view(-1, self._left.shape[-1]), self._right)
        else:
            target.add_(self.dense())

    def scaled(self, factors: Tensor) -> Self:
        return type(self)(self._left * _column(factors, self._left), self._right)


class BatchedProduct(Gradient):
    """left float32 [members, out, batch] times right [members, batch, in]: [members, out, in].

    Kept as its factors, and rounded before they are multiplied, as in `WideProduct`.
    """

    def __init__(self, left: Tensor, right: Tensor) -> None:
        self._left, self._right = left, right

    def dense(self) -> Tensor:
        return widen(torch.bmm(self._left.to(self._right.dtype), self._right))

    def add_to(self, target: Tensor) -> None:
        if self._right.dtype is self._left.dtype:
            target.baddbmm_(self._left, self._right)
        else:
            target.add_(self.dense())

    def scaled(self, factors: Tensor) -> Self:
        return type(self)(self._left * _column(factors, self._left), self._right)


class SGD:
    """torch.optim.SGD's update (dampening 0) with one set of hyperparameters for each member.

    With gradient g, weights w, weight decay d, momentum m and learning rate r:
    g' = g + d w;  v = m v + g';  w -= r (g' + m v if nesterov else v).

    Args:
        whole: the configurations by which the rule is chosen, once for all steps; empty to choose it by those of the
            members that are left.
    """

    def __init__(
        self, configurations: Sequence[Configuration], device: torch.device, whole: Sequence[Configuration] = ()
    ) -> None:
        self._device = device
        self._whole = whole
        self._take(list(configurations))

    def _take(self, configurations: list[Configuration]) -> None:
        def column(values: list[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float32, device=self._device)

        self._configurations = configurations
        self._momentum = column([c.momentum for c in configurations])
        self._weight_decay = column([c.weight_decay for c in configurations])
        self._negative_rate = column([-c.learning_rate for c in configurations])
        # w -= r (g' * gradient_share + v * momentum_share), whether nesterov or not.
        self._gradient_step = column([-c.learning_rate * c.nesterov for c in configurations])
        self._momentum_step = column([-c.learning_rate * (c.momentum if c.nesterov else 1) for c in configurations])
        # Chosen by what the configurations say: asking a GPU for a tensor's values would wait for all its work.
        deciding = self._whole or configurations
        self._has_decay = any(c.weight_decay for c in deciding)
        self._has_nesterov = any(c.nesterov for c in deciding)
        self._has_momentum = any(c.momentum for c in deciding)

    def keep(self, places: Tensor) -> None:
        """Keep only the members at `places`, int64 [kept]."""
        self._take([self._configurations[place] for place in places.tolist()])

    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        """Take one step on `parameter`; the three rules give the same numbers up to rounding."""
        if self._has_nesterov:
            self._update_nesterov(parameter, gradient)
        elif self._has_momentum:
            self._update_momentum(parameter, gradient)
        else:
            self._update_plain(parameter, gradient)

    def _update_plain(self, parameter: Parameter, gradient: Gradient) -> None:
        value = parameter.value
        if self._has_decay:
            value.mul_(_column(1 + self._negative_rate * self._weight_decay, value))
        gradient.scaled(self._negative_rate).add_to(value)

    def _update_momentum(self, parameter: Parameter, gradient: Gradient) -> None:
        value, buffer = parameter.value, parameter.momentum_buffer
        buffer.mul_(_column(self._momentum, buffer))
        if self._has_decay:
            buffer.addcmul_(value, _column(self._weight_decay, value))
        gradient.add_to(buffer)
        value.addcmul_(buffer, _column(self._negative_rate, value))

    def _update_nesterov(self, parameter: Parameter, gradient: Gradient) -> None:
        value, buffer = parameter.value, parameter.momentum_buffer
        dense = gradient.dense()
        if self._has_decay:
            dense.addcmul_(value, _column(self._weight_decay, value))
        buffer.mul_(_column(self._momentum, buffer)).add_(dense)
        value.addcmul_(dense, _column(self._gradient_step, value))
        value.addcmul_(buffer, _column(self._momentum_step, value))


def _column(factors: Tensor, like: Tensor) -> Tensor:
    """Shape factors [members] so that they broadcast over `like`, [members, ...]."""
    return factors.view(-1, *[1] * (like.dim() - 1))


def widen(product: Tensor) -> Tensor:
    """Give a product of bfloat16 factors as float32; others as they are."""
    return product.float() if product.dtype is torch.bfloat16 else product
