"""The names of inputs and outputs of an ONNX graph: no two alike, whatever the columns of a table are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

IMAGES, UNNAMED = "images", "unnamed"
LABEL, PROBABILITIES, LOGITS = "label", "probabilities", "logits"
PREFIX = "packtune/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names in a graph.

    Attributes:
        inputs: of the columns, in the order of the preparation; or of the images.
        label, probabilities, logits: of the outputs; with underscores where a column is called so.
        prefix: of everything else; no input or output begins with it.
    """

    inputs: tuple[str, ...]
    label: str
    probabilities: str
    logits: str
    prefix: str

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs, in their order."""
        return self.label, self.probabilities, self.logits


def names_of(columns: Sequence[str] | None) -> Names:
    """Choose the names.

    Args:
        columns: names of the columns of a table; none for images.
    """
    inputs = [IMAGES] if columns is None else name_apart([_in_utf8(name) or UNNAMED for name in columns], [])
    label, probabilities, logits = name_apart([LABEL, PROBABILITIES, LOGITS], inputs)
    prefix = PREFIX
    while any(name.startswith(prefix) for name in inputs):
        prefix = f"_{prefix}"
    return Names(inputs=tuple(inputs), label=label, probabilities=probabilities, logits=logits, prefix=prefix)


def name_apart(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Add underscores to names until they differ from those that are taken, and from each other."""
    known, apart = set(taken), []
    for name in names:
        while name in known:
            name += "_"
        known.add(name)
        apart.append(name)
    return apart


def _in_utf8(name: str) -> str:
    """Write what UTF-8 lacks as backslash escapes: names in a graph are UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()
