"""A pack of plain networks turned into packed layers, and members turned back into plain networks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from packtune.models.layers.activations import is_activation
from packtune.models.layers.layers import (
    Activate,
    Conv2d,
    Dropout,
    FlattenImages,
    FlattenMaps,
    Linear,
    MaxPool2d,
    PackedLayer,
    SharedLinear,
)
from packtune.models.training.optimizer import SGD, Parameter


class PackedNetwork:
    """Several `torch.nn.Sequential` networks of the same layers, evaluated and trained together.

    Linear layers may differ in width, activations in function and dropouts in rate; all else is the same.

    Args:
        networks: the members' plain networks, their weights the initial ones; left untouched.
        device: where the packed weights live.
        generator: of the dropout masks, on `device`.
        products: the dtype to which the factors of large products are rounded.

    Attributes:
        members: how many there are.
        products: the dtype of the images that `forward` takes.

    Raises:
        ValueError: the networks do not have the same layers, or a layer that packs do not know.
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

    def forward(self, images: Tensor, *, training: bool) -> Tensor:
        """Compute logits: images `products` [batch, 1, height, width] -> float32 [members, outputs, batch]."""
        values = images
        for layer in self._layers:
            values = layer.forward(values, training=training)
        return values

    def backward(self, gradient: Tensor, optimizer: SGD) -> None:
        """Take one optimizer step from the logits' gradient, float32 [members, outputs, batch]."""
        for index in range(len(self._layers) - 1, self._first_weighted - 1, -1):
            below = self._layers[index].backward(gradient, optimizer, needs_input=index > self._first_weighted)
            if below is None:
                return
            gradient = below

    def parameters(self) -> list[Parameter]:
        """List the weights of all layers, from the input on."""
        return [parameter for layer in self._layers for parameter in layer.parameters()]

    def keep(self, places: Tensor) -> None:
        """Keep only the members at `places`, int64 [kept]; the weights of the others are freed."""
        self.members = len(places)
        for layer in self._layers:
            layer.keep(places)

    @torch.no_grad()
    def unpack(self, place: int, network: nn.Sequential) -> nn.Sequential:
        """Write the weights of the member at `place` into its plain network, and give that back."""
        for layer, module in zip(self._layers, network, strict=True):
            layer.unpack(place, module)
        return network


def _pack_layers(
    networks: Sequence[nn.Sequential], device: torch.device, generator: torch.Generator, products: torch.dtype
) -> list[PackedLayer]:
    if len({len(network) for network in networks}) != 1:
        raise ValueError("the networks of a pack must have the same layers")
    layers: list[PackedLayer] = []
    shared, on_maps = True, True
    for modules in zip(*networks, strict=True):
        if len({_kind(module) for module in modules}) > 1:
            raise ValueError(f"the networks of a pack must have the same layers, not {modules}")
        layer = _pack_layer(modules, device, generator, products, shared=shared, on_maps=on_maps)
        layers.append(layer)
        shared = shared and not layer.parameters()
        on_maps = on_maps and not isinstance(layer, FlattenImages | FlattenMaps)
    return _pool_first(layers)


def _pool_first(layers: list[PackedLayer]) -> list[PackedLayer]:
    """Let max-pooling come before activations that keep the order: the same numbers, from smaller maps."""
    layers = list(layers)
    for place, (layer, following) in enumerate(pairwise(layers)):
        if isinstance(layer, Activate) and isinstance(following, MaxPool2d) and layer.keeps_order:
            layers[place : place + 2] = following, layer
    return layers


def _kind(module: nn.Module) -> tuple[object, ...]:
    """Give what the members' modules of one layer must have in common."""
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
        return Activate(modules, on_maps=on_maps)
    match first:
        case nn.Linear():
            return SharedLinear(modules, device, products) if shared else Linear(modules, device, products)
        case nn.Conv2d():
            return Conv2d(modules, device, products, shared_input=shared)
        case nn.MaxPool2d():
            return MaxPool2d(modules)
        case nn.Flatten():
            return FlattenImages() if shared else FlattenMaps(len(modules))
        case nn.Dropout():
            return Dropout(modules, device, generator)
    raise ValueError(f"packs have no layer for {type(first).__name__}")
