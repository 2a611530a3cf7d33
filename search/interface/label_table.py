"""The table of predictions: a row an example, with the names of its classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from packtune.data.description import Head
from packtune.data.files import readable
from packtune.models.trained_model import Labels

PROBABILITY_DIGITS = 4
WHOLE_NUMBER = re.compile(r"0|-?[1-9]\d{0,17}")
PROBABILITY, NOTE = "probability", "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Labels of examples.

    Attributes:
        labels: a row for each example: its name (`image`) or its number from 0 (`row`), its class for each head, the
            `probability` of all its classes together by the network, 0 to 1, a column for each class if asked for, and
            a `note` where the label is missing or doubtful.
        summary: what was done to the examples and what was left out; empty if there is nothing to say.
        unreadable: how many examples could not be read, or do not fit the model.
    """

    labels: pd.DataFrame
    summary: str
    unreadable: int = 0


def label_table(
    title: str,
    names: Sequence[str | int],
    labels: Labels,
    heads: Sequence[Head],
    notes: Sequence[str],
    *,
    probabilities: bool = False,
) -> pd.DataFrame:
    """Make the table.

    Args:
        title: of the first column, which has the names of examples.
        names, notes: n of each.
        labels: of n examples.
        heads: of the model; a head whose classes are whole numbers gets a column of Int64, others one of words.
        probabilities: whether to add a column for each class.
    """
    numbers, taken = labels.labels.numpy(), {title, PROBABILITY, NOTE}
    said = _name_apart([readable(head.name) for head in heads], taken)
    columns: dict[str, object] = {title: list(names)}
    columns |= {name: _classes(numbers[:, index], heads[index]) for index, name in enumerate(said)}
    columns[PROBABILITY] = labels.joint.numpy().round(PROBABILITY_DIGITS)
    if probabilities:
        names_of_classes = _name_apart(_class_names(heads), taken)
        columns |= dict(zip(names_of_classes, _class_columns(labels, heads), strict=True))
    return pd.DataFrame({**columns, NOTE: list(notes)})


def _classes(numbers: npt.NDArray[np.int64], head: Head) -> pd.Series:
    """Give the names of classes; nothing where there is no label."""
    if all(map(WHOLE_NUMBER.fullmatch, head.classes)):
        values = np.array([*map(int, head.classes), 0], dtype=np.int64)[numbers]
        return pd.Series(values, dtype="Int64").mask(numbers < 0)
    return pd.Series(np.array([*head.classes, None], dtype=object)[numbers], dtype=object)


def _class_names(heads: Sequence[Head]) -> list[str]:
    """Name a column for each class after it, and after its head too where there are several."""
    prefixes = [f"{readable(head.name)}=" if len(heads) > 1 else "" for head in heads]
    return [f"{prefix}{name}" for prefix, head in zip(prefixes, heads, strict=True) for name in head.classes]


def _class_columns(labels: Labels, heads: Sequence[Head]) -> list[npt.NDArray[np.float64]]:
    rounded = labels.probabilities.numpy().round(PROBABILITY_DIGITS)
    return [rounded[:, index, number] for index, head in enumerate(heads) for number in range(len(head.classes))]


def _name_apart(names: Sequence[str], taken: set[str]) -> list[str]:
    """Add underscores to names until they differ from those that are taken, and from each other."""
    apart = []
    for name in names:
        while name in taken:
            name += "_"
        taken.add(name)
        apart.append(name)
    return apart
