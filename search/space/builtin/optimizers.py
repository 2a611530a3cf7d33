"""The built-in space `optimizers`: fully connected networks, trained by several optimizers with ranges of their own."""

from __future__ import annotations

from packtune.models.configuration import Value
from packtune.space.domains import Choices, Dimension, Domain, FloatRange, IntRange

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop")


def _any(name: str, domain: Domain) -> Dimension:
    return Dimension(name=name, domain=domain)


def _of(optimizers: tuple[Value, ...], name: str, domain: Domain) -> Dimension:
    return Dimension(name=name, domain=domain, when={"optimizer": optimizers})


def optimizer_dimensions() -> tuple[Dimension, ...]:
    """List the dimensions. Learning rates and weight decays have a range for each kind of optimizer."""
    return (
        _any("optimizer", Choices(values=OPTIMIZERS)),
        _any("depth", IntRange(low=1, high=3)),
        _any("hidden_units", IntRange(low=8, high=512, log=True)),
        _any("activation", Choices(values=("relu", "leaky_relu", "gelu", "silu", "tanh"))),
        _any("batch_size", Choices(values=(32, 64, 128, 256))),
        _of(("sgd",), "learning_rate", FloatRange(low=3e-3, high=1.0, log=True)),
        _of(("adam", "adamw", "rmsprop"), "learning_rate", FloatRange(low=1e-4, high=3e-2, log=True)),
        _of(("sgd",), "momentum", FloatRange(low=0.0, high=0.99)),
        _of(("sgd",), "nesterov", Choices(values=(False, True))),
        _of(("adam", "adamw"), "beta1", FloatRange(low=0.8, high=0.95)),
        _of(("adam", "adamw"), "beta2", Choices(values=(0.98, 0.99, 0.999))),
        _of(("sgd", "adam", "rmsprop"), "weight_decay", FloatRange(low=1e-6, high=1e-2, log=True)),
        _of(("adamw",), "weight_decay", FloatRange(low=1e-4, high=0.3, log=True)),
        _any("schedule", Choices(values=("constant", "cosine", "one-cycle"))),
        Dimension(name="warmup", domain=Choices(values=(0.0, 0.1)), when={"schedule": ("constant", "cosine")}),
        _any("dropout", FloatRange(low=0.0, high=0.5)),
        _any("label_smoothing", Choices(values=(0.0, 0.1))),
        _any("gradient_clipping", Choices(values=(0.0, 1.0))),
    )
