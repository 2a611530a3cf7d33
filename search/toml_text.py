"""Parses TOML from files of users, which may hold anything; and writes paths of any bytes for TOML."""

from __future__ import annotations

import itertools
import os
import tomllib
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

MAX_NESTING = 20
BYTES_MARK = "file:"
"""Before a path whose bytes are written with percent escapes, as in the URL of a file (RFC 8089)."""


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


def path_to_text(path: str) -> str:
    """Write a path, or a text with a path in it, as text that TOML can hold: UTF-8 as it is, other bytes escaped."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return BYTES_MARK + quote_from_bytes(os.fsencode(path), safe="/:@?&=+*. ")
    return BYTES_MARK + quote_from_bytes(path.encode(), safe="/") if path.startswith(BYTES_MARK) else path


def path_from_text(text: str) -> str:
    """Read what `path_to_text` wrote."""
    return os.fsdecode(unquote_to_bytes(text[len(BYTES_MARK) :])) if text.startswith(BYTES_MARK) else text
