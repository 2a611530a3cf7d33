"""A configuration: one value for every hyperparameter, checked when made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packtune.models.hyperparameter import Hyperparameter

Value = bool | int | float | str
"""The value of a hyperparameter."""

# Named here and not where they are implemented, because a configuration must not need PyTorch.
ARCHITECTURE_NAMES = ("mlp", "cnn", "overlap-cnn")
IMAGE_ARCHITECTURES = ("cnn", "overlap-cnn")
"""Architectures that need images."""
OF_OWN = "@"
"""In the name of an architecture: a network of the user's own, and the start of the hash of its source, as net@1f3a."""
NETWORK_HYPERPARAMETERS = (
    *("architecture", "depth", "hidden_units", "activation", "dropout"),
    *("blocks", "filters", "kernel_size", "pooling"),
    *("normalization", "residual", "convolution", "global_pooling", "initialization"),
)
"""The hyperparameters of built-in networks; a network of the user's own has others in their place."""
WITHOUT_SIZE = ("activation", "dropout", "initialization")
"""Those of them that the size of a network does not depend on."""
ACTIVATION_NAMES = ("identity", "relu", "leaky_relu", "gelu", "silu", "tanh", "elu")
OPTIMIZER_NAMES = ("sgd", "adam", "adamw", "rmsprop", "nadam", "lion")
SCHEDULE_NAMES = ("constant", "cosine", "one-cycle", "step")
NORMALIZATION_NAMES = ("none", "batch", "layer")
CONVOLUTION_NAMES = ("full", "separable")
INITIALIZATION_NAMES = ("default", "he", "xavier")
AUGMENTATION_NAMES = ("none", "shift", "flip", "crop", "mixup", "noise")
IMAGE_AUGMENTATIONS = ("shift", "flip", "crop")
"""Augmentations that need images."""

_MLP, _CNN = {"architecture": ("mlp",)}, {"architecture": ("cnn",)}
_MOMENTS = {"optimizer": ("adam", "adamw", "nadam", "lion")}
_ADAPTIVE = {"optimizer": ("adam", "adamw", "rmsprop", "nadam")}
_WARM = {"schedule": ("constant", "cosine", "step")}
_STEP = {"schedule": ("step",)}

HYPERPARAMETERS: dict[str, Hyperparameter] = {
    "architecture": Hyperparameter(kind=str, choices=ARCHITECTURE_NAMES, help="kind of network"),
    "depth": Hyperparameter(kind=int, low=0, high=8, only_for=_MLP, help="hidden layers"),
    "hidden_units": Hyperparameter(kind=int, low=1, high=4096, help="units of each hidden layer"),
    "activation": Hyperparameter(kind=str, choices=ACTIVATION_NAMES, help="after each hidden layer"),
    "dropout": Hyperparameter(kind=float, low=0.0, high=0.95, help="share of hidden units dropped"),
    "blocks": Hyperparameter(kind=int, low=1, high=4, only_for=_CNN, help="convolution blocks"),
    "filters": Hyperparameter(
        kind=int,
        low=1,
        high=256,
        only_for={"architecture": IMAGE_ARCHITECTURES},
        help="filters of the first block; each further block has twice as many",
    ),
    "kernel_size": Hyperparameter(
        kind=int, low=1, high=11, only_for=_CNN, help="side of the square kernels, in pixels"
    ),
    "pooling": Hyperparameter(kind=int, low=1, high=4, only_for=_CNN, help="side of the max-pooling window, in pixels"),
    "batch_size": Hyperparameter(kind=int, low=1, high=8192, help="images in a step"),
    "learning_rate": Hyperparameter(kind=float, low=1e-8, high=100.0, help="step size of the optimizer"),
    "momentum": Hyperparameter(
        kind=float, low=0.0, high=0.9999, only_for={"optimizer": ("sgd", "rmsprop")}, help="momentum"
    ),
    "nesterov": Hyperparameter(kind=bool, only_for={"optimizer": ("sgd",)}, help="Nesterov's form of momentum"),
    "weight_decay": Hyperparameter(
        kind=float, low=0.0, high=10.0, help="L2 penalty; with adamw and lion decoupled, times the learning rate"
    ),
    "optimizer": Hyperparameter(kind=str, choices=OPTIMIZER_NAMES, optional=True, help="how weights are updated"),
    "beta1": Hyperparameter(
        kind=float, low=0.0, high=0.9999, only_for=_MOMENTS, optional=True, help="share of the mean gradient kept"
    ),
    "beta2": Hyperparameter(
        kind=float, low=0.0, high=0.999999, only_for=_MOMENTS, optional=True, help="share of the mean square kept"
    ),
    "alpha": Hyperparameter(
        kind=float,
        low=0.0,
        high=0.999999,
        only_for={"optimizer": ("rmsprop",)},
        optional=True,
        help="share of the mean square kept",
    ),
    "epsilon": Hyperparameter(
        kind=float, low=1e-12, high=1.0, only_for=_ADAPTIVE, optional=True, help="added to the root of the mean square"
    ),
    "schedule": Hyperparameter(
        kind=str, choices=SCHEDULE_NAMES, optional=True, help="course of the learning rate over a full training"
    ),
    "warmup": Hyperparameter(
        kind=float, low=0.0, high=0.9, only_for=_WARM, optional=True, help="share of all steps in which the rate rises"
    ),
    "drops": Hyperparameter(
        kind=int, low=1, high=20, only_for=_STEP, optional=True, help="times that the rate is lowered"
    ),
    "drop_factor": Hyperparameter(
        kind=float, low=1e-4, high=1.0, only_for=_STEP, optional=True, help="factor of the rate at each drop"
    ),
    "label_smoothing": Hyperparameter(
        kind=float, low=0.0, high=0.95, optional=True, help="share of the label spread evenly over all classes"
    ),
    "gradient_clipping": Hyperparameter(
        kind=float, low=0.0, high=1000.0, optional=True, help="largest norm of the gradient; 0 for any"
    ),
    "normalization": Hyperparameter(
        kind=str,
        choices=NORMALIZATION_NAMES,
        only_for={"architecture": ("mlp", "cnn")},
        optional=True,
        help="before each activation: over the mini-batch, or over the layer",
    ),
    "residual": Hyperparameter(
        kind=bool, only_for=_MLP, optional=True, help="hidden layers after the first add their input to their output"
    ),
    "convolution": Hyperparameter(
        kind=str,
        choices=CONVOLUTION_NAMES,
        only_for=_CNN,
        optional=True,
        help="of the blocks after the first; separable: each channel by itself, then all at each pixel",
    ),
    "global_pooling": Hyperparameter(
        kind=bool, only_for=_CNN, optional=True, help="average over all pixels before the hidden layer"
    ),
    "initialization": Hyperparameter(
        kind=str, choices=INITIALIZATION_NAMES, optional=True, help="how initial weights are drawn"
    ),
    "augmentation": Hyperparameter(
        kind=str, choices=AUGMENTATION_NAMES, optional=True, help="random change of each training mini-batch"
    ),
}


class OwnValues(Mapping[str, Value]):
    """The values of the hyperparameters of a network of the user's own, by name. Never changes."""

    __slots__ = ("_items",)

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        self._items = tuple((values or {}).items())

    def __getitem__(self, name: str) -> Value:
        return dict(self._items)[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items))

    def __repr__(self) -> str:
        return repr(dict(self._items))


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One value for every hyperparameter. The defaults are the baseline of the reference notebook.

    `HYPERPARAMETERS` has the range of each field. Fields whose conditions do not hold, for example `filters` of an mlp
    or `beta1` of SGD, have no effect.

    Attributes:
        own: the values of the hyperparameters of a network of the user's own; its architecture is its name.

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
    optimizer: str = "sgd"
    beta1: float = 0.9
    beta2: float = 0.999
    alpha: float = 0.99
    epsilon: float = 1e-8
    schedule: str = "constant"
    warmup: float = 0.0
    drops: int = 2
    drop_factor: float = 0.1
    label_smoothing: float = 0.0
    gradient_clipping: float = 0.0
    normalization: str = "none"
    residual: bool = False
    convolution: str = "full"
    global_pooling: bool = False
    initialization: str = "default"
    augmentation: str = "none"
    own: OwnValues = field(default_factory=OwnValues)

    def __post_init__(self) -> None:
        for name, hyperparameter in HYPERPARAMETERS.items():
            value = getattr(self, name)
            if not hyperparameter.accepts(value) and not (name == "architecture" and is_own(value)):
                raise ValueError(f"{name} = {value!r} is not allowed: it must be {hyperparameter.allowed}")

    def as_dict(self) -> dict[str, Value]:
        """List the values by name, in the order of the fields, without those of a network of the user's own."""
        return {name: getattr(self, name) for name in _FIELDS}

    @property
    def is_own(self) -> bool:
        """Tell whether it is of a network of the user's own."""
        return is_own(self.architecture)

    def only_built(self) -> Configuration:
        """Give only what a network of the user's own is built of, with defaults for how it is trained."""
        return Configuration(architecture=self.architecture, own=self.own, batch_size=self.batch_size)

    def only_sized(self) -> Configuration:
        """Give only what the size of its network depends on, with defaults for the rest."""
        if self.is_own:
            return self.only_built()
        names = (name for name in NETWORK_HYPERPARAMETERS if name not in WITHOUT_SIZE and self.counts(name))
        return Configuration(**{name: getattr(self, name) for name in names})

    @property
    def has_schedule(self) -> bool:
        """Tell whether the learning rate changes from step to step, so that a longer training begins differently."""
        return self.schedule != "constant" or self.warmup > 0

    def counting(self) -> dict[str, Value]:
        """List the values that count: those whose conditions hold, and those of a network of the user's own."""
        counted = {name: value for name, value in self.as_dict().items() if self.counts(name)}
        if not self.is_own:
            return counted
        common = {name: value for name, value in counted.items() if name not in NETWORK_HYPERPARAMETERS}
        return {"architecture": self.architecture, **self.own, **common}

    def used(self) -> dict[str, Value]:
        """List the values that count, without optional ones that have their default.

        Configurations with the same used values train alike.
        """
        return {
            name: value
            for name, value in self.counting().items()
            if name in self.own or not HYPERPARAMETERS[name].optional or value != _DEFAULTS[name]
        }

    def counts(self, name: str) -> bool:
        """Tell whether the conditions of a hyperparameter hold."""
        conditions = _CONDITIONS.get(name)  # most have none, and long leaderboards ask for all
        return conditions is None or all(getattr(self, parent) in allowed for parent, allowed in conditions)

    def to_plain(self) -> dict[str, Any]:
        """List all values by name; `from_dict` reads them back."""
        return {**self.as_dict(), "own": dict(self.own)} if self.is_own else {**self.as_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Configuration:
        """Make a configuration from values by name; names that are left out get the defaults.

        Args:
            values: of any type, since they may come from a file; a wrong type is an error.

        Raises:
            ValueError: a value has the wrong type or is out of range.
            TypeError: a name is no hyperparameter.
        """
        own = {"own": OwnValues(values["own"])} if "own" in values else {}
        return cls(**{**values, **own})


_CONDITIONS = {name: tuple(each.only_for.items()) for name, each in HYPERPARAMETERS.items() if each.only_for}
_FIELDS = tuple(each.name for each in dataclasses.fields(Configuration) if each.name != "own")
_DEFAULTS = Configuration().as_dict()


def is_own(architecture: object) -> bool:
    """Tell whether an architecture is a network of the user's own."""
    return isinstance(architecture, str) and OF_OWN in architecture
