"""The hyperparameters of a network of the user's own, which a space has in the place of those of built-in ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packtune.errors import SpaceError, suggest_name
from packtune.models.configuration import HYPERPARAMETERS, NETWORK_HYPERPARAMETERS, Value
from packtune.models.hyperparameter import Hyperparameter

COMMON = {name: each for name, each in HYPERPARAMETERS.items() if name not in NETWORK_HYPERPARAMETERS}
"""The hyperparameters of every training."""
COLUMNS = (
    *("rank", "run", "data", "trial", "state", "epochs", "replicates", "diverged", "parameters", "architecture"),
    *("seed", "seconds", "device", "reason", "tie", "trainings", "collapsed", "epoch", "accuracy"),
)
"""Columns of tables, which no hyperparameter may be named like."""
MOST = 1e300
KINDS: tuple[type, ...] = (bool, int, float, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpace:
    """What a space knows of a network of the user's own.

    Attributes:
        file: where it comes from, for people.
        architecture: its name in configurations.
        digest: SHA-256 of its source.
        hyperparameters: what values each may take, by name.
        table: the values that may be proposed, as in the file of a space.
    """

    file: str
    architecture: str
    digest: str
    hyperparameters: Mapping[str, Hyperparameter]
    table: Mapping[str, object]

    @property
    def is_of_file(self) -> bool:
        """Tell whether a command can name it; one that comes from a function of a program has no file of its own."""
        return self.file.endswith(".py")


def network_space(*, file: str, architecture: str, digest: str, table: Mapping[str, object]) -> NetworkSpace:
    """Describe a network by its table of hyperparameters.

    Raises:
        SpaceError: a name is taken, or a hyperparameter has no values.
    """
    for name in table:
        _check_name(file, name)
    hyperparameters = {name: _hyperparameter(file, name, entry) for name, entry in table.items()}
    return NetworkSpace(
        file=file, architecture=architecture, digest=digest, hyperparameters=hyperparameters, table=dict(table)
    )


def _check_name(file: str, name: str) -> None:
    if name in COMMON:
        raise SpaceError(
            f"{file}: the hyperparameter {name!r} hides the common one of this name ({COMMON[name].help}): give it "
            "another name, such as network_" + name
        )
    if name in COLUMNS or name.startswith(("validation_", "test_")):
        raise SpaceError(
            f"{file}: the hyperparameter {name!r} has the name of a column of tables: give it another name"
        )


def _hyperparameter(file: str, name: str, entry: object) -> Hyperparameter:
    values = _values_of(entry)
    kinds = {kind for value in values for kind in KINDS if type(value) is kind}
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) != 1:
        raise SpaceError(
            f"{file}, hyperparameter {name!r}: {entry!r} is not understood: give a value, a list of values of one "
            'type, or {"low": ..., "high": ...}, with "log": True to draw evenly in the logarithm'
        )
    kind = kinds.pop()
    words = tuple(str(value) for value in values) if kind is str else ()
    return Hyperparameter(kind=kind, low=-MOST, high=MOST, choices=words, help=f"of {file}")


def _values_of(entry: object) -> list[object]:
    """List the values that an entry names."""
    if isinstance(entry, Mapping):
        named = [entry[key] for key in ("value", "low", "high") if key in entry]
        return named + _values_of(entry["choices"]) if "choices" in entry else named
    return list(entry) if isinstance(entry, list | tuple) else [entry]


def find_hyperparameter(where: str, name: str, known: Mapping[str, Hyperparameter]) -> Hyperparameter:
    """Find a hyperparameter by name.

    Args:
        where: how an error begins.

    Raises:
        SpaceError: there is none of that name.
    """
    if name not in known:
        raise SpaceError(f"{where}: unknown hyperparameter {name!r}.{suggest_name(name, known)}")
    return known[name]


def hyperparameters_with(network: NetworkSpace | None) -> Mapping[str, Hyperparameter]:
    """Give all hyperparameters that a space may have."""
    return HYPERPARAMETERS if network is None else {**network.hyperparameters, **COMMON}


def is_replaced(name: str) -> bool:
    """Tell whether a hyperparameter is one of built-in networks alone."""
    return name in NETWORK_HYPERPARAMETERS


def own_values(network: NetworkSpace, values: Mapping[str, Value]) -> dict[str, Value]:
    """Give those values that are of the network, in its order."""
    return {name: values[name] for name in network.hyperparameters if name in values}
