"""The architectures by name."""

from __future__ import annotations

from typing import Protocol

from torch import nn

from packtune.models.architectures.cnn import build_cnn
from packtune.models.architectures.mlp import build_mlp
from packtune.models.architectures.overlap_cnn import build_overlap_cnn
from packtune.models.configuration import Configuration


class Build(Protocol):
    """Build a plain network: inputs float32 [n, *input_shape] -> logits float32 [n, outputs]."""

    def __call__(self, configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> nn.Module: ...


ARCHITECTURES: dict[str, Build] = {
    "mlp": build_mlp,
    "cnn": build_cnn,
    "overlap-cnn": build_overlap_cnn,
}
