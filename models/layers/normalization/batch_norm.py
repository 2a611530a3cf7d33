"""The packed batch normalization layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from packtune.models.layers.weighted import WeightedLayer, stack_tensors, write_corner
from packtune.models.optimization.gradient import DenseGradient
from packtune.models.optimization.optimizer import Optimizer

aten = torch.ops.aten
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d


class PackedBatchNorm(WeightedLayer):
    """Batch normalization, on maps or on units, as `torch.nn.BatchNorm1d` and `torch.nn.BatchNorm2d`.

    See "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift" (Ioffe and
    Szegedy 2015). Every unit, or every channel, of every member has means of its own, so members are like further
    channels. In training, values are normalized by the mini-batch, and the running mean and variance follow.
    Evaluation uses those. A mini-batch with one value of each unit has no variance: it leaves the running ones alone.

    Args:
        modules: one batch normalization of each member, with weight, bias and running statistics; the same epsilon and
            momentum.
        device: where the weights and statistics are.
        on_maps: whether the values are maps; otherwise they are units.
    """

    def __init__(self, modules: Sequence[nn.Module], device: torch.device, *, on_maps: bool) -> None:
        super().__init__(modules, device)
        first = modules[0]
        assert isinstance(first, BatchNorm)
        assert first.momentum is not None
        self._epsilon, self._momentum, self._on_maps = first.eps, first.momentum, on_maps
        self._mean = stack_tensors([_buffers(module)[0] for module in modules], device)
        self._variance = stack_tensors([_buffers(module)[1] for module in modules], device)
        self._steps = torch.stack([_buffers(module)[2] for module in modules]).to(device)

    @staticmethod
    def supports(module: nn.Module) -> bool:
        """Tell whether this layer computes what `module` does."""
        return (
            isinstance(module, BatchNorm)
            and module.affine
            and module.running_mean is not None
            and bool(module.momentum)
        )

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        channels = self._as_channels(values)
        weight, bias = self.weight.value.view(-1), self.bias.value.view(-1)
        mean, variance = self._mean.view(-1), self._variance.view(-1)
        if not training:
            normal: Tensor
            normal, *_ = aten.native_batch_norm(channels, weight, bias, mean, variance, False, 0.0, self._epsilon)
            return normal.view(values.shape)
        has_variance = channels.numel() > channels.shape[1]
        running = (mean, variance) if has_variance else (None, None)
        normal, *self._saved = aten.native_batch_norm(
            channels, weight, bias, *running, True, self._momentum, self._epsilon
        )
        self._steps.add_(1)
        self._input = channels
        return normal.view(values.shape)

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        below, weights, biases = aten.native_batch_norm_backward(
            self._as_channels(gradient),
            self._input,
            self.weight.value.view(-1),
            None,
            None,
            *self._saved,
            True,
            self._epsilon,
            [needs_input, True, True],
        )
        optimizer.update(self.weight, DenseGradient(weights.view_as(self.weight.value)))
        optimizer.update(self.bias, DenseGradient(biases.view_as(self.bias.value)))
        return below.view(gradient.shape) if needs_input else None

    def keep(self, indices: Tensor) -> None:
        super().keep(indices)
        self._mean, self._variance, self._steps = (buffer.index_select(0, indices) for buffer in self.state())

    def unpack(self, index: int, module: nn.Module) -> None:
        super().unpack(index, module)
        for target, source in zip(_buffers(module), self.state(), strict=True):
            write_corner(target, source[index])

    def state(self) -> list[Tensor]:
        return [self._mean, self._variance, self._steps]

    def _as_channels(self, values: Tensor) -> Tensor:
        """Give [n, members * channels, ...] of maps as they are, and [1, members * units, batch] of units."""
        return values if self._on_maps else values.reshape(1, -1, values.shape[2])


def _buffers(module: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """Give the running mean, the running variance, and the number of steps that they have followed."""
    assert isinstance(module, BatchNorm)
    buffers = (module.running_mean, module.running_var, module.num_batches_tracked)
    assert all(buffer is not None for buffer in buffers)
    return buffers  # type: ignore[return-value]  # no None is left, as the line above says
