"""What PyTorch's CUDA libraries may do to float32 products, set for a while and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

cudnn: Any = torch.backends.cudnn
matmul: Any = torch.backends.cuda.matmul


@contextmanager
def library_settings(device: torch.device, *, tf32: bool = False) -> Iterator[None]:
    """Make products and convolutions on a GPU as exact as asked, and the same on every run, inside a `with`.

    PyTorch leaves TF32 on for convolutions and off for products, and lets cuDNN choose algorithms that add up in
    another order each time. On a processor nothing is set.

    Args:
        tf32: whether float32 products may round their factors to 10 bits of mantissa.
    """
    if device.type != "cuda":
        yield
        return
    before = (matmul.fp32_precision, cudnn.conv.fp32_precision, cudnn.deterministic, cudnn.benchmark)
    precision = "tf32" if tf32 else "ieee"
    _set(precision, precision, deterministic=True, benchmark=False)
    try:
        yield
    finally:
        _set(*before[:2], deterministic=before[2], benchmark=before[3])


def _set(products: str, convolutions: str, *, deterministic: bool, benchmark: bool) -> None:
    matmul.fp32_precision = products
    cudnn.conv.fp32_precision = convolutions
    cudnn.deterministic = deterministic
    cudnn.benchmark = benchmark
