"""Which rows of a reproduction are asked for: systems, or rows of them as the table names them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packtune.data.catalog import DATASETS
from packtune.errors import SettingsError, suggest_name
from packtune.reproduction.notebook import NAMES, NUMPY, SYSTEMS

Key = tuple[str, str, str]
"""System, configuration and output; empty for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is asked for.

    Attributes:
        systems: in the notebook's order. Each is trained whole, as its configurations train together.
        keys: the rows to be shown.
    """

    systems: tuple[str, ...]
    keys: frozenset[Key]

    def shows(self, system: str, configuration: str, output: str) -> bool:
        """Tell whether a row was asked for."""
        names = (system, configuration, output)
        return any(all(a in ("", b) for a, b in zip(key, names, strict=True)) for key in self.keys)

    @property
    def in_part(self) -> tuple[str, ...]:
        """The systems of which only some rows were asked for."""
        whole = {system for system, configuration, output in self.keys if not configuration and not output}
        return tuple(system for system in self.systems if system not in whole)


def select(given: Sequence[str]) -> Selection:
    """Find what is asked for, such as "hidden-10", "hidden-10/baseline" or "overlap-mlp/baseline upper".

    Args:
        given: names of systems, or of rows as the table has them; empty for everything.

    Raises:
        SettingsError: no system or row has one of the names.
    """
    keys = frozenset(_key(name) for name in given or NAMES)
    asked = {system for system, _, _ in keys}
    return Selection(systems=tuple(name for name in NAMES if name in asked), keys=keys)


def _key(name: str) -> Key:
    row, _, output = name.partition(" ")
    system, slash, configuration = row.partition("/")
    is_known = (
        system in NAMES
        and (not slash or configuration in _configurations(system))
        and (not output or output in _outputs(system))
    )
    if not is_known:
        rows = [f"{system}/{label}" for system in NAMES for label in _configurations(system)]
        raise SettingsError(f"unknown system {name!r}.{suggest_name(name, [*NAMES, *rows])}")
    return system, configuration, output


def _configurations(system: str) -> Iterable[str]:
    return ("baseline",) if system == NUMPY else SYSTEMS[system].rows


def _outputs(system: str) -> Sequence[str]:
    return () if system == NUMPY else DATASETS[SYSTEMS[system].data].description.head_names
