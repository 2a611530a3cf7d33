"""Changes of a space in a few words, such as learning_rate=0.001..0.01:log: read, checked and written again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packtune.errors import SpaceError, suggest_name
from packtune.models.configuration import HYPERPARAMETERS, Value
from packtune.models.hyperparameter import Hyperparameter
from packtune.models.own.hyperparameters import find_hyperparameter
from packtune.space.checks import check_domain
from packtune.space.domains import Choices, Domain, FloatRange, IntRange
from packtune.space.file import dimension_of

GivenChanges = Mapping[str, object] | Sequence[str]
"""Texts, or values by name: each a text after the "=", a value, a list of choices, or a table with low and high."""

Known = Mapping[str, Hyperparameter]
FORMS = "NAME=VALUE, NAME=VALUE,VALUE,... or NAME=LOW..HIGH, with :log or :linear after it"
RANGE = re.compile(r"(?P<low>[^:]+?)\.\.(?P<high>[^:]+)(?::(?P<scale>.*))?")
SCALES = {None: False, "linear": False, "log": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a hyperparameter may be from now on.

    Attributes:
        domain: the values.
        scaled: whether it was said if a range is even in the logarithm; if not, a range keeps the scale it had.
    """

    name: str
    domain: Domain
    scaled: bool = False

    def __str__(self) -> str:
        """Write it as `read_changes` reads it."""
        if isinstance(self.domain, Choices):
            return f"{self.name}={','.join(map(_value_text, self.domain.values))}"
        scale = ("linear", "log")[self.domain.log]
        return f"{self.name}={self.domain.low!r}..{self.domain.high!r}" + (f":{scale}" if self.scaled else "")


def read_changes(given: GivenChanges, known: Known = HYPERPARAMETERS) -> tuple[Change, ...]:
    """Read changes, in the order of their names.

    Args:
        known: all hyperparameters that there are.

    Raises:
        SpaceError: a name is unknown, a value is not allowed, or two changes contradict each other.
    """
    if isinstance(given, str):
        given = [given]
    if isinstance(given, Mapping):
        made = [_from_entry(name, entry, known) for name, entry in given.items()]
    else:
        made = [_from_text(text, known) for text in given]
    by_name: dict[str, Change] = {}
    for change in made:
        other = by_name.setdefault(change.name, change)
        if other != change:
            raise SpaceError(f"set {other} and set {change} contradict each other: give one of the two")
    return tuple(by_name[name] for name in sorted(by_name))


def _from_entry(name: str, entry: object, known: Known) -> Change:
    of = find_hyperparameter(f"set {name}", name, known)
    if isinstance(entry, str):
        return _from_text(f"{name}={entry}", known)
    dimension = dimension_of("given with set", name, entry, known)
    if dimension.when:
        raise SpaceError(f"set {name}: a condition is not allowed here: write a space of your own for that")
    return _checked(
        Change(name=name, domain=dimension.domain, scaled=isinstance(entry, Mapping) and "log" in entry), of
    )


def _from_text(text: str, known: Known) -> Change:
    name, equals, values = (part.strip() for part in text.partition("="))
    if not (name and equals and values):
        raise SpaceError(f"set {text!r} is not understood: give {FORMS}")
    of = find_hyperparameter(f"set {text}", name, known)
    found = RANGE.fullmatch(values) if of.kind in (int, float) else None
    if found is None:
        choices = Choices(values=tuple(read_value(name, each, of) for each in values.split(",")))
        return _checked(Change(name=name, domain=choices), of)
    if found["scale"] not in SCALES:
        raise SpaceError(f"set {text!r}: {found['scale']!r} is no scale: write :log or :linear, or neither")
    domain = _range(name, of, found["low"], found["high"], log=SCALES[found["scale"]])
    return _checked(Change(name=name, domain=domain, scaled=found["scale"] is not None), of)


def _range(name: str, of: Hyperparameter, low: str, high: str, *, log: bool) -> Domain:
    if of.kind is int:
        return IntRange(low=_whole(name, of, low), high=_whole(name, of, high), log=log)
    return FloatRange(low=_number(name, of, low), high=_number(name, of, high), log=log)


def read_value(name: str, text: str, of: Hyperparameter | None = None) -> Value:
    """Read one value of a hyperparameter, which may be outside its range.

    Args:
        of: what is known of the hyperparameter; none for one that packtune has itself.

    Raises:
        SpaceError: it is of another kind.
    """
    of = of or HYPERPARAMETERS[name]
    kind, text = of.kind, text.strip()
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise _refused(name, of, text)
        return text.lower() == "true"
    if kind is str:
        return text
    return _whole(name, of, text) if kind is int else _number(name, of, text)


def _whole(name: str, of: Hyperparameter, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _refused(name, of, text) from None


def _number(name: str, of: Hyperparameter, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _refused(name, of, text) from None


def _checked(change: Change, of: Hyperparameter) -> Change:
    """Refuse values that the hyperparameter cannot have."""
    for value in change.domain.bounds():
        if not of.accepts(value):
            raise _refused(change.name, of, _value_text(value))
    check_domain(f"set {change}", change.domain)
    return change


def _refused(name: str, of: Hyperparameter, text: str) -> SpaceError:
    near = suggest_name(text, of.choices).partition(" Allowed")[0] if of.choices else ""
    return SpaceError(f"set {name}={text.strip()} is not allowed: {name} must be {of.allowed}.{near}")


def _value_text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)
