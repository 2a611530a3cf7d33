"""Dropout whose rate differs by member, where one module is called for all members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn


def unlike_rates(modules: Sequence[nn.Module], device: torch.device) -> dict[str, Tensor]:
    """Give the rates of the dropout layers that differ by member: float32 [members] each, by the layer's name."""
    rates: dict[str, list[float]] = {}
    for module in modules:
        for name, part in module.named_modules():
            if type(part) is nn.Dropout:
                rates.setdefault(name, []).append(part.p)
    return {name: torch.tensor(each, device=device) for name, each in rates.items() if len(set(each)) > 1}


@contextmanager
def with_rates(module: nn.Module, rates: Mapping[str, Tensor]) -> Iterator[None]:
    """Let dropout layers have other rates for a while.

    Args:
        rates: of one member, by the layer's name; each a number as a tensor.
    """
    layers = [(module.get_submodule(name), rate) for name, rate in rates.items()]
    for layer, rate in layers:
        layer.__dict__["forward"] = partial(_drop, rate)
    try:
        yield
    finally:
        for layer, _ in layers:
            del layer.__dict__["forward"]


def _drop(rate: Tensor, values: Tensor) -> Tensor:
    return values * (torch.rand_like(values) >= rate) / (1 - rate)
