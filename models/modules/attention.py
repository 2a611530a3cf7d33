"""Attention in plain products, which `torch.func.vmap` can compute for all members at once.

PyTorch's own function on a processor has no rule for that: it would be called for one member after another. For the
short sequences of small networks, plain products are faster too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.backends import mha
from torch.nn import functional

NAME = "scaled_dot_product_attention"
Attention = Callable[..., Tensor]
FUSED: Attention = functional.scaled_dot_product_attention


@contextmanager
def attention_by(function: Attention) -> Iterator[None]:
    """Let another function compute attention for a while, in PyTorch's own layers too.

    In evaluation, these would otherwise take one function for an entire layer.
    """
    is_fast = mha.get_fastpath_enabled()
    mha.set_fastpath_enabled(False)
    setattr(functional, NAME, function)
    try:
        yield
    finally:
        setattr(functional, NAME, FUSED)
        mha.set_fastpath_enabled(is_fast)


class WatchedAttention:
    """PyTorch's own function, watched.

    Attributes:
        called: whether it was called.
    """

    def __init__(self) -> None:
        self.called = False

    def __call__(self, *arguments: object, **others: object) -> Tensor:
        self.called = True
        return FUSED(*arguments, **others)


def plain_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    **others: object,
) -> Tensor:
    """Compute what PyTorch's function of this name does: in plain products where there is no mask."""
    if attn_mask is not None or others.get("enable_gqa"):
        return FUSED(query, key, value, attn_mask, dropout_p, is_causal, **others)
    scale = others.get("scale")
    return attention(query, key, value, dropout_p, is_causal, scale if isinstance(scale, float) else None)


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
