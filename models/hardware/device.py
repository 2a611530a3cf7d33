"""The devices that packs are trained on."""

from __future__ import annotations

from enum import StrEnum


class Device(StrEnum):
    """A kind of PyTorch device."""

    CPU = "cpu"
    CUDA = "cuda"
