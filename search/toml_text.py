"""Parses TOML from files of users, which may hold anything."""

from __future__ import annotations

import itertools
import tomllib
from typing import Any

MAX_NESTING = 20


def load_toml(text: str) -> dict[str, Any]:
    """Parse TOML, with whole numbers of at most 64 bits, as the format has them.

    Raises:
        ValueError: the text is no TOML, has a larger number, or nests tables or lists more than MAX_NESTING deep.
    """
    too_large = "a whole number has more than 64 bits"
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ValueError as error:  # from int(), which refuses thousands of digits
        raise ValueError(too_large) from error
    layer: list[Any] = [table]
    for _ in range(MAX_NESTING):
        if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in layer):
            raise ValueError(too_large)
        nested = [
            value.values() if isinstance(value, dict) else value for value in layer if isinstance(value, dict | list)
        ]
        layer = list(itertools.chain.from_iterable(nested))
    if layer:
        raise ValueError("nested too deeply")
    return table
