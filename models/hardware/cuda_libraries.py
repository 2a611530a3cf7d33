"""Settings of PyTorch's CUDA libraries: how exact float32 products are, and whether they repeat bit by bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

# PyTorch sets these attributes on its modules at run time, where a type checker does not see them.
cudnn: Any = torch.backends.cudnn
matmul: Any = torch.backends.cuda.matmul


@contextmanager
def library_settings(device: torch.device, *, tf32: bool = False) -> Iterator[None]:
    """Within a `with`, make products and convolutions on a GPU deterministic, and set their precision.

    By default PyTorch uses TF32 for convolutions but not for products, and lets cuDNN choose algorithms whose sums
    have another order on every run. On a CPU this does nothing.

    Args:
        device: where the products are computed.
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
