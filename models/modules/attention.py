"""Attention in plain products, which `torch.func.vmap` can compute for all members at once.

PyTorch's own function on a processor has no rule for that: it would be called for one member after another. For the
short sequences of small networks, plain products are faster too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Function = Callable[..., object]
Keywords = Mapping[str, Any] | None
ARGUMENTS = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
FUSED = functional.scaled_dot_product_attention


class PlainAttention(TorchFunctionMode):
    """Computes attention in plain products for the time of a block."""

    def __torch_function__(
        self, func: Function, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Keywords = None
    ) -> object:
        given = kwargs or {}
        if func is FUSED:
            named = {**dict(zip(ARGUMENTS, args, strict=False)), **given}
            if named.pop("attn_mask", None) is None and not named.pop("enable_gqa", False):
                return attention(**named)
        return func(*args, **given)


class WatchedAttention(TorchFunctionMode):
    """Watches the calls of attention for the time of a block.

    Attributes:
        drops: whether one had dropout.
    """

    def __init__(self) -> None:
        super().__init__()
        self.drops = False

    def __torch_function__(
        self, func: Function, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Keywords = None
    ) -> object:
        given = kwargs or {}
        if func is FUSED and (given.get("dropout_p") or (args[4:] and args[4])):
            self.drops = True
        return func(*args, **given)


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Compute what `torch.nn.functional.scaled_dot_product_attention` does without a mask; arguments as there."""
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = (query * factor) @ key.transpose(-2, -1)
    if is_causal:
        rows, columns = scores.shape[-2:]
        ahead = torch.ones(rows, columns, dtype=torch.bool, device=query.device).triu(1)
        scores = scores.masked_fill(ahead, -torch.inf)
    weights = functional.dropout(scores.softmax(-1), dropout_p)
    return weights @ value
