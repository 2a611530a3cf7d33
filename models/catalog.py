"""The architectures by name, and how a configuration becomes a plain network."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import nn

from models.cnn import build_cnn
from models.configuration import Configuration
from models.mlp import build_mlp


class Build(Protocol):
    """Build a plain network: images float32 [n, 1, height, width] -> logits float32 [n, outputs]."""

    def __call__(self, configuration: Configuration, *, height: int, width: int, outputs: int) -> nn.Sequential: ...


ARCHITECTURES: dict[str, Build] = {
    "mlp": build_mlp,
    "cnn": build_cnn,
}


def build_network(configuration: Configuration, *, height: int, width: int, outputs: int, seed: int) -> nn.Sequential:
    """Build the plain network of a configuration with PyTorch's default initial weights, drawn from `seed`.

    The weights equal those of the same modules made after `torch.manual_seed(seed)`; the global generator is
    neither read nor changed.
    """
    with torch.device("meta"):
        network = ARCHITECTURES[configuration.architecture](configuration, height=height, width=width, outputs=outputs)
    network.to_empty(device="cpu")
    initialize(network, seed)
    return network


@torch.no_grad()
def initialize(network: nn.Sequential, seed: int) -> None:
    """Fill the weights as `torch.nn.Linear` and `torch.nn.Conv2d` do by default (He et al. 2015, a = sqrt(5))."""
    generator = torch.Generator().manual_seed(seed)
    for module in network:
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5), generator=generator)
            bound = 1 / math.sqrt(module.weight[0].numel())
            assert module.bias is not None
            nn.init.uniform_(module.bias, -bound, bound, generator=generator)


def count_parameters(configuration: Configuration, *, height: int, width: int, outputs: int) -> int:
    """Count the trainable numbers of a configuration's network, without making them."""
    with torch.device("meta"):
        network = ARCHITECTURES[configuration.architecture](configuration, height=height, width=width, outputs=outputs)
    return sum(parameter.numel() for parameter in network.parameters())
