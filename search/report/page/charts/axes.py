"""Axes: where a value lies, from 0 to 1, and which ticks are written beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from packtune.report.page.charts.numbers import even, log_ticks, nice_ticks, short

Value = bool | int | float | str
LONGEST_LABEL = 14
"""Letters of a tick's label; a longer one is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis: its place from 0 to 1, and its text."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis.

    Attributes:
        label: what it shows, with its unit.
        place: gives the place of a value, 0 at the beginning and 1 at the end.
        categories: the number of words on it; 0 of numbers.
    """

    label: str
    ticks: tuple[Tick, ...]
    place: Callable[[Value], float]
    categories: int = 0


def whole_axis(label: str, low: int, high: int) -> Axis:
    """Make an axis of whole numbers from low to high, whose ticks are whole as well."""
    axis = linear_axis(label, low - 0.25, high + 0.25)
    whole = [value for value in nice_ticks(low, high) if value == round(value)]
    if high - low < 5:
        whole = [float(value) for value in range(low, high + 1)]
    return replace(axis, ticks=_ticks(whole, axis.place, list(map(short, whole))))


def linear_axis(label: str, low: float, high: float, *, n_ticks: int = 5) -> Axis:
    """Make an axis of numbers from low to high; one number alone lies in its middle."""
    if not high > low:
        margin = abs(low) * 0.1 or 1.0
        low, high = low - margin, high + margin
    values = nice_ticks(low, high, n_ticks)

    def place(value: Value) -> float:
        return (float(value) - low) / (high - low)

    return Axis(label=label, ticks=_ticks(values, place, even(values)), place=place)


def log_axis(label: str, low: float, high: float) -> Axis:
    """Make an axis on which equal factors are equally long.

    Args:
        low, high: above 0.
    """
    if not high > low:
        low, high = low / 3, high * 3
    values, span = log_ticks(low, high), math.log(high / low)

    def place(value: Value) -> float:
        return math.log(max(float(value), low * 1e-9) / low) / span

    return Axis(label=label, ticks=_ticks(values, place, list(map(short, values))), place=place)


def category_axis(label: str, values: Sequence[Value]) -> Axis:
    """Make an axis of words, each in the middle of a part of equal width."""
    places = {_key(value): (index + 0.5) / len(values) for index, value in enumerate(values)}

    def place(value: Value) -> float:
        return places[_key(value)]

    return Axis(label=label, ticks=_ticks(values, place, list(map(word, values))), place=place, categories=len(values))


def fitting_axis(label: str, values: Iterable[float], *, margin: float = 0.04, log: bool = False) -> Axis:
    """Make an axis that holds some numbers, with a margin at both ends."""
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if log and low > 0:
        factor = (high / low) ** margin
        return log_axis(label, low / factor, high * factor)
    room = (high - low) * margin
    return linear_axis(label, low - room, high + room)


def word(value: Value) -> str:
    """Write a value as the label of a tick; a long word is cut."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return short(value)
    return value if len(value) <= LONGEST_LABEL else value[: LONGEST_LABEL - 1] + "…"


def _ticks(values: Sequence[Value], place: Callable[[Value], float], labels: Sequence[str]) -> tuple[Tick, ...]:
    return tuple(Tick(at=place(value), label=label) for value, label in zip(values, labels, strict=True))


def _key(value: Value) -> tuple[bool, Value]:
    """Keep true and 1 apart."""
    return isinstance(value, bool), value
