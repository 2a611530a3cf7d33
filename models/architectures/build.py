"""From a configuration to its plain PyTorch network, and to the size of that network."""

from __future__ import annotations

import functools

import torch
from torch import nn

from packtune.models.architectures.catalog import ARCHITECTURES
from packtune.models.configuration import Configuration


def build_network(configuration: Configuration, *, height: int, width: int, outputs: int, seed: int) -> nn.Sequential:
    """Build the plain network of a configuration, with PyTorch's default initial weights.

    The weights are the same as those of modules made after `torch.manual_seed(seed)`. PyTorch's global random state
    does not change.

    Args:
        height, width: of the images, in pixels.
        outputs: logits, over all heads.
        seed: of the initial weights, 0 to 2**63 - 1.

    Returns:
        Images float32 [n, 1, height, width] -> logits float32 [n, outputs].

    Raises:
        ValueError: the images are too small for the network.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would change the GPU's random state for good
        return ARCHITECTURES[configuration.architecture](configuration, height=height, width=width, outputs=outputs)


@functools.lru_cache(maxsize=4096)
def count_multiplications(configuration: Configuration, *, height: int, width: int, outputs: int) -> int:
    """Count the multiplications in a forward pass of one image through the network of a configuration."""
    with torch.device("meta"):  # only shapes are needed
        network = build_network(configuration, height=height, width=width, outputs=outputs, seed=0)
    values = torch.empty(1, 1, height, width, device="meta")
    total = 0
    for module in network:
        values = module(values)
        weight = getattr(module, "weight", None)
        if weight is not None:
            total += weight.numel() * values[0, 0].numel()  # a convolution uses its weights for every output pixel
    return total


@functools.lru_cache(maxsize=4096)
def count_parameters(configuration: Configuration, *, height: int, width: int, outputs: int) -> int:
    """Count the trainable numbers in the network of a configuration."""
    network = build_network(configuration, height=height, width=width, outputs=outputs, seed=0)
    return sum(parameter.numel() for parameter in network.parameters())
