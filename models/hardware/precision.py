"""The precision of a pack's large products. Weights, sums and updates are always float32.

PyTorch is imported only where it is needed, so that the name of a precision can be checked without that wait.
"""

from __future__ import annotations

import functools
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.models.hardware.threads import torch_threads

if TYPE_CHECKING:
    import torch

# With smaller batches, rounding the float32 weights of an mlp in every step costs about as much time as the faster
# products save. Measured with 512 units on a core with AVX-512 BF16: 1.2 times the speed with 16 images in a step, 1.7
# with 32, 2.3 with 64, 2.8 with 128, 3.2 with 512; on another machine 1.1 with 32.
MIN_BATCH_SIZE = 32
# bfloat16 is chosen if its products are this many times as fast as those of float32; less would not pay for the
# rounding of the factors. The measured gains are far from this limit: 2.1 on an AMD EPYC with AVX-512 BF16, and 0.5 on
# an Intel Xeon with AVX-512 BF16, whose instruction has half the throughput. AMX was not measured.
MIN_GAIN = 1.5
TIMED_SHAPE = (512, 784, 32)  # out, in, batch: the product of a pack's first layer on 28 x 28 pixels
TIMINGS = 20  # of each dtype, in turns; the fastest counts, so that other work on the machine has no influence


class Precision(StrEnum):
    """A precision of large products.

    FLOAT32 keeps the 23 bits of mantissa of float32. With TF32, a GPU rounds the factors to 10 bits. With BFLOAT16,
    the factors are rounded to 7 bits, and a GPU rounds those of small products, such as an output layer's, to 10 bits.
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
        """Choose the precision for a configuration: float32 where bfloat16 would not be faster, or is not used."""
        if configuration.is_own:
            return Precision.FLOAT32 if self is Precision.BFLOAT16 else self
        small = configuration.architecture == "mlp" and configuration.batch_size < MIN_BATCH_SIZE
        return Precision.FLOAT32 if self is Precision.BFLOAT16 and small else self


def fastest_precision(device: Device) -> Precision:
    """Choose the fastest precision on this machine.

    On a CPU, this is bfloat16 if the CPU has instructions for it (AVX-512 BF16 or AMX) and a measurement of some
    hundredths of a second shows that they are much faster; otherwise it is float32. On a GPU it is TF32. The speed of
    packs of small networks is limited there by reading and writing float32 weights.
    """
    if device is Device.CUDA:
        return Precision.TF32
    pays = processor_has_bfloat16() and bfloat16_gain() >= MIN_GAIN
    return Precision.BFLOAT16 if pays else Precision.FLOAT32


def processor_has_bfloat16() -> bool:
    """Tell whether the CPU has instructions that multiply bfloat16 numbers, fast or slow."""
    import torch

    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check)() for check in checks if hasattr(torch.cpu, check))


@functools.cache
def bfloat16_gain() -> float:
    """Measure the speed of bfloat16 products on one core, as a multiple of the speed of float32 products."""
    import torch

    out, fan_in, batch = TIMED_SHAPE
    factors = [
        (torch.ones(out, fan_in, dtype=dtype), torch.ones(fan_in, batch, dtype=dtype))
        for dtype in (torch.float32, torch.bfloat16)
    ]
    fastest_s = [float("inf")] * len(factors)
    with torch_threads(1):
        for _ in range(TIMINGS):
            for index, (left, right) in enumerate(factors):
                start_s = time.perf_counter()
                torch.mm(left, right)
                fastest_s[index] = min(fastest_s[index], time.perf_counter() - start_s)
    return fastest_s[0] / fastest_s[1]
