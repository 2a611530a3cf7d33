"""The built-in spaces by name."""

from __future__ import annotations

from pathlib import Path

from packtune.errors import SpaceError, suggest_name
from packtune.models.configuration import ACTIVATION_NAMES, Value
from packtune.models.own.hyperparameters import NetworkSpace
from packtune.protocol import Protocol
from packtune.space.broad import broad_dimensions
from packtune.space.domains import Choices, Dimension, Domain, FloatRange, IntRange
from packtune.space.file import read_space
from packtune.space.notebook import BASELINE, CHANGES, HIDDEN_UNITS, NOTEBOOK_SPACES
from packtune.space.optimizers import optimizer_dimensions
from packtune.space.space import Space
from packtune.space.wide import wide_dimensions

BEFORE_RENAMING = ("", "0.1.0")
"""Versions of packtune in which the space `sgd` was called `wide`."""


def _grid_dimensions() -> tuple[Dimension, ...]:
    changing = [Dimension(name=name, domain=Choices(values=(BASELINE[name], CHANGES[name]))) for name in BASELINE]
    return Dimension(name="hidden_units", domain=Choices(values=HIDDEN_UNITS)), *changing


def _one_at_a_time() -> tuple[dict[str, Value], ...]:
    rows = [BASELINE, *({**BASELINE, name: value} for name, value in CHANGES.items())]
    return tuple({"hidden_units": units, **row} for units in HIDDEN_UNITS for row in rows)


def _sgd_dimensions() -> tuple[Dimension, ...]:
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


SPACES: dict[str, Space] = {
    "mini-grid": Space(
        name="mini-grid",
        description="the notebook's ten: a baseline and four one-at-a-time changes, at 10 and 128 hidden units",
        dimensions=_grid_dimensions(),
        listed=_one_at_a_time(),
        protocol=Protocol.NOTEBOOK,
    ),
    "grid": Space(
        name="grid",
        description="the full factorial of the same values",
        protocol=Protocol.NOTEBOOK,
        dimensions=_grid_dimensions(),
    ),
    "wide": Space(
        name="wide",
        description="mlp or cnn, their sizes, normalization, shifted images, and what AdamW needs",
        dimensions=wide_dimensions(),
    ),
    "sgd": Space(
        name="sgd",
        description="mlp or cnn, their sizes, and every hyperparameter of SGD",
        dimensions=_sgd_dimensions(),
    ),
    "optimizers": Space(
        name="optimizers",
        description="mlps trained by sgd, adam, adamw or rmsprop, each with its own ranges, and schedules",
        dimensions=optimizer_dimensions(),
    ),
    "broad": Space(
        name="broad",
        description="mlp or cnn, with normalization, optimizers, schedules and augmentation, as the data allow",
        dimensions=broad_dimensions(),
    ),
}


def load_space(name: str, network: NetworkSpace | None = None) -> Space:
    """Find a built-in space, or read a file if `name` ends in `.toml`.

    Args:
        network: a network of the user's own, whose hyperparameters may be in a file.

    Raises:
        SpaceError: no such space, or a file that cannot be used.
    """
    known = SPACES | NOTEBOOK_SPACES
    if name in known:
        return known[name]
    if is_file(name):
        return read_space(Path(name), network)
    if Path(name).suffix or Path(name).exists():
        raise SpaceError(f"{name} is no space: the file of a space is TOML, and its name ends in .toml")
    raise SpaceError(f"unknown space {name!r}.{suggest_name(name, known)} Or give a file of your own, NAME.toml.")


def name_now(name: str, version: str) -> str:
    """Give the name that a space has today, so that the runs of older versions keep theirs.

    Args:
        version: of packtune that began the run; empty if it is not known.
    """
    return "sgd" if name == "wide" and version in BEFORE_RENAMING else name


def is_file(name: str) -> bool:
    """Tell whether a space is a user's file rather than a built-in one."""
    return name.endswith(".toml")
