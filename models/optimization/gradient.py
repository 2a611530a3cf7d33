"""Gradients of a parameter: as a tensor, or as the two factors of a matrix product that is not computed yet.

With its factors, a product can be added to a tensor by one library call, without a tensor for the product itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import torch
from torch import Tensor


class Gradient(ABC):
    """The gradient of a `Parameter`."""

    @abstractmethod
    def dense(self, room: Tensor | None = None) -> Tensor:
        """Compute the gradient: float32, in the parameter's shape. The caller may overwrite it.

        Args:
            room: a contiguous tensor of that shape and dtype, where the result is put if it is not a tensor yet.
        """

    @abstractmethod
    def of_member(self, index: int, room: Tensor) -> Tensor:
        """Compute the gradient of one member: contiguous float32, in the shape of its part of the parameter.

        Args:
            room: a contiguous tensor of that shape, where the result is put if it is not a contiguous tensor yet.
        """

    @abstractmethod
    def add_to(self, target: Tensor) -> None:
        """Add the gradient to `target` in place; `target` has the parameter's shape."""

    @abstractmethod
    def scaled(self, factors: Tensor) -> Self:
        """Multiply the gradient of each member by its factor, float32 [members]; a tensor is overwritten."""


class DenseGradient(Gradient):
    """A gradient that is a tensor already, float32 [members, ...]."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def dense(self, room: Tensor | None = None) -> Tensor:
        return self._tensor

    def of_member(self, index: int, room: Tensor) -> Tensor:
        part = self._tensor[index]
        return part if part.is_contiguous() else room.copy_(part)

    def add_to(self, target: Tensor) -> None:
        target.add_(self._tensor)

    def scaled(self, factors: Tensor) -> Self:
        return type(self)(self._tensor.mul_(per_member(factors, self._tensor)))


class WideProduct(Gradient):
    """The product of left [members, out, batch] and a right factor that all members share, [batch, in].

    The gradient is float32 [members, out, in]. The left factor is float32; it is rounded to the dtype of the right
    factor before the two are multiplied.
    """

    def __init__(self, left: Tensor, right: Tensor) -> None:
        self._left, self._right = left, right

    def dense(self, room: Tensor | None = None) -> Tensor:
        left = self._left.flatten(0, 1).to(self._right.dtype)
        if room is not None and self._right.dtype is room.dtype:
            torch.mm(left, self._right, out=room.view(len(left), -1))
            return room
        dense: Tensor = widen(torch.mm(left, self._right)).unflatten(0, self._left.shape[:2])
        return dense

    def of_member(self, index: int, room: Tensor) -> Tensor:
        return _product(self._left[index], self._right, room)

    def add_to(self, target: Tensor) -> None:
        if self._right.dtype is self._left.dtype:
            target.view(-1, target.shape[-1]).addmm_(self._left.view(-1, self._left.shape[-1]), self._right)
        else:
            target.add_(self.dense())

    def scaled(self, factors: Tensor) -> Self:
        return type(self)(self._left * per_member(factors, self._left), self._right)


class BatchedProduct(Gradient):
    """The product of left [members, out, batch] and right [members, batch, in], member by member.

    The gradient is float32 [members, out, in]. The left factor is float32; it is rounded to the dtype of the right
    factor before the two are multiplied.
    """

    def __init__(self, left: Tensor, right: Tensor) -> None:
        self._left, self._right = left, right

    def dense(self, room: Tensor | None = None) -> Tensor:
        left = self._left.to(self._right.dtype)
        if room is not None and self._right.dtype is room.dtype:
            return torch.bmm(left, self._right, out=room)
        return widen(torch.bmm(left, self._right))

    def of_member(self, index: int, room: Tensor) -> Tensor:
        return _product(self._left[index], self._right[index], room)

    def add_to(self, target: Tensor) -> None:
        if self._right.dtype is self._left.dtype:
            target.baddbmm_(self._left, self._right)
        else:
            target.add_(self.dense())

    def scaled(self, factors: Tensor) -> Self:
        return type(self)(self._left * per_member(factors, self._left), self._right)


def per_member(factors: Tensor, like: Tensor) -> Tensor:
    """Reshape factors [members] so that they broadcast over `like`, [members, ...]."""
    return factors.view(-1, *[1] * (like.dim() - 1))


def widen(product: Tensor) -> Tensor:
    """Convert bfloat16 to float32; leave any other dtype as it is."""
    return product.float() if product.dtype is torch.bfloat16 else product


def _product(left: Tensor, right: Tensor, room: Tensor) -> Tensor:
    """Multiply two matrices, the left one rounded to the dtype of the right one; the result is float32."""
    if left.dtype is right.dtype:
        return torch.mm(left, right, out=room)
    return widen(torch.mm(left.to(right.dtype), right))
