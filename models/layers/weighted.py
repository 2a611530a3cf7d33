"""What the packed layers with a weight and a bias have in common."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.optimization.parameter import Parameter


class WeightedLayer(PackedLayer):
    """A layer with weight float32 [members, out, ...] and bias float32 [members, out], padded to the widest member.

    Args:
        modules: one plain module of each member, with `weight` and `bias`.
        device: where the packed weights are.
        products: the dtype to which the factors of the layer's products are rounded.
    """

    def __init__(
        self, modules: Sequence[nn.Module], device: torch.device, products: torch.dtype = torch.float32
    ) -> None:
        self.weight = Parameter(_stack([_tensor(m.weight) for m in modules], device))
        self.bias = Parameter(_stack([_tensor(m.bias) for m in modules], device))
        self._products = products

    def keep(self, indices: Tensor) -> None:
        self.weight.keep(indices)
        self.bias.keep(indices)

    def unpack(self, index: int, module: nn.Module) -> None:
        for target, source in ((module.weight, self.weight), (module.bias, self.bias)):
            target = _tensor(target)
            target.copy_(source.value[index][_corner(target)])

    def parameters(self) -> list[Parameter]:
        return [self.weight, self.bias]

    def _rounded(self, factor: Tensor) -> Tensor:
        return factor if self._products is torch.float32 else factor.to(self._products)


def _stack(tensors: Sequence[Tensor], device: torch.device) -> Tensor:
    """Stack tensors of one rank to float32 [members, ...]; pad each with zeros to the largest size of every axis."""
    sizes = [max(size) for size in zip(*(tensor.shape for tensor in tensors), strict=True)]
    stacked = torch.zeros(len(tensors), *sizes)
    for index, tensor in enumerate(tensors):
        stacked[index][_corner(tensor)] = tensor.detach()
    return stacked.to(device)


def _corner(tensor: Tensor) -> tuple[slice, ...]:
    """Select what `tensor` fills of a padded tensor."""
    return tuple(slice(size) for size in tensor.shape)


def _tensor(value: Tensor | nn.Module | None) -> Tensor:
    assert isinstance(value, Tensor)
    return value
