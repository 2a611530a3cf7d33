"""What the packed layers with a weight and perhaps a bias have in common."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.optimization.gradient import DenseGradient
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.parameter import Parameter


class WeightedLayer(PackedLayer):
    """A layer with weight float32 [members, out, ...] and bias float32 [members, out], padded to the widest member.

    A layer whose modules have no bias has one of zeros that is not trained.

    Args:
        modules: one plain module of each member, with `weight`, and with `bias` in all of them or in none.
        device: where the packed weights are.
        products: the dtype to which the factors of the layer's products are rounded.
    """

    def __init__(
        self, modules: Sequence[nn.Module], device: torch.device, products: torch.dtype = torch.float32
    ) -> None:
        self.weight = Parameter(stack_tensors([_tensor(m.weight) for m in modules], device))
        self._has_bias = modules[0].bias is not None
        biases = [_tensor(m.bias) if self._has_bias else torch.zeros(len(_tensor(m.weight))) for m in modules]
        self.bias = Parameter(stack_tensors(biases, device))
        self._products = products

    def keep(self, indices: Tensor) -> None:
        self.weight.keep(indices)
        self.bias.keep(indices)

    def unpack(self, index: int, module: nn.Module) -> None:
        write_corner(_tensor(module.weight), self.weight.value[index])
        if self._has_bias:
            write_corner(_tensor(module.bias), self.bias.value[index])

    def parameters(self) -> list[Parameter]:
        return [self.weight, self.bias] if self._has_bias else [self.weight]

    def _update_bias(self, optimizer: Optimizer, gradient: Tensor) -> None:
        """Take the step on the biases, given the gradient of the layer's output: float32 [members, out, batch]."""
        if self._has_bias:
            optimizer.update(self.bias, DenseGradient(gradient.sum(2)))

    def _rounded(self, factor: Tensor) -> Tensor:
        return factor if self._products is torch.float32 else factor.to(self._products)


def stack_tensors(tensors: Sequence[Tensor], device: torch.device) -> Tensor:
    """Stack tensors of one rank to float32 [members, ...]; pad each with zeros to the largest size of every axis."""
    sizes = [max(size) for size in zip(*(tensor.shape for tensor in tensors), strict=True)]
    stacked = torch.zeros(len(tensors), *sizes)
    for index, tensor in enumerate(tensors):
        stacked[index][_corner(tensor)] = tensor.detach()
    return stacked.to(device)


def write_corner(target: Tensor, padded: Tensor) -> None:
    """Copy into `target` what it fills of a padded tensor of the same rank."""
    target.copy_(padded[_corner(target)])


def _corner(tensor: Tensor) -> tuple[slice, ...]:
    """Select what `tensor` fills of a padded tensor."""
    return tuple(slice(size) for size in tensor.shape)


def _tensor(value: Tensor | nn.Module | None) -> Tensor:
    assert isinstance(value, Tensor)
    return value
