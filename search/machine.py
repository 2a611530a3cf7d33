"""What made a number: the processor, the operating system and the versions of the libraries."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

# They choose the instructions of PyTorch, MKL and oneDNN.
ARITHMETIC_VARIABLES = ("ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA")


def describe_machine(packages: Sequence[str] = ("torch", "ray", "optuna", "numpy")) -> str:
    """Put the machine and the versions in one line."""
    libraries = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"{processor_name()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, {libraries}"
    )


def processor_name() -> str:
    """Name the processor's model, as far as the system tells it."""
    return _of_processor("model name") or platform.processor() or platform.machine()


@functools.cache
def arithmetic() -> str:
    """Identify how this process computes: where it says the same, the same products give the same bytes.

    That is the processor and its instructions, the library, and the variables that keep it from using some.
    """
    import torch

    flags = hashlib.sha256(_of_processor("flags").encode()).hexdigest()[:16]
    variables = [os.environ.get(name, "") for name in ARITHMETIC_VARIABLES]
    parts = [processor_name(), flags, torch.backends.cpu.get_cpu_capability(), torch.__version__, *variables]
    return " | ".join(parts)


def _of_processor(key: str) -> str:
    """Give what Linux tells of the first core under `key`; empty elsewhere."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == key), "")
