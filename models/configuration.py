"""A configuration: one value for every hyperparameter, checked when made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Value = bool | int | float | str
"""The value of a hyperparameter."""

# Named here and not where they are implemented, because a configuration must not need PyTorch.
ARCHITECTURE_NAMES = ("mlp", "cnn", "overlap-cnn")
IMAGE_ARCHITECTURES = ("cnn", "overlap-cnn")
"""Architectures that need images."""
ACTIVATION_NAMES = ("identity", "relu", "leaky_relu", "gelu", "silu", "tanh", "elu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameter:
    """What values a hyperparameter may take.

    Attributes:
        kind: `int`, `float`, `bool` or `str`.
        low, high: inclusive bounds of a number.
        choices: the allowed words if the kind is `str`.
        only_for: the architectures that use the hyperparameter; empty for all.
        help: a description of one line.
    """

    kind: type
    help: str
    only_for: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.kind is bool:
            return "true or false"
        if self.choices:
            return "one of " + ", ".join(self.choices)
        return f"{_article(self.kind)} from {self.low:g} to {self.high:g}"

    def accepts(self, value: object) -> bool:
        """Tell whether `value` has the right type and is in the range."""
        if self.kind is bool or isinstance(value, bool):
            return self.kind is bool and isinstance(value, bool)
        if self.kind is str:
            return value in self.choices
        if self.kind is int and not isinstance(value, int):
            return False
        if not isinstance(value, int | float) or self.low is None or self.high is None:
            return False
        return self.low <= value <= self.high  # false for NaN


def _article(kind: type) -> str:
    return "a whole number" if kind is int else "a number"


HYPERPARAMETERS: dict[str, Hyperparameter] = {
    "architecture": Hyperparameter(kind=str, choices=ARCHITECTURE_NAMES, help="kind of network"),
    "depth": Hyperparameter(kind=int, low=0, high=8, only_for=("mlp",), help="hidden layers"),
    "hidden_units": Hyperparameter(kind=int, low=1, high=4096, help="units of each hidden layer"),
    "activation": Hyperparameter(kind=str, choices=ACTIVATION_NAMES, help="after each hidden layer"),
    "dropout": Hyperparameter(kind=float, low=0.0, high=0.95, help="share of hidden units dropped"),
    "blocks": Hyperparameter(kind=int, low=1, high=4, only_for=("cnn",), help="convolution blocks"),
    "filters": Hyperparameter(
        kind=int,
        low=1,
        high=256,
        only_for=("cnn", "overlap-cnn"),
        help="filters of the first block; each further block has twice as many",
    ),
    "kernel_size": Hyperparameter(
        kind=int, low=1, high=11, only_for=("cnn",), help="side of the square kernels, in pixels"
    ),
    "pooling": Hyperparameter(
        kind=int, low=1, high=4, only_for=("cnn",), help="side of the max-pooling window, in pixels"
    ),
    "batch_size": Hyperparameter(kind=int, low=1, high=8192, help="images in a step"),
    "learning_rate": Hyperparameter(kind=float, low=1e-8, high=100.0, help="step size of SGD"),
    "momentum": Hyperparameter(kind=float, low=0.0, high=0.9999, help="momentum of SGD"),
    "nesterov": Hyperparameter(kind=bool, help="Nesterov's form of momentum"),
    "weight_decay": Hyperparameter(kind=float, low=0.0, high=10.0, help="L2 penalty, as in torch.optim.SGD"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One value for every hyperparameter. The defaults are the baseline of the reference notebook.

    `HYPERPARAMETERS` has the range of each field. Fields that an architecture does not use, for example `filters` of
    an mlp, keep their defaults and have no effect.

    Raises:
        ValueError: a value has the wrong type or is out of range.
    """

    architecture: str = "mlp"
    depth: int = 1
    hidden_units: int = 10
    activation: str = "relu"
    dropout: float = 0.0
    blocks: int = 2
    filters: int = 32
    kernel_size: int = 3
    pooling: int = 2
    batch_size: int = 32
    learning_rate: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        for name, hyperparameter in HYPERPARAMETERS.items():
            value = getattr(self, name)
            if not hyperparameter.accepts(value):
                raise ValueError(f"{name} = {value!r} is not allowed: it must be {hyperparameter.allowed}")

    def as_dict(self) -> dict[str, Value]:
        """List the values by name, in the order of the fields."""
        return dataclasses.asdict(self)

    def used(self) -> dict[str, Value]:
        """List the values that the architecture uses. Configurations with the same used values train alike."""
        return {
            name: value
            for name, value in self.as_dict().items()
            if self.architecture in (HYPERPARAMETERS[name].only_for or ARCHITECTURE_NAMES)
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Configuration:
        """Make a configuration from values by name; names that are left out get the defaults.

        Args:
            values: of any type, since they may come from a file; a wrong type is an error.

        Raises:
            ValueError: a value has the wrong type or is out of range.
            TypeError: a name is no hyperparameter.
        """
        return cls(**values)
