"""Packs plain networks into packed layers, and copies members back into plain networks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from packtune.models.layers.activation_layer import PackedActivation
from packtune.models.layers.activations import ACTIVATIONS, is_activation
from packtune.models.layers.conv2d import PackedConv2d
from packtune.models.layers.dropout import PackedDropout
from packtune.models.layers.flatten import PackedFlattenImages, PackedFlattenMaps
from packtune.models.layers.linear import PackedLinear, PackedSharedLinear
from packtune.models.layers.max_pool2d import PackedMaxPool2d
from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.parameter import Parameter


class PackedNetwork:
    """Several `torch.nn.Sequential` networks with the same layers, evaluated and trained together.

    Members may differ in the width of linear layers, in the number of filters, in the activation function and in the
    dropout rate. All else must be the same.

    Args:
        networks: the members' plain networks with their initial weights; they are not changed.
        device: where the packed weights are.
        generator: source of the dropout masks, on `device`.
        products: the dtype to which the factors of large products are rounded.

    Attributes:
        members: the number of members.
        products: the dtype of the images that `forward` takes.

    Raises:
        ValueError: the networks do not have the same layers, or one has a layer that packs do not support.
    """

    def __init__(
        self,
        networks: Sequence[nn.Sequential],
        *,
        device: torch.device,
        generator: torch.Generator | None = None,
        products: torch.dtype = torch.float32,
    ) -> None:
        self.members = len(networks)
        self.products = products
        self._layers = _pack_layers(networks, device, generator or torch.Generator(device), products)
        self._first_weighted = next(i for i, layer in enumerate(self._layers) if layer.parameters())

    def forward(self, inputs: Tensor, *, training: bool) -> Tensor:
        """Compute logits: inputs `products` [batch, *input_shape] -> float32 [members, outputs, batch]."""
        values = inputs
        for layer in self._layers:
            values = layer.forward(values, training=training)
        return values

    def backward(self, gradient: Tensor, optimizer: Optimizer) -> None:
        """Take one optimizer step, given the gradient of the logits, float32 [members, outputs, batch]."""
        for index in range(len(self._layers) - 1, self._first_weighted - 1, -1):
            below = self._layers[index].backward(gradient, optimizer, needs_input=index > self._first_weighted)
            if below is None:
                return
            gradient = below

    def parameters(self) -> list[Parameter]:
        """List the weights of all layers, from the first layer to the last."""
        return [parameter for layer in self._layers for parameter in layer.parameters()]

    def keep(self, indices: Tensor) -> None:
        """Keep only the members at `indices`, int64 [kept]; free the memory of the others."""
        self.members = len(indices)
        for layer in self._layers:
            layer.keep(indices)

    @torch.no_grad()
    def unpack(self, index: int, network: nn.Sequential) -> nn.Sequential:
        """Write the weights of the member at `index` into its plain network, and return the network."""
        for layer, module in zip(self._layers, network, strict=True):
            layer.unpack(index, module)
        return network


def _pack_layers(
    networks: Sequence[nn.Sequential], device: torch.device, generator: torch.Generator, products: torch.dtype
) -> list[PackedLayer]:
    if len({len(network) for network in networks}) != 1:
        raise ValueError("the networks of a pack must have the same layers: use a pack for each kind of network")
    layers: list[PackedLayer] = []
    shared, on_maps = True, True
    for modules in zip(*networks, strict=True):
        if len({_kind(module) for module in modules}) > 1:
            raise ValueError(
                f"the networks of a pack must have the same layers, not {list(modules)}: "
                "use a pack for each kind of network"
            )
        layer = _pack_layer(modules, device, generator, products, shared=shared, on_maps=on_maps)
        layers.append(layer)
        shared = shared and not layer.parameters()
        on_maps = on_maps and not isinstance(layer, PackedFlattenImages | PackedFlattenMaps)
    return _pool_first(layers)


def _pool_first(layers: list[PackedLayer]) -> list[PackedLayer]:
    """Move max-pooling before the activation where that gives the same bytes: the activation then has smaller maps."""
    layers = list(layers)
    for index, (layer, next_layer) in enumerate(pairwise(layers)):
        is_before_pooling = isinstance(next_layer, PackedMaxPool2d)
        if is_before_pooling and isinstance(layer, PackedActivation) and layer.commutes_with_max_pooling:
            layers[index : index + 2] = next_layer, layer
    return layers


def _kind(module: nn.Module) -> tuple[object, ...]:
    """Describe what the modules of one layer must have in common."""
    if is_activation(module):
        return ("activation",)
    match module:
        case nn.Conv2d():
            return (nn.Conv2d, module.kernel_size, module.stride, module.padding, module.dilation)
        case nn.MaxPool2d():
            return (nn.MaxPool2d, module.kernel_size, module.stride, module.padding)
    return (type(module),)


def _pack_layer(
    modules: Sequence[nn.Module],
    device: torch.device,
    generator: torch.Generator,
    products: torch.dtype,
    *,
    shared: bool,
    on_maps: bool,
) -> PackedLayer:
    first = modules[0]
    if is_activation(first):
        return PackedActivation(modules, on_maps=on_maps)
    match first:
        case nn.Linear():
            linear = PackedSharedLinear if shared else PackedLinear
            return linear(modules, device, products)
        case nn.Conv2d():
            return PackedConv2d(modules, device, products, shared_input=shared)
        case nn.MaxPool2d():
            return PackedMaxPool2d(modules)
        case nn.Flatten():
            return PackedFlattenImages() if shared else PackedFlattenMaps(len(modules))
        case nn.Dropout():
            return PackedDropout(modules, device, generator)
    raise ValueError(
        f"packs do not support the layer {type(first).__name__}. Allowed: Linear, Conv2d, MaxPool2d, Flatten, Dropout, "
        f"{', '.join(type(entry.module()).__name__ for entry in ACTIVATIONS.values())}"
    )
