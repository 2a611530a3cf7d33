"""How the words of options are understood. Each error quotes what was given and says what is allowed."""

from __future__ import annotations

import re

import typer

DURATION = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>s|m|min|h)?")
SECONDS = {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600}


def whole_number(text: str) -> int:
    """Read a whole number.

    Raises:
        BadParameter: the text is none.
    """
    try:
        return int(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a whole number, such as 32") from error


def row_count(text: str) -> int:
    """Read a number of rows, 1 or more.

    Raises:
        BadParameter: the text is none.
    """
    rows = whole_number(text)
    if rows < 1:
        raise typer.BadParameter(f"{text} is not allowed: give 1 or more")
    return rows


def number(text: str) -> float:
    """Read a number.

    Raises:
        BadParameter: the text is none.
    """
    try:
        return float(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a number, such as 0.5") from error


def duration_s(text: str) -> float:
    """Read a duration in seconds: 90, 90s, 10m or 2h.

    Raises:
        BadParameter: the text is none.
    """
    found = DURATION.fullmatch(str(text).strip().lower())
    if found is None:
        raise typer.BadParameter(
            f"{text!r} is not a duration: give seconds, or a number with a unit, such as 90s, 10m or 2h"
        )
    return float(found["number"]) * SECONDS[found["unit"]]
