"""Records as JSON: numbers in full, `null` for what is not known, and never NaN."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path

from packtune.data.files import readable

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""What JSON has types for."""


def to_json(value: object) -> str:
    """Write a record, or what holds records, as JSON for programs.

    Letters beyond ASCII are escaped, so that the text is the same in every terminal.
    """
    return json.dumps(plain(value), indent=2, allow_nan=False)


def plain(value: object) -> Plain:
    """Give a value with JSON's types only.

    A record becomes an object with the names of its fields, a path its text, a time ISO 8601; a number that is none or
    infinite becomes null.

    Raises:
        TypeError: there is something else in it.
    """
    if value is None or isinstance(value, bool | int) or type(value) is str:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Path):
        return readable(str(value))
    return _plain_parts(value)


def _plain_parts(value: object) -> Plain:
    if dataclasses.is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(each) for each in value]
    raise TypeError(f"JSON has no type for {type(value).__name__}")
