"""Packed layers: one plain PyTorch layer of every member of a pack, with hand-written gradients.

Between layers the values of a pack have one of four shapes:

* images, shared by all members: products [batch, 1, height, width]
* features, shared by all members: products [batch, features]
* maps: products [batch, members * channels, rows, columns], members outermost in the channels
* units: float32 [members, units, batch]

where products is the dtype in which large products are computed, float32 unless asked otherwise (see
`packtune.models.hardware.precision`). Weights, biases and their gradients are float32.

Units come before the batch so that each member's values lie together and every matrix product runs on
contiguous memory. Members may differ in their number of units: the smaller ones are padded with units whose
weights are zero. Those stay exactly zero, since every activation maps 0 to 0 and no gradient reaches them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from packtune.models.layers.activations import Activation, activation_of
from packtune.models.layers.convolution import Geometry, choose_convolution
from packtune.models.training.optimizer import SGD, BatchedProduct, DenseGradient, Parameter, WideProduct, widen

aten = torch.ops.aten
MIN_ROUNDED = 64  # the smaller side of a weight matrix whose products gain from rounded factors


def padded_units(units: int) -> int:
    """Round up to a power of two: members that share a pack differ in width within this."""
    return 1 << (units - 1).bit_length()


class PackedLayer(ABC):
    """A layer of all members at once.

    Lifecycle: made from one plain module a member; then any number of `forward` calls. After a `forward` with
    `training`, one `backward` gives the gradient of the layer's input and updates the layer's own weights.
    Between steps `keep` takes members out, and `unpack` writes a member's weights into a plain module.
    """

    @abstractmethod
    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        """Compute the layer's output; with `training`, remember what `backward` needs."""

    @abstractmethod
    def backward(self, gradient: Tensor, optimizer: SGD, *, needs_input: bool) -> Tensor | None:
        """Update the weights and give the gradient of the input (None unless `needs_input`)."""

    def keep(self, places: Tensor) -> None:  # noqa: B027 - most layers without weights have nothing to do
        """Keep only the members at `places`, int64 [kept]."""

    def unpack(self, place: int, module: nn.Module) -> None:  # noqa: B027
        """Write the weights of the member at `place` into `module`."""

    def parameters(self) -> list[Parameter]:
        """List the layer's weights."""
        return []


class _Weighted(PackedLayer):
    """A layer with weight [members, out, ...] and bias [members, out], padded to the widest member.

    Args:
        products: the dtype to which the factors of its products are rounded.
    """

    def __init__(
        self, modules: Sequence[nn.Module], device: torch.device, products: torch.dtype = torch.float32
    ) -> None:
        self.weight = Parameter(_stack([_tensor(m.weight) for m in modules], device))
        self.bias = Parameter(_stack([_tensor(m.bias) for m in modules], device))
        self._products = products

    def keep(self, places: Tensor) -> None:
        self.weight.keep(places)
        self.bias.keep(places)

    def unpack(self, place: int, module: nn.Module) -> None:
        for target, source in ((module.weight, self.weight), (module.bias, self.bias)):
            target = _tensor(target)
            target.copy_(source.value[place][tuple(slice(size) for size in target.shape)])

    def parameters(self) -> list[Parameter]:
        return [self.weight, self.bias]

    def _rounded(self, factor: Tensor) -> Tensor:
        return factor if self._products is torch.float32 else factor.to(self._products)


class SharedLinear(_Weighted):
    """Linear layer on features that all members share: [batch, in] -> [members, out, batch].

    One wide product serves all members, which is what makes packs of small networks fast.
    """

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        self._input = values
        members, out, fan_in = self.weight.value.shape
        weight, bias = self.weight.value.view(-1, fan_in), self.bias.value.view(-1, 1)
        if self._products is torch.float32:
            wide = torch.addmm(bias, weight, values.t())
        else:
            wide = torch.mm(self._rounded(weight), values.t()).float().add_(bias)
        return wide.view(members, out, -1)

    def backward(self, gradient: Tensor, optimizer: SGD, *, needs_input: bool) -> Tensor | None:
        optimizer.update(self.weight, WideProduct(gradient, self._input))
        optimizer.update(self.bias, DenseGradient(gradient.sum(2)))
        return None


class Linear(_Weighted):
    """Linear layer on each member's own units: [members, in, batch] -> [members, out, batch].

    Small products, such as those of an output layer, gain nothing from rounded factors, and stay float32.
    """

    def __init__(
        self, modules: Sequence[nn.Module], device: torch.device, products: torch.dtype = torch.float32
    ) -> None:
        super().__init__(modules, device, products)
        # Powers of two: whether a member is rounded does not depend on the neighbours that it is padded to.
        if any(padded_units(size) < MIN_ROUNDED for size in self.weight.value.shape[1:]):
            self._products = torch.float32

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        self._input = self._rounded(values)
        bias = self.bias.value.unsqueeze(2)
        if self._products is torch.float32:
            return torch.baddbmm(bias, self.weight.value, values)
        return torch.bmm(self._rounded(self.weight.value), self._input).float().add_(bias)

    def backward(self, gradient: Tensor, optimizer: SGD, *, needs_input: bool) -> Tensor | None:
        weight = self._rounded(self.weight.value).transpose(1, 2)
        below = widen(torch.bmm(weight, self._rounded(gradient))) if needs_input else None
        optimizer.update(self.weight, BatchedProduct(gradient, self._input.transpose(1, 2)))
        optimizer.update(self.bias, DenseGradient(gradient.sum(2)))
        return below


class Conv2d(_Weighted):
    """Convolution: images or maps -> maps.

    On images, all members' filters are one convolution; on maps, each member's are one group. Everything is kept
    in PyTorch's channels-last memory format: the same numbers, and on a processor 2.4 times the speed of the
    reference notebook's layers (batch 32, float32, one core with AVX2), most of it won in max-pooling.
    """

    def __init__(
        self,
        modules: Sequence[nn.Module],
        device: torch.device,
        products: torch.dtype = torch.float32,
        *,
        shared_input: bool,
    ) -> None:
        super().__init__(modules, device, products)
        first = modules[0]
        assert isinstance(first, nn.Conv2d)
        assert not isinstance(first.padding, str)
        self._geometry = Geometry(
            stride=_pair(first.stride),
            padding=_pair(first.padding),
            dilation=_pair(first.dilation),
            shared_input=shared_input,
        )
        self._convolution = choose_convolution(device, len(modules))

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        weight, bias = self._rounded(self.weight.value), self._rounded(self.bias.value)
        maps, saved = self._convolution.forward(self._geometry, values, weight, bias)
        if training:
            self._saved, self._shape = saved, values.shape
        return maps

    def backward(self, gradient: Tensor, optimizer: SGD, *, needs_input: bool) -> Tensor | None:
        below, weights, biases = self._convolution.backward(
            self._geometry,
            gradient,
            self._saved,
            self._shape,
            self._rounded(self.weight.value),
            below=needs_input,
        )
        optimizer.update(self.weight, DenseGradient(widen(weights)))
        optimizer.update(self.bias, DenseGradient(widen(biases)))
        return below

    def keep(self, places: Tensor) -> None:
        super().keep(places)
        self._convolution = choose_convolution(places.device, len(places))


class MaxPool2d(PackedLayer):
    """Max-pooling of maps."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        first = modules[0]
        assert isinstance(first, nn.MaxPool2d)
        self._window, self._stride, self._padding = first.kernel_size, first.stride, first.padding

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        pooled, indices = functional.max_pool2d(values, self._window, self._stride, self._padding, return_indices=True)
        if training:
            self._input, self._indices = values, indices
        return pooled

    def backward(self, gradient: Tensor, optimizer: SGD, *, needs_input: bool) -> Tensor | None:
        window, stride, padding = _pair(self._window), _pair(self._stride), _pair(self._padding)
        return aten.max_pool2d_with_indices_backward(
            gradient, self._input, window, stride, padding, [1, 1], False, self._indices
        )


class FlattenImages(PackedLayer):
    """Images -> features, both shared by all members."""

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        return values.flatten(1)

    def backward(self, gradient: Tensor, optimizer: SGD, *, needs_input: bool) -> Tensor | None:
        return None


class FlattenMaps(PackedLayer):
    """Maps -> units, in the order of torch.nn.Flatten within each member."""

    def __init__(self, members: int) -> None:
        self._members = members

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        self._shape, self._dtype = values.shape, values.dtype
        return widen(values.reshape(len(values), self._members, -1).permute(1, 2, 0)).contiguous()

    def backward(self, gradient: Tensor, optimizer: SGD, *, needs_input: bool) -> Tensor | None:
        maps = gradient.to(self._dtype).permute(2, 0, 1).reshape(self._shape)
        return maps.contiguous(memory_format=torch.channels_last)

    def keep(self, places: Tensor) -> None:
        self._members = len(places)


class Activate(PackedLayer):
    """Each member's activation, on maps or on units; neighbours with the same one share a call."""

    def __init__(self, modules: Sequence[nn.Module], *, on_maps: bool) -> None:
        self._activations = [activation_of(module) for module in modules]
        self._on_maps = on_maps
        self._runs = _runs(self._activations)

    @property
    def keeps_order(self) -> bool:
        """Tell whether max-pooling may come before this layer as well as after it."""
        return all(activation.keeps_order for activation in self._activations)

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        self._input = values
        if len(self._runs) == 1:
            self._output = self._runs[0][0].forward(values)
        else:
            self._output = torch.empty_like(values)
            for activation, members in self._runs:
                self._select(self._output, members).copy_(activation.forward(self._select(values, members)))
        return self._output

    def backward(self, gradient: Tensor, optimizer: SGD, *, needs_input: bool) -> Tensor | None:
        if not needs_input:
            return None
        if len(self._runs) == 1:
            return self._runs[0][0].backward(gradient, self._input, self._output)
        below = torch.empty_like(gradient)
        for activation, members in self._runs:
            parts = (self._select(tensor, members) for tensor in (gradient, self._input, self._output))
            self._select(below, members).copy_(activation.backward(*parts))
        return below

    def keep(self, places: Tensor) -> None:
        self._activations = [self._activations[place] for place in places.tolist()]
        self._runs = _runs(self._activations)

    def _select(self, values: Tensor, members: slice) -> Tensor:
        if not self._on_maps:
            return values[members]
        channels = values.shape[1] // len(self._activations)
        return values[:, members.start * channels : members.stop * channels]


class Dropout(PackedLayer):
    """Each member's dropout on units; inverted, so that nothing is scaled outside training.

    All members compare the same uniform draws with their own rates (common random numbers). The draws cover a
    power of two of units: what a member sees does not depend on its neighbours, if these lie between the same
    powers of two.
    """

    def __init__(self, modules: Sequence[nn.Module], device: torch.device, generator: torch.Generator) -> None:
        rates = [_rate(module) for module in modules]
        self._rates = torch.tensor(rates, device=device).view(-1, 1, 1)
        self._drops = [rate > 0 for rate in rates]
        self._active = any(self._drops)
        self._generator = generator

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        if not (training and self._active):
            return values
        units, batch = values.shape[1:]
        drawn = torch.rand(padded_units(units), batch, generator=self._generator, device=values.device)
        self._mask = (drawn[:units] >= self._rates).to(values.dtype).mul_(1 / (1 - self._rates))
        return values * self._mask

    def backward(self, gradient: Tensor, optimizer: SGD, *, needs_input: bool) -> Tensor | None:
        return gradient * self._mask if self._active else gradient

    def keep(self, places: Tensor) -> None:
        self._rates = self._rates.index_select(0, places)
        self._drops = [self._drops[place] for place in places.tolist()]
        self._active = any(self._drops)


def _stack(tensors: Sequence[Tensor], device: torch.device) -> Tensor:
    """Stack tensors of one rank to float32 [members, ...], each padded with zeros to the largest sizes."""
    sizes = [max(size) for size in zip(*(tensor.shape for tensor in tensors), strict=True)]
    stacked = torch.zeros(len(tensors), *sizes)
    for place, tensor in enumerate(tensors):
        stacked[place][tuple(slice(size) for size in tensor.shape)] = tensor.detach()
    return stacked.to(device)


def _tensor(value: Tensor | nn.Module | None) -> Tensor:
    assert isinstance(value, Tensor)
    return value


def _rate(module: nn.Module) -> float:
    assert isinstance(module, nn.Dropout)
    return module.p


def _runs(activations: Sequence[Activation]) -> list[tuple[Activation, slice]]:
    """Group neighbouring members with the same activation."""
    runs: list[tuple[Activation, slice]] = []
    for place, activation in enumerate(activations):
        if runs and runs[-1][0] is activation:
            runs[-1] = (activation, slice(runs[-1][1].start, place + 1))
        else:
            runs.append((activation, slice(place, place + 1)))
    return runs


def _pair(value: int | tuple[int, ...]) -> tuple[int, int]:
    rows, columns = (value, value) if isinstance(value, int) else value
    return rows, columns
