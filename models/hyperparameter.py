"""What is known of a hyperparameter: the values that it may take, and where it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameter:
    """What values a hyperparameter may take.

    Attributes:
        kind: `int`, `float`, `bool` or `str`.
        low, high: inclusive bounds of a number.
        choices: the allowed words if the kind is `str`.
        only_for: the values of other hyperparameters with which this one counts, by their names; empty for always.
        optional: whether lists and tables leave it out where it has its default: training then is as if it did not
            exist.
        help: a description of one line.
    """

    kind: type
    help: str
    only_for: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.kind is bool:
            return "true or false"
        if self.choices:
            return "one of " + ", ".join(self.choices)
        return f"{_article(self.kind)} from {self.low:g} to {self.high:g}"

    def accepts(self, value: object) -> bool:
        """Tell whether `value` has the right type and is in the range."""
        if self.kind is bool or isinstance(value, bool):
            return self.kind is bool and isinstance(value, bool)
        if self.kind is str:
            return value in self.choices
        if self.kind is int and not isinstance(value, int):
            return False
        if not isinstance(value, int | float) or self.low is None or self.high is None:
            return False
        return self.low <= value <= self.high  # false for NaN

    @property
    def where(self) -> str:
        """Where it counts, in words: "mlp" of an architecture, "optimizer adam" of others; "all" for always."""
        names = {parent: ", ".join(allowed) for parent, allowed in self.only_for.items()}
        return "; ".join(t if n == "architecture" else f"{n} {t}" for n, t in names.items()) or "all"


def _article(kind: type) -> str:
    return "a whole number" if kind is int else "a number"
