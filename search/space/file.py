"""A space of the user's own, written as TOML. `packtune spaces --example` prints one."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path

import tomli_w

from packtune.errors import SpaceError, suggest_name
from packtune.models.configuration import HYPERPARAMETERS, Value
from packtune.models.hyperparameter import Hyperparameter
from packtune.models.own.hyperparameters import NetworkSpace, find_hyperparameter, hyperparameters_with, is_replaced
from packtune.space.domains import Choices, Dimension, Domain, FloatRange, IntRange
from packtune.space.space import Space
from packtune.toml_text import load_toml

EXAMPLE = """\
# Each hyperparameter has a value, a list of choices, or a range.
architecture = ["mlp", "cnn"]
batch_size = [32, 64, 128]
activation = "relu"
hidden_units = { low = 16, high = 256, log = true }
learning_rate = { low = 0.001, high = 1.0, log = true }
momentum = { low = 0.0, high = 0.95 }
filters = { choices = [8, 16], when = { architecture = "cnn" } }
"""

RANGE_KEYS = ("low", "high", "log", "when")
TABLE_KEYS = ("choices", "value", *RANGE_KEYS)


def read_space(path: Path, network: NetworkSpace | None = None) -> Space:
    """Read a space from a TOML file; `network` as in `parse_space`.

    Raises:
        SpaceError: the file cannot be read; it is no TOML, with line and column; or the space cannot be searched.
    """
    return parse_space(decode_space(read_bytes(path), str(path)), name=path.name, source=str(path), network=network)


def read_bytes(path: Path) -> bytes:
    """Read the file of a space.

    Raises:
        SpaceError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SpaceError(f"cannot read the space {path}: {error.strerror}: check the path") from error


def decode_space(content: bytes, source: str) -> str:
    """Decode the bytes of a file; `source` is what errors call it.

    Raises:
        SpaceError: it is not UTF-8.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content:
        raise SpaceError(f"space {source} is UTF-16 text, as some editors write it: save it as UTF-8")
    try:
        return content.decode("utf-8-sig")  # Notepad puts a byte-order mark first
    except UnicodeDecodeError as error:
        raise SpaceError(f"space {source} is not UTF-8 text (byte {error.start}): save it as UTF-8") from error


def parse_space(text: str, *, name: str, source: str, network: NetworkSpace | None = None) -> Space:
    """Make a space from TOML text; `source` is what errors call it.

    Args:
        network: a network of the user's own, whose hyperparameters may be in it.

    Raises:
        SpaceError: see `read_space`.
    """
    try:
        table = load_toml(text)
    except ValueError as error:
        what = str(error).replace("at end of document", f"at {_end_of(text)}, the end of the file")
        raise SpaceError(
            f"space {source} is not valid TOML: {what}. Mend that place; an example:\n{EXAMPLE}"
        ) from error
    return make_space(table, name=name, source=source, network=network)


def make_space(table: Mapping[str, object], *, name: str, source: str, network: NetworkSpace | None = None) -> Space:
    """Make a space from a table like that of a file.

    Args:
        source: what errors call the table.
        network: see `parse_space`. It gets the place of built-in networks, with their hyperparameters.

    Raises:
        SpaceError: the space cannot be searched.
    """
    known = hyperparameters_with(network)
    given = {key: value for key, value in table.items() if network is None or key in known or not is_replaced(key)}
    dimensions = tuple(dimension_of(source, k, form, known) for k, value in given.items() for form in _forms(value))
    return Space(name=name, dimensions=dimensions, description=f"from {source}", network=network)


def _forms(entry: object) -> Sequence[object]:
    """Give the forms of a hyperparameter: a list of tables has several."""
    if isinstance(entry, list | tuple) and entry and all(isinstance(each, Mapping) for each in entry):
        return entry
    return [entry]


def space_to_toml(space: Space) -> str:
    """Write the dimensions of a space as TOML; `parse_space` reads them back."""
    forms: dict[str, list[dict[str, object]]] = {}
    for dimension in space.dimensions:
        forms.setdefault(dimension.name, []).append(_entry(dimension))
    return tomli_w.dumps({name: entries if len(entries) > 1 else entries[0] for name, entries in forms.items()})


def _entry(dimension: Dimension) -> dict[str, object]:
    domain = dimension.domain
    entry: dict[str, object] = (
        {"choices": list(domain.values)}
        if isinstance(domain, Choices)
        else {"low": domain.low, "high": domain.high, "log": domain.log}
    )
    if dimension.when:
        entry["when"] = {name: list(values) for name, values in dimension.when.items()}
    return entry


def _end_of(text: str) -> str:
    lines = text.split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"


def dimension_of(
    source: str, name: str, entry: object, known: Mapping[str, Hyperparameter] = HYPERPARAMETERS
) -> Dimension:
    """Make a hyperparameter of a space from its entry in a table.

    Args:
        source: what errors call the table.
        entry: a value, a list of choices, or a table with `value`, `choices`, or `low` and `high`.
        known: all hyperparameters that there are.

    Raises:
        SpaceError: there is no such hyperparameter, or the entry is not understood.
    """
    hyperparameter = find_hyperparameter(f"space {source}", name, known)
    where = f"space {source}, hyperparameter {name!r}"
    if isinstance(entry, list | tuple):
        entry = {"choices": list(entry)}
    if not isinstance(entry, dict):
        entry = {"value": entry}
    for key in entry:
        if key not in TABLE_KEYS:
            raise SpaceError(f"{where}: unknown key {key!r}.{suggest_name(key, TABLE_KEYS)}")
    return Dimension(
        name=name, domain=_domain(where, hyperparameter, entry), when=_condition(where, entry.get("when", {}))
    )


def _domain(where: str, of: Hyperparameter, entry: Mapping[str, object]) -> Domain:
    kinds = [key for key in ("value", "choices", "low") if key in entry]
    if len(kinds) != 1 or ("low" in entry) != ("high" in entry) or ("log" in entry and "low" not in entry):
        raise SpaceError(f"{where}: give one of: value = ..., choices = [...], or low = ... with high = ...")
    if "value" in entry:
        return Choices(values=(_scalar(where, of, entry["value"]),))
    if "choices" in entry:
        choices = entry["choices"]
        if not isinstance(choices, list | tuple):
            raise SpaceError(f"{where}: choices = {choices!r} is not a list: write choices = [...]")
        return Choices(values=tuple(_scalar(where, of, value) for value in choices))
    return _range(where, of, entry)


def _range(where: str, of: Hyperparameter, entry: Mapping[str, object]) -> Domain:
    low, high = (_scalar(where, of, entry[key]) for key in ("low", "high"))
    log = entry.get("log", False)
    if not isinstance(log, bool):
        raise SpaceError(f"{where}: log = {log!r} is not allowed: it must be true or false")
    kind = of.kind
    if kind is int and isinstance(low, int) and isinstance(high, int):
        return IntRange(low=low, high=high, log=log)
    if kind is float and isinstance(low, int | float) and isinstance(high, int | float):
        return FloatRange(low=float(low), high=float(high), log=log)
    allowed = of.allowed
    raise SpaceError(f"{where}: low = {low!r}, high = {high!r} is no range of it: it must be {allowed}")


def _scalar(where: str, of: Hyperparameter, value: object) -> Value:
    # A value in Python may be of a subclass, such as NumPy's float64: a plain one is kept.
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            # TOML tells 1 from 1.0, but a learning rate of 1 is a number like any other.
            is_number = kind is int and of.kind is float
            return float(value) if is_number else kind(value)
    raise SpaceError(f"{where}: {value!r} is not a single value: it must be {of.allowed}")


def _condition(where: str, entry: object) -> dict[str, tuple[Value, ...]]:
    if not isinstance(entry, dict):
        raise SpaceError(f'{where}: when = {entry!r} is no table: write when = {{ architecture = "cnn" }}')
    return {name: tuple(value) if isinstance(value, list | tuple) else (value,) for name, value in entry.items()}
