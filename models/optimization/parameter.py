"""The weights of all members of a pack, together with what an optimizer keeps for them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class Parameter:
    """One weight of every member, and the optimizer's state of it: tensors of the same shape, by name.

    Attributes:
        value: float32 [members, ...].
    """

    def __init__(self, value: Tensor) -> None:
        self.value = value.contiguous()
        self._states: dict[str, Tensor] = {}
        self._room: Tensor | None = None
        self._room_of_members: tuple[Tensor, ...] = ()

    @property
    def room(self) -> Tensor:
        """A tensor like the value, for the gradient of each step: a new one would need fresh memory in every step."""
        if self._room is None or self._room.shape != self.value.shape:
            self._room = torch.empty_like(self.value, memory_format=torch.contiguous_format)
            self._room_of_members = self._room.unbind()
        return self._room

    @property
    def room_of_members(self) -> tuple[Tensor, ...]:
        """The part of `room` of each member: to divide a tensor anew takes longer than a small member's step."""
        _ = self.room  # which divides itself when it is made
        return self._room_of_members

    def state(self, name: str) -> Tensor:
        """Give a tensor of the optimizer's state, float32 [members, ...]. It is zero when it is first asked for."""
        if name not in self._states:
            self._states[name] = torch.zeros_like(self.value)
        return self._states[name]

    @property
    def states(self) -> Mapping[str, Tensor]:
        """The tensors of the optimizer's state that a step has needed so far, by name."""
        return self._states

    def load(self, value: Tensor, states: Mapping[str, Tensor]) -> None:
        """Copy the values and the optimizer's state from tensors of the same shape.

        Raises:
            ValueError: a tensor has another shape.
        """
        for tensor in (value, *states.values()):
            if tensor.shape != self.value.shape:
                raise ValueError(
                    f"the saved weights have the shape {list(tensor.shape)}, but these members need "
                    f"{list(self.value.shape)}: load the state of the same members"
                )
        self.value.copy_(value)
        self._states = {}
        for name, tensor in states.items():
            self.state(name).copy_(tensor)

    def keep(self, indices: Tensor) -> None:
        """Keep only the members at `indices`, int64 [kept]."""
        self.value = self.value.index_select(0, indices)
        self._states = {name: tensor.index_select(0, indices) for name, tensor in self._states.items()}
