"""The built-in space `sgd`: mlps and cnns trained by SGD. Until version 0.1.0 it was the default, and called `wide`."""

from __future__ import annotations

from packtune.models.configuration import ACTIVATION_NAMES
from packtune.space.domains import Choices, Dimension, Domain, FloatRange, IntRange


def sgd_dimensions() -> tuple[Dimension, ...]:
    """List the dimensions."""

    def mlp(name: str, domain: Domain) -> Dimension:
        return Dimension(name=name, domain=domain, when={"architecture": ("mlp",)})

    def cnn(name: str, domain: Domain) -> Dimension:
        return Dimension(name=name, domain=domain, when={"architecture": ("cnn",)})

    return (
        Dimension(name="architecture", domain=Choices(values=("mlp", "cnn"))),
        mlp("depth", IntRange(low=1, high=3)),
        cnn("filters", Choices(values=(8, 16, 32))),
        cnn("kernel_size", Choices(values=(3, 5))),
        Dimension(name="hidden_units", domain=IntRange(low=8, high=1024, log=True)),
        Dimension(name="activation", domain=Choices(values=ACTIVATION_NAMES)),
        Dimension(name="batch_size", domain=Choices(values=(16, 32, 64, 128, 256, 512))),
        Dimension(name="learning_rate", domain=FloatRange(low=1e-3, high=1.0, log=True)),
        Dimension(name="momentum", domain=FloatRange(low=0.0, high=0.99)),
        Dimension(name="nesterov", domain=Choices(values=(False, True))),
        Dimension(name="weight_decay", domain=FloatRange(low=1e-6, high=1e-2, log=True)),
        Dimension(name="dropout", domain=FloatRange(low=0.0, high=0.5)),
    )
