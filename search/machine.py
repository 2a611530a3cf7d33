"""Describes the machine that made a number: processor, operating system and versions of libraries."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from packtune.limits import usable_cpus


def describe_machine(packages: Sequence[str] = ("torch", "ray", "optuna", "numpy")) -> str:
    """Describe the machine and the versions in one line."""
    libraries = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"{processor_name()}, {_cores()} cores, {platform.system()}, Python {platform.python_version()}, {libraries}"


def processor_name() -> str:
    """Give the model name of the processor, or its architecture if the system does not tell the model."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _cores() -> str:
    """Write how many cores there are, and how many of them this process may use if these are fewer."""
    usable, there = usable_cpus(), os.cpu_count() or 1
    return f"{there}" if usable >= there else f"{usable} of {there}"
