"""The tensors of the modules of all members, stacked: those that are trained, and those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from packtune.models.optimization.parameter import Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """The tensors of the members' modules by their names in a module, [members, ...] each.

    Attributes:
        trained: float32.
        state: buffers, and parameters that require no gradient; of any dtype.
        device: where they are.
    """

    trained: dict[str, Parameter]
    state: dict[str, Tensor]
    device: torch.device

    def keep(self, indices: Tensor) -> None:
        """Keep only the members at `indices`, int64 [kept]."""
        for parameter in self.trained.values():
            parameter.keep(indices)
        self.state.update({name: tensor.index_select(0, indices) for name, tensor in self.state.items()})

    def tensors_of(self, index: int) -> dict[str, Tensor]:
        """Give the tensors of one member by name, as views."""
        trained = {name: parameter.value[index] for name, parameter in self.trained.items()}
        return {**trained, **{name: tensor[index] for name, tensor in self.state.items()}}


def stack(modules: Sequence[nn.Module], device: torch.device) -> Stacked:
    """Stack the tensors of one module of each member. A tensor that a module has under two names is stacked once.

    Raises:
        ValueError: the modules have other tensors, or one is trained that is not float32.
    """
    named = [tensors_of(module) for module in modules]
    first = named[0]
    if any(_outline(tensors) != _outline(first) for tensors in named):
        raise ValueError("the networks of a pack must have weights of the same names and shapes: use a pack for each")
    check_types(first)
    stacks = {name: torch.stack([tensors[name].detach() for tensors in named]).to(device) for name in first}
    return Stacked(
        trained={name: Parameter(stacks[name]) for name in first if first[name].requires_grad},
        state={name: stacks[name] for name in first if not first[name].requires_grad},
        device=device,
    )


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """Give the parameters and buffers of a module by name, each tensor once."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _outline(tensors: dict[str, Tensor]) -> list[tuple[object, ...]]:
    return [(name, tensor.shape, tensor.dtype, tensor.requires_grad) for name, tensor in tensors.items()]


def check_types(tensors: dict[str, Tensor]) -> None:
    """Make sure that all that is trained is float32.

    Raises:
        ValueError: a tensor is of another type.
    """
    for name, tensor in tensors.items():
        if tensor.requires_grad and tensor.dtype is not torch.float32:
            raise ValueError(
                f"the weight {name} is {str(tensor.dtype).removeprefix('torch.')}, and packs train float32: make it "
                "float32, or give it requires_grad=False"
            )
