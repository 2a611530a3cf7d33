"""The built-in spaces by name."""

from __future__ import annotations

from pathlib import Path

from packtune.errors import SpaceError, suggest_name
from packtune.models.configuration import Value
from packtune.models.own.hyperparameters import NetworkSpace
from packtune.protocol import Protocol
from packtune.space.builtin.broad import broad_dimensions
from packtune.space.builtin.notebook import BASELINE, CHANGES, HIDDEN_UNITS, NOTEBOOK_SPACES
from packtune.space.builtin.optimizers import optimizer_dimensions
from packtune.space.builtin.sgd import sgd_dimensions
from packtune.space.builtin.wide import wide_dimensions
from packtune.space.domains import Choices, Dimension
from packtune.space.file import read_space
from packtune.space.space import Space

BEFORE_RENAMING = ("", "0.1.0")
"""Versions of packtune in which the space `sgd` was called `wide`."""


def _grid_dimensions() -> tuple[Dimension, ...]:
    changing = [Dimension(name=name, domain=Choices(values=(BASELINE[name], CHANGES[name]))) for name in BASELINE]
    return Dimension(name="hidden_units", domain=Choices(values=HIDDEN_UNITS)), *changing


def _one_at_a_time() -> tuple[dict[str, Value], ...]:
    rows = [BASELINE, *({**BASELINE, name: value} for name, value in CHANGES.items())]
    return tuple({"hidden_units": units, **row} for units in HIDDEN_UNITS for row in rows)


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
        dimensions=sgd_dimensions(),
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
