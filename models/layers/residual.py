"""The residual block: as a plain PyTorch module, and packed."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.parameter import Parameter


class ResidualBlock(nn.Module):
    """Adds the input of some layers to their output: x + body(x).

    See "Deep Residual Learning for Image Recognition" (He et al. 2016).

    Args:
        layers: of the body. Its output has the shape of its input.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, values: Tensor) -> Tensor:
        """Compute values float32 [n, units] -> float32 [n, units]."""
        result: Tensor = values + self.body(values)
        return result


class PackedResidual(PackedLayer):
    """The residual block of each member, on units or on maps.

    Args:
        layers: the packed layers of the members' bodies, one or more. Their output has the shape of their input.
    """

    def __init__(self, layers: Sequence[PackedLayer]) -> None:
        self._layers = list(layers)

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        result = values
        for layer in self._layers:
            result = layer.forward(result, training=training)
        return values + result

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        below: Tensor | None = gradient
        for layer in reversed(self._layers):
            assert below is not None
            below = layer.backward(below, optimizer, needs_input=True)
        return None if below is None else gradient + below

    def keep(self, indices: Tensor) -> None:
        for layer in self._layers:
            layer.keep(indices)

    def unpack(self, index: int, module: nn.Module) -> None:
        assert isinstance(module, ResidualBlock)
        for layer, plain in zip(self._layers, module.body, strict=True):
            layer.unpack(index, plain)

    def parameters(self) -> list[Parameter]:
        return [parameter for layer in self._layers for parameter in layer.parameters()]

    def state(self) -> list[Tensor]:
        return [tensor for layer in self._layers for tensor in layer.state()]
