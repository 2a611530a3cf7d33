"""The networks of the user's own: built by a function of theirs."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from packtune.errors import NetworkError, suggest_name
from packtune.models.configuration import Configuration, Value
from packtune.models.own.importing import calling, describe_error
from packtune.models.own.registry import find_network


class Chosen(Mapping[str, Value]):
    """The configuration as a user's function gets it: `configuration.width` or `configuration["width"]`.

    It has the hyperparameters of the network, and the common ones, such as `batch_size`.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._values = configuration.used()

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Value:
        if name.startswith("__") or name not in self._values:
            raise AttributeError(f"the configuration has no {name!r}.{suggest_name(name, self._values)}")
        return self._values[name]


def build_own(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Build the network of a configuration with the user's function.

    Args:
        input_shape: of one input: (channels, height, width) of an image, (columns,) of a row.
        outputs: logits, over all heads.

    Returns:
        Inputs float32 [n, *input_shape] -> logits float32 [n, outputs].

    Raises:
        NetworkError: the function is not known in this process, raises an error, or gives no module.
    """
    network = find_network(configuration.architecture)
    build = network.load()
    try:
        with calling(build):
            built = build(Chosen(configuration), input_shape=input_shape, outputs=outputs)
    except Exception as error:
        raise NetworkError(
            f"{network.file} cannot build the network of {dict(configuration.own)}: "
            f"{describe_error(error, tuple(network.files.items()))}"
        ) from error
    if not isinstance(built, nn.Module):
        raise NetworkError(f"{network.file} must return a torch.nn.Module, but returns {type(built).__name__}")
    return built


@functools.lru_cache(maxsize=4096)
def count_own_multiplications(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> int:
    """Count the multiplications in a forward pass of one input, or the weights where PyTorch cannot count them.

    Raises:
        NetworkError: the network cannot be built.
    """
    with torch.random.fork_rng(devices=[]):
        network = build_own(configuration, input_shape=input_shape, outputs=outputs).eval()
        weights = sum(parameter.numel() for parameter in network.parameters())
        try:
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                network(torch.zeros(1, *input_shape))
        except Exception:  # the user's code may raise anything; its worker finds out why
            return weights
    return max(weights, int(counter.get_total_flops()) // 2)
