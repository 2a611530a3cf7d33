"""What the values of a model file may be. They come from a file, so that nothing is taken for granted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from packtune.data.description import PIXEL_SCALE
from packtune.models.training.metrics.catalog import Metric

Values = dict[str, Any]
"""What a file holds; the types are checked before they are used."""
Fields = Mapping[str, tuple[tuple[type, ...], str, Callable[[Any], bool]]]
"""Of each value: its types, what it must be in words, and whether it is that."""

MAX_SHOWN = 300
MAX_MEMBERS = 1_000
_SIZE = ((int,), "a whole number above 0", lambda value: value > 0)
_COUNT = ((int,), "a whole number, 0 or more", lambda value: value >= 0)

FIELDS: Fields = {
    "input_shape": ((list,), "one or three whole numbers above 0", lambda shape: _is_shape(shape)),
    "heads": ((list,), "a list of names, each with the names of its classes", lambda heads: _are_heads(heads)),
    "factors": ((list,), "a list of numbers", lambda values: _are_numbers(values)),
    "offsets": ((list,), "a list of numbers", lambda values: _are_numbers(values)),
    "preparation": ((str,), "a text", lambda text: True),
    "trained_on": ((str,), "a name", lambda name: True),
    "epochs": _COUNT,
    "trial": _COUNT,
    "seed": _COUNT,
    "validation_accuracy": (
        (float, type(None)),
        "a number from 0 to 1, or nothing",
        lambda value: value is None or 0 <= value <= 1,
    ),
}
MEASURED: Fields = {
    "metric": ((str,), "the name of a metric", lambda name: name in list(Metric)),
    "validation_score": ((float,), "a number, 0 or more", lambda value: 0 <= value < math.inf),
}
"""What a file has besides if the search went by another metric than accuracy."""
ENSEMBLE: Fields = {
    "members": (
        (list,),
        f"a list of 2 to {MAX_MEMBERS:,} whole numbers, 0 or more",
        lambda seeds: 2 <= len(seeds) <= MAX_MEMBERS and all(type(seed) is int and seed >= 0 for seed in seeds),
    ),
}
"""What the file of an ensemble has besides."""
FIRST_FIELDS: Fields = {
    "height": _SIZE,
    "width": _SIZE,
    "classes": _SIZE,
    "head_names": ((list,), "a list of names", lambda names: names and all(type(name) is str for name in names)),
    "pixel_scale": ((int,), f"{PIXEL_SCALE}", lambda value: value == PIXEL_SCALE),
}
"""What a file of the first version has in the place of some others."""


def check(values: Values, fields: Fields) -> None:
    """Make sure that values are what they must be.

    Raises:
        KeyError: one is missing.
        ValueError: one is not allowed.
    """
    for name, (kinds, allowed, accepts) in fields.items():
        if type(values[name]) not in kinds or not accepts(values[name]):
            raise ValueError(f"{name} = {show(repr(values[name]))} is not allowed: it must be {allowed}")


def show(value: object) -> str:
    """Cut text from a file, and replace control characters, before it is shown in a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value)[:MAX_SHOWN])


def _is_shape(sizes: list[object]) -> bool:
    return len(sizes) in (1, 3) and all(type(size) is int and size > 0 for size in sizes)


def _are_heads(heads: list[object]) -> bool:
    return bool(heads) and all(map(_is_head, heads))


def _is_head(head: object) -> bool:
    if type(head) is not list or len(head) != 2:
        return False
    name, classes = head
    return type(name) is str and type(classes) is list and bool(classes) and all(type(c) is str for c in classes)


def _are_numbers(values: list[object]) -> bool:
    return bool(values) and all(type(value) is float and math.isfinite(value) for value in values)
