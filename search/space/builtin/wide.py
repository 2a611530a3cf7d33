"""The built-in space `wide`, the default: mlps and cnns, trained as pays on most images and tables.

Weights are updated by AdamW, with a learning rate that falls to zero by the end. What the data do not allow is left out
when a space is fitted to them: on a table, cnns and shifts of images.
"""

from __future__ import annotations

from packtune.space.domains import Choices, Dimension, Domain, FloatRange, IntRange


def wide_dimensions() -> tuple[Dimension, ...]:
    """List the dimensions, those of networks first."""
    return (
        Dimension(name="architecture", domain=Choices(values=("mlp", "cnn"))),
        _of("mlp", "depth", IntRange(low=1, high=3)),
        _of("cnn", "filters", Choices(values=(8, 16, 32))),
        _of("cnn", "kernel_size", Choices(values=(3, 5))),
        _of("cnn", "normalization", Choices(values=("none", "batch"))),
        Dimension(name="hidden_units", domain=IntRange(low=16, high=512, log=True)),
        Dimension(name="activation", domain=Choices(values=("relu", "gelu", "tanh"))),
        Dimension(name="batch_size", domain=Choices(values=(32, 64, 128))),
        Dimension(name="optimizer", domain=Choices(values=("adamw",))),
        Dimension(name="learning_rate", domain=FloatRange(low=1e-3, high=3e-2, log=True)),
        Dimension(name="weight_decay", domain=FloatRange(low=1e-3, high=0.3, log=True)),
        Dimension(name="schedule", domain=Choices(values=("cosine", "one-cycle"))),
        Dimension(name="dropout", domain=FloatRange(low=0.0, high=0.5)),
        Dimension(name="augmentation", domain=Choices(values=("none", "shift"))),
    )


def _of(architecture: str, name: str, domain: Domain) -> Dimension:
    return Dimension(name=name, domain=domain, when={"architecture": (architecture,)})
