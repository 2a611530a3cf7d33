"""The built-in space `broad`: mlps and cnns with all that may pay on images or tables.

What the data do not allow is left out when a space is fitted to them: on a table, cnns and shifts of images.
"""

from __future__ import annotations

from collections.abc import Mapping

from packtune.models.configuration import Value
from packtune.space.domains import Choices, Dimension, Domain, FloatRange, IntRange

MLP: Mapping[str, tuple[Value, ...]] = {"architecture": ("mlp",)}
DEEP: Mapping[str, tuple[Value, ...]] = {**MLP, "depth": (2, 3, 4)}
CNN: Mapping[str, tuple[Value, ...]] = {"architecture": ("cnn",)}
SGD: Mapping[str, tuple[Value, ...]] = {"optimizer": ("sgd",)}
ADAMW: Mapping[str, tuple[Value, ...]] = {"optimizer": ("adamw",)}


def broad_dimensions() -> tuple[Dimension, ...]:
    """List the dimensions, those of networks first. Learning rates and weight decays have a range for each optimizer.

    Mirrored images are left out: a mirrored digit or letter is another one.
    """
    return *_networks(), *_training()


def _networks() -> tuple[Dimension, ...]:
    return (
        _dimension("architecture", Choices(values=("mlp", "cnn"))),
        _dimension("depth", IntRange(low=1, high=4), MLP),
        _dimension("residual", Choices(values=(False, True)), DEEP),
        _dimension("filters", Choices(values=(8, 16, 32)), CNN),
        _dimension("kernel_size", Choices(values=(3, 5)), CNN),
        _dimension("convolution", Choices(values=("full", "separable")), CNN),
        _dimension("global_pooling", Choices(values=(False, True)), CNN),
        _dimension("hidden_units", IntRange(low=8, high=1024, log=True)),
        _dimension("activation", Choices(values=("relu", "leaky_relu", "gelu", "silu", "tanh"))),
        _dimension("normalization", Choices(values=("none", "batch", "layer"))),
        _dimension("initialization", Choices(values=("default", "he"))),
    )


def _training() -> tuple[Dimension, ...]:
    return (
        _dimension("batch_size", Choices(values=(16, 32, 64, 128, 256, 512))),
        _dimension("optimizer", Choices(values=("sgd", "adamw"))),
        _dimension("learning_rate", FloatRange(low=3e-3, high=1.0, log=True), SGD),
        _dimension("learning_rate", FloatRange(low=1e-4, high=3e-2, log=True), ADAMW),
        _dimension("momentum", FloatRange(low=0.0, high=0.99), SGD),
        _dimension("weight_decay", FloatRange(low=1e-6, high=1e-2, log=True), SGD),
        _dimension("weight_decay", FloatRange(low=1e-4, high=0.3, log=True), ADAMW),
        _dimension("schedule", Choices(values=("constant", "cosine", "one-cycle"))),
        _dimension("dropout", FloatRange(low=0.0, high=0.5)),
        _dimension("label_smoothing", Choices(values=(0.0, 0.1))),
        _dimension("augmentation", Choices(values=("none", "shift", "crop", "mixup", "noise"))),
    )


def _dimension(name: str, domain: Domain, when: Mapping[str, tuple[Value, ...]] | None = None) -> Dimension:
    return Dimension(name=name, domain=domain, when=when or {})
