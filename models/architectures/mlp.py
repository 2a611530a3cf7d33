"""The fully connected network as a plain PyTorch network."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from packtune.models.configuration import Configuration
from packtune.models.layers.activations import ACTIVATIONS


def build_mlp(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Build `depth` hidden layers of `hidden_units`, each with activation and dropout, and a linear output.

    Args:
        input_shape: of one input: (channels, height, width) of an image, (columns,) of a row.
        outputs: logits, over all heads.

    Returns:
        Inputs float32 [n, *input_shape] -> logits float32 [n, outputs].
    """
    sizes = [math.prod(input_shape)] + [configuration.hidden_units] * configuration.depth
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in pairwise(sizes):
        layers += [
            nn.Linear(fan_in, fan_out),
            ACTIVATIONS[configuration.activation].module(),
            nn.Dropout(configuration.dropout),
        ]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))
