"""Describes the machine that made a number: processor, operating system and versions of libraries."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path


def describe_machine(packages: Sequence[str] = ("torch", "ray", "optuna", "numpy")) -> str:
    """Describe the machine and the versions in one line."""
    libraries = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"{processor_name()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, {libraries}"
    )


def processor_name() -> str:
    """Give the model name of the processor, or its architecture if the system does not tell the model."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
