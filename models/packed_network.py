"""Packs plain networks into packed layers, and copies members back into plain networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

from packtune.models.layers.activation_layer import PackedActivation
from packtune.models.layers.activations import ACTIVATIONS, is_activation
from packtune.models.layers.conv2d import PackedConv2d
from packtune.models.layers.dropout import PackedDropout
from packtune.models.layers.flatten import PackedFlattenImages, PackedFlattenMaps
from packtune.models.layers.global_pooling import PackedGlobalPooling
from packtune.models.layers.linear import PackedLinear, PackedSharedLinear
from packtune.models.layers.max_pool2d import PackedMaxPool2d
from packtune.models.layers.normalization.batch_norm import PackedBatchNorm
from packtune.models.layers.normalization.layer_norm import PackedLayerNorm
from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.layers.residual import PackedResidual, ResidualBlock
from packtune.models.modules.form import Form
from packtune.models.modules.module_layer import ModuleLayer
from packtune.models.modules.parts import Layout, Part
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.parameter import Parameter

Network = TypeVar("Network", bound=nn.Module)


class PackedNetwork:
    """Several networks with the same layers, evaluated and trained together.

    Members may differ in the width of linear layers, in the number of filters, in the activation function and in the
    dropout rate. All else must be the same.

    Args:
        networks: the members' plain networks with their initial weights; with a layout, they must not be used again.
        layout: how networks become packed layers; none for `torch.nn.Sequential` networks of layers that packs know.
        device: where the packed weights are.
        generator: source of the dropout masks, on `device`.
        products: the dtype to which the factors of large products are rounded.

    Attributes:
        members: the number of members.
        products: the dtype of the inputs that `forward` takes.

    Raises:
        ValueError: the networks do not have the same layers, or one has a layer that packs do not support.
    """

    def __init__(
        self,
        networks: Sequence[nn.Module],
        *,
        device: torch.device,
        generator: torch.Generator | None = None,
        products: torch.dtype = torch.float32,
        layout: Layout | None = None,
    ) -> None:
        self.members = len(networks)
        self.products = products
        self._parts = _known_parts(networks) if layout is None else layout.parts
        self._layers = _pack_layers(
            [_divide(network, self._parts) for network in networks],
            Materials(device=device, generator=generator or torch.Generator(device), products=products),
            layout or Layout(parts=self._parts),
        )
        self._first_weighted = next((i for i, layer in enumerate(self._layers) if layer.parameters()), -1)
        if self._first_weighted < 0:
            raise ValueError("the network has no weight to be trained: all have requires_grad=False, or there is none")

    @property
    def is_recordable(self) -> bool:
        """Tell whether a GPU may record a step and repeat it: the code of the user's modules has to run each time."""
        return all(part.is_known for part in self._parts)

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

    def state(self) -> list[Tensor]:
        """List what the layers keep besides their weights, from the first layer to the last: [members, ...] each."""
        return [tensor for layer in self._layers for tensor in layer.state()]

    @torch.no_grad()
    def unpack(self, index: int, network: Network) -> Network:
        """Write the weights and the state of the member at `index` into its plain network, and return the network."""
        for layer, module in zip(self._layers, _divide(network, self._parts), strict=True):
            layer.unpack(index, module)
        return network


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What packed layers are made of, see `PackedNetwork`."""

    device: torch.device
    generator: torch.Generator
    products: torch.dtype


def _known_parts(networks: Sequence[nn.Module]) -> tuple[Part, ...]:
    """Divide networks of layers that packs know.

    Raises:
        ValueError: one is no `Sequential`, or they have different numbers of layers.
    """
    numbers = {len(network) if isinstance(network, nn.Sequential) else 0 for network in networks}
    if len(numbers) != 1 or 0 in numbers:
        raise ValueError("the networks of a pack must have the same layers: use a pack for each kind of network")
    return tuple(Part(start=i, stop=i + 1, is_known=True) for i in range(numbers.pop()))


def _divide(network: nn.Module, parts: Sequence[Part]) -> list[nn.Module]:
    return [part.of(network) for part in parts]


def _pack_layers(
    divided: Sequence[list[nn.Module]],
    materials: Materials,
    layout: Layout,
    *,
    shared: bool = True,
    on_maps: bool = True,
) -> list[PackedLayer]:
    layers: list[PackedLayer] = []
    for part, modules in zip(layout.parts, zip(*divided, strict=True), strict=True):
        if part.is_known:
            layer = _pack_known(modules, materials, shared=shared, on_maps=on_maps)
        else:
            layer = _pack_module(modules, materials, layout, part)
        layers.append(layer)
        shared = shared and part.is_known and not layer.parameters()
        on_maps = _gives_maps(layer, part, on_maps=on_maps)
    return _pool_first(layers)


def _pack_residual(bodies: Sequence[nn.Sequential], materials: Materials, *, on_maps: bool) -> PackedLayer:
    parts = _known_parts(bodies)
    divided = [_divide(body, parts) for body in bodies]
    return PackedResidual(_pack_layers(divided, materials, Layout(parts=parts), shared=False, on_maps=on_maps))


def _gives_maps(layer: PackedLayer, part: Part, *, on_maps: bool) -> bool:
    """Tell whether an activation after a layer would be on maps."""
    if not part.is_known:
        return part.after is Form.MAPS
    # A table has no flatten layer before its first linear one.
    units = PackedFlattenImages | PackedFlattenMaps | PackedSharedLinear | PackedLinear
    return on_maps and not isinstance(layer, units)


def _pack_module(modules: Sequence[nn.Module], materials: Materials, layout: Layout, part: Part) -> PackedLayer:
    generator = materials.generator if layout.draws else None
    return ModuleLayer(modules, layout.way, (part.before, part.after), materials.device, generator)


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
            return (nn.Conv2d, *_geometry(module), module.bias is None)
        case nn.Linear():
            return (nn.Linear, module.bias is None)
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return (type(module), module.eps, module.momentum)
        case nn.LayerNorm() | nn.GroupNorm():
            return (type(module), module.eps)
        case nn.MaxPool2d():
            return (nn.MaxPool2d, module.kernel_size, module.stride, module.padding)
    return (type(module),)


def _geometry(module: nn.Conv2d) -> tuple[object, ...]:
    return module.kernel_size, module.stride, module.padding, module.dilation, module.groups > 1


def _pack_known(modules: Sequence[nn.Module], materials: Materials, *, shared: bool, on_maps: bool) -> PackedLayer:
    """Pack one layer of each member.

    Raises:
        ValueError: they are of different kinds, or of one that packs do not know.
    """
    if len({_kind(module) for module in modules}) > 1:
        raise ValueError(
            f"the networks of a pack must have the same layers, not {list(modules)}: "
            "use a pack for each kind of network"
        )
    first, device, products = modules[0], materials.device, materials.products
    if is_activation(first):
        return PackedActivation(modules, on_maps=on_maps)
    match first:
        case nn.Linear():
            linear = PackedSharedLinear if shared else PackedLinear
            return linear(modules, device, products)
        case nn.Conv2d() if PackedConv2d.supports(first, shared_input=shared):
            return PackedConv2d(modules, device, products, shared_input=shared)
        case nn.MaxPool2d():
            return PackedMaxPool2d(modules)
        case nn.Flatten():
            return PackedFlattenImages() if shared else PackedFlattenMaps(len(modules))
        case nn.Dropout():
            return PackedDropout(modules, device, materials.generator)
        case nn.BatchNorm1d() | nn.BatchNorm2d() if not shared and all(map(PackedBatchNorm.supports, modules)):
            return PackedBatchNorm(modules, device, on_maps=on_maps)
        case nn.LayerNorm() | nn.GroupNorm() if not shared and PackedLayerNorm.supports(first, on_maps=on_maps):
            return PackedLayerNorm(modules, device, on_maps=on_maps)
        case nn.AdaptiveAvgPool2d(output_size=1) if not shared:
            return PackedGlobalPooling()
        case ResidualBlock() if not shared:
            return _pack_residual([m.body for m in modules if isinstance(m, ResidualBlock)], materials, on_maps=on_maps)
    raise ValueError(
        f"packs do not support the layer {type(first).__name__} there. Allowed: Linear, Conv2d, MaxPool2d, Flatten, "
        "Dropout, BatchNorm1d, BatchNorm2d, LayerNorm of units, GroupNorm of one group on maps, AdaptiveAvgPool2d(1), "
        "ResidualBlock, "
        f"{', '.join(type(entry.module()).__name__ for entry in ACTIVATIONS.values())}"
    )
