"""In which numbers a pack's large products are computed; weights, sums and updates are float32 throughout."""

from __future__ import annotations

from enum import StrEnum

import torch


class Precision(StrEnum):
    """FLOAT32 is exact to rounding; TF32 lets a GPU round the factors of its products to 10 bits of mantissa;
    BFLOAT16 rounds them to 7.
    """

    FLOAT32 = "float32"
    TF32 = "tf32"
    BFLOAT16 = "bfloat16"

    @property
    def product_dtype(self) -> torch.dtype:
        """The dtype of the factors of large products."""
        return torch.bfloat16 if self is Precision.BFLOAT16 else torch.float32


def fastest_precision(device: torch.device | str) -> Precision:
    """Choose what is fastest on the hardware at hand, by what it can do and not by the clock.

    On a processor that is bfloat16 where it multiplies such numbers itself (AVX-512 BF16, AMX), else float32. On a
    GPU it is TF32: packs of small networks are bound there by the traffic of their float32 weights.
    """
    if torch.device(device).type == "cuda":
        return Precision.TF32
    return Precision.BFLOAT16 if processor_has_bfloat16() else Precision.FLOAT32


def processor_has_bfloat16() -> bool:
    """Tell whether the processor multiplies bfloat16 itself."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check)() for check in checks if hasattr(torch.cpu, check))
