"""In which numbers a pack's large products are computed; weights, sums and updates are float32 throughout.

PyTorch is imported only when it is needed: a name can be checked without waiting for it.
"""

from __future__ import annotations

import functools
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device

if TYPE_CHECKING:
    import torch

# Below it, rounding an mlp's float32 weights at every step costs about what the faster products win (measured with 512
# units on a core with AVX-512 BF16: 1.2 times the speed at 16 images a step, 1.7 at 32, 2.3 at 64, 2.8 at 128, 3.2 at
# 512; elsewhere 1.1 at 32).
MIN_BATCH_SIZE = 32
# How many times faster than float32 bfloat16 products must be to pay for the rounding of their factors. Processors are
# far from it on either side: 2.1 times on an AMD EPYC with AVX-512 BF16, 0.5 on an Intel Xeon with the same, where the
# instruction has half the throughput (AMX, which has more, was not at hand).
MIN_GAIN = 1.5
TIMED_SHAPE = (512, 784, 32)  # of the product that is timed: a pack's first layer, on 28 x 28 pixels
TIMINGS = 20  # of each, in turns; the fastest of each counts, so that other work on the machine decides nothing


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
        import torch

        return torch.bfloat16 if self is Precision.BFLOAT16 else torch.float32

    def where_it_pays(self, configuration: Configuration) -> Precision:
        """Give the precision for a configuration: float32 where it is no slower than bfloat16."""
        small = configuration.architecture == "mlp" and configuration.batch_size < MIN_BATCH_SIZE
        return Precision.FLOAT32 if self is Precision.BFLOAT16 and small else self


def fastest_precision(device: Device) -> Precision:
    """Choose what is fastest on the hardware at hand.

    On a processor that is bfloat16 where it multiplies such numbers itself (AVX-512 BF16, AMX) and does so much faster,
    else float32; this takes some hundredths of a second to find out. On a GPU it is TF32: packs of small networks are
    bound there by the traffic of their float32 weights.
    """
    if device is Device.CUDA:
        return Precision.TF32
    pays = processor_has_bfloat16() and bfloat16_gain() >= MIN_GAIN
    return Precision.BFLOAT16 if pays else Precision.FLOAT32


def processor_has_bfloat16() -> bool:
    """Tell whether the processor multiplies bfloat16 itself, fast or not."""
    import torch

    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check)() for check in checks if hasattr(torch.cpu, check))


@functools.cache
def bfloat16_gain() -> float:
    """Measure how many times faster one core multiplies bfloat16 than float32 matrices."""
    import torch

    out, fan_in, batch = TIMED_SHAPE
    factors = [
        (torch.ones(out, fan_in, dtype=dtype), torch.ones(fan_in, batch, dtype=dtype))
        for dtype in (torch.float32, torch.bfloat16)
    ]
    fastest_s = [float("inf")] * len(factors)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(TIMINGS):
            for place, (left, right) in enumerate(factors):
                start_s = time.perf_counter()
                torch.mm(left, right)
                fastest_s[place] = min(fastest_s[place], time.perf_counter() - start_s)
    finally:
        torch.set_num_threads(threads)
    return fastest_s[0] / fastest_s[1]
