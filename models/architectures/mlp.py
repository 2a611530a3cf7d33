"""The fully connected network as a plain PyTorch network."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from packtune.models.configuration import Configuration
from packtune.models.layers.activations import ACTIVATIONS


def build_mlp(configuration: Configuration, *, height: int, width: int, outputs: int) -> nn.Sequential:
    """Build `depth` hidden layers of `hidden_units`, each with activation and dropout, and a linear output.

    Args:
        height, width: of the images, in pixels.
        outputs: logits, over all heads.

    Returns:
        Images float32 [n, 1, height, width] -> logits float32 [n, outputs].
    """
    sizes = [height * width] + [configuration.hidden_units] * configuration.depth
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in pairwise(sizes):
        layers += [
            nn.Linear(fan_in, fan_out),
            ACTIVATIONS[configuration.activation].module(),
            nn.Dropout(configuration.dropout),
        ]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))
