"""The optimizers by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from packtune.models.configuration import Configuration
from packtune.models.optimization.clipping import Clipping
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.rates import Rates
from packtune.models.optimization.rules.adam import Adam, AdamW
from packtune.models.optimization.rules.fused_adam import FusedAdam
from packtune.models.optimization.rules.lion import Lion
from packtune.models.optimization.rules.nadam import NAdam
from packtune.models.optimization.rules.rmsprop import RMSprop
from packtune.models.optimization.rules.sgd import SGD

Make = Callable[[Rates, torch.device, Sequence[Configuration]], Optimizer]
"""(rates of the members, device of the weights, configurations of the entire pack) -> optimizer."""


def _make_adam(rates: Rates, device: torch.device, pack_configurations: Sequence[Configuration]) -> Optimizer:
    if device.type == "cpu":
        return FusedAdam(rates, torch._fused_adam_)
    return Adam(rates, device, pack_configurations)


def _make_adamw(rates: Rates, device: torch.device, pack_configurations: Sequence[Configuration]) -> Optimizer:
    if device.type == "cpu":
        return FusedAdam(rates, torch._fused_adamw_)
    return AdamW(rates, device, pack_configurations)


OPTIMIZERS: dict[str, Make] = {
    "sgd": SGD,
    "adam": _make_adam,
    "adamw": _make_adamw,
    "rmsprop": RMSprop,
    "nadam": NAdam,
    "lion": Lion,
}


def make_optimizer(rates: Rates, device: torch.device, pack_configurations: Sequence[Configuration] = ()) -> Optimizer:
    """Make the optimizer of the members of a pack.

    Args:
        rates: of the members, with their configurations.
        device: where the weights are.
        pack_configurations: see `packtune.models.optimization.rules.layerwise.LayerwiseOptimizer`.

    Raises:
        ValueError: the members have different optimizers.
    """
    names = sorted({configuration.optimizer for configuration in rates.configurations})
    if len(names) != 1:
        raise ValueError(f"the members of a pack must have the same optimizer, not {names}: use a pack for each")
    optimizer = OPTIMIZERS[names[0]](rates, device, pack_configurations)
    if any(configuration.gradient_clipping for configuration in pack_configurations or rates.configurations):
        return Clipping(rates.configurations, device, optimizer)
    return optimizer
