"""The weights of all members of a pack, together with their momentum buffer."""

from __future__ import annotations

import torch
from torch import Tensor


class Parameter:
    """One weight of every member, and the momentum buffer of the same shape.

    Attributes:
        value: float32 [members, ...].
    """

    def __init__(self, value: Tensor) -> None:
        self.value = value
        self._momentum_buffer: Tensor | None = None

    @property
    def momentum_buffer(self) -> Tensor:
        """The running sum of gradients, float32 [members, ...]. It is zero before the first step."""
        if self._momentum_buffer is None:
            self._momentum_buffer = torch.zeros_like(self.value)
        return self._momentum_buffer

    @property
    def momentum(self) -> Tensor | None:
        """The momentum buffer, or None if no step has needed one yet."""
        return self._momentum_buffer

    def load(self, value: Tensor, momentum: Tensor | None) -> None:
        """Copy the values and the momentum buffer from tensors of the same shape.

        Raises:
            ValueError: a tensor has another shape.
        """
        for tensor in (value, momentum):
            if tensor is not None and tensor.shape != self.value.shape:
                raise ValueError(
                    f"the saved weights have the shape {list(tensor.shape)}, but these members need "
                    f"{list(self.value.shape)}: load the state of the same members"
                )
        self.value.copy_(value)
        self._momentum_buffer = None
        if momentum is not None:
            self.momentum_buffer.copy_(momentum)

    def keep(self, indices: Tensor) -> None:
        """Keep only the members at `indices`, int64 [kept]."""
        self.value = self.value.index_select(0, indices)
        if self._momentum_buffer is not None:
            self._momentum_buffer = self._momentum_buffer.index_select(0, indices)
