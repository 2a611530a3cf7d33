"""The fully connected network as a plain PyTorch network."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from packtune.models.architectures.normalization import unit_normalization
from packtune.models.configuration import Configuration
from packtune.models.layers.activations import ACTIVATIONS
from packtune.models.layers.residual import ResidualBlock


def build_mlp(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Build `depth` hidden layers of `hidden_units`, each with activation and dropout, and a linear output.

    With `residual`, each hidden layer after the first adds its input to its output. A normalization comes before the
    activation. With that over the mini-batch, the layer has no bias: it would have no effect.

    Args:
        input_shape: of one input: (channels, height, width) of an image, (columns,) of a row.
        outputs: logits, over all heads.

    Returns:
        Inputs float32 [n, *input_shape] -> logits float32 [n, outputs].
    """
    sizes = [math.prod(input_shape)] + [configuration.hidden_units] * configuration.depth
    layers: list[nn.Module] = [nn.Flatten()]
    for number, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        hidden = _hidden_layer(configuration, fan_in, fan_out)
        layers += [ResidualBlock(*hidden)] if configuration.residual and number else hidden
    return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))


def _hidden_layer(configuration: Configuration, fan_in: int, fan_out: int) -> list[nn.Module]:
    return [
        nn.Linear(fan_in, fan_out, bias=configuration.normalization != "batch"),
        *unit_normalization(configuration, fan_out),
        ACTIVATIONS[configuration.activation].module(),
        nn.Dropout(configuration.dropout),
    ]
