"""The columns of hyperparameters in tables: those of every training, and those of networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packtune.models.configuration import HYPERPARAMETERS, NETWORK_HYPERPARAMETERS, Configuration

FIRST = ("architecture", "learning_rate", "hidden_units", "batch_size")
ORDER = (*FIRST, *(name for name in HYPERPARAMETERS if name not in FIRST))
"""The hyperparameters as tables have them: those that most often decide come first."""
WHOLE = "Int64"
"""The dtype of whole numbers, which has a place for missing ones."""
DTYPES: dict[type, str] = {int: WHOLE, float: "float64", bool: "boolean", str: "str"}


def hyperparameter_columns(configurations: Iterable[Configuration]) -> list[str]:
    """List the hyperparameters that a table has, in their order.

    Optional ones are left out that have their defaults in all configurations; and those of built-in networks, where all
    networks are the user's own.
    """
    given = list(configurations)
    used = {name for configuration in given for name in configuration.used()}
    own = dict.fromkeys(name for configuration in given for name in configuration.own)
    only_own = bool(given) and all(configuration.is_own for configuration in given)
    unused = {name for name, entry in HYPERPARAMETERS.items() if entry.optional and name not in used}
    unused |= {name for name in NETWORK_HYPERPARAMETERS if only_own and name not in used}
    common = [name for name in ORDER if name not in unused and name not in own]
    return [*common[:1], *own, *common[1:]]


def dtype_of(name: str, cells: Sequence[object]) -> str | None:
    """Give the dtype of the column of a hyperparameter; none if it is no hyperparameter's.

    Args:
        cells: of the column; none, or not a number, where a configuration does not have it.
    """
    kinds = {type(cell) for cell in cells if cell is not None and cell == cell}
    if name in HYPERPARAMETERS and kinds <= {HYPERPARAMETERS[name].kind}:
        return DTYPES[HYPERPARAMETERS[name].kind]
    return next((DTYPES[kind] for kind in (int, float, bool) if kinds == {kind}), None)
