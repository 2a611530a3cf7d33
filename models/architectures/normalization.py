"""The normalization of a configuration as plain PyTorch layers: none, or one."""

from __future__ import annotations

from torch import nn

from packtune.models.configuration import Configuration


def unit_normalization(configuration: Configuration, units: int) -> list[nn.Module]:
    """List the normalization of a linear layer's units, float32 [n, units]."""
    match configuration.normalization:
        case "batch":
            return [nn.BatchNorm1d(units)]
        case "layer":
            return [nn.LayerNorm(units)]
    return []


def map_normalization(configuration: Configuration, channels: int) -> list[nn.Module]:
    """List the normalization of a convolution's maps, float32 [n, channels, rows, columns].

    That over a layer has one scale and shift for each channel, as `torch.nn.GroupNorm` has with one group.
    """
    match configuration.normalization:
        case "batch":
            return [nn.BatchNorm2d(channels)]
        case "layer":
            return [nn.GroupNorm(1, channels)]
    return []
