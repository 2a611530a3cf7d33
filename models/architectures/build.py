"""From a configuration to its plain PyTorch network, and to the size of that network."""

from __future__ import annotations

import functools

import torch
from torch import Tensor, nn

from packtune.models.architectures.catalog import ARCHITECTURES, Build
from packtune.models.architectures.initialization import initialize
from packtune.models.architectures.own import build_own, count_own_multiplications
from packtune.models.configuration import Configuration


def build_network(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int, seed: int) -> nn.Module:
    """Build the plain network of a configuration, with its initial weights.

    By default, the weights are the same as those of modules made after `torch.manual_seed(seed)`. PyTorch's global
    random state does not change.

    Args:
        input_shape: of one input: (channels, height, width) of an image, (columns,) of a row.
        outputs: logits, over all heads.
        seed: of the initial weights, 0 to 2**63 - 1.

    Returns:
        Inputs float32 [n, *input_shape] -> logits float32 [n, outputs].

    Raises:
        ValueError: the network needs images, or larger ones.
        NetworkError: it is a network of the user's own that is not known in this process, or cannot be built.
    """
    build: Build = build_own if configuration.is_own else ARCHITECTURES[configuration.architecture]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would change the GPU's random state for good
        network = build(configuration, input_shape=input_shape, outputs=outputs)
        if not configuration.is_own:
            initialize(network, configuration)
    return network


def count_multiplications(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> int:
    """Count the multiplications in a forward pass of one input through the network of a configuration.

    Raises:
        ValueError, NetworkError: see `build_network`.
    """
    return _count_multiplications(configuration.only_sized(), input_shape, outputs)


def count_parameters(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> int:
    """Count the trainable numbers in the network of a configuration.

    Raises:
        ValueError, NetworkError: see `build_network`.
    """
    return _count_parameters(configuration.only_sized(), input_shape, outputs)


@functools.lru_cache(maxsize=4096)
def _count_multiplications(sized: Configuration, input_shape: tuple[int, ...], outputs: int) -> int:
    if sized.is_own:
        return count_own_multiplications(sized, input_shape=input_shape, outputs=outputs)
    network = _without_weights(sized, input_shape, outputs).eval()
    total = 0

    def count(module: nn.Module, _inputs: object, outputs: Tensor) -> None:
        nonlocal total
        weight = getattr(module, "weight", None)
        if weight is not None:
            total += weight.numel() * outputs[0, 0].numel()  # a convolution uses its weights for every output pixel

    for module in network.modules():
        module.register_forward_hook(count)
    network(torch.empty(1, *input_shape, device="meta"))
    return total


@functools.lru_cache(maxsize=4096)
def _count_parameters(sized: Configuration, input_shape: tuple[int, ...], outputs: int) -> int:
    if sized.is_own:  # its source need not build on a device without numbers
        network = build_network(sized, input_shape=input_shape, outputs=outputs, seed=0)
    else:
        network = _without_weights(sized, input_shape, outputs)
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def _without_weights(sized: Configuration, input_shape: tuple[int, ...], outputs: int) -> nn.Module:
    with torch.device("meta"):  # only shapes are needed
        return build_network(sized, input_shape=input_shape, outputs=outputs, seed=0)
