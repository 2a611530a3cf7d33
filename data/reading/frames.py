"""Tables of pandas that a Python program has already, with their labels in them or beside them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

from packtune.data.options import DataOptions
from packtune.data.reading.raw import TRAIN, RawData
from packtune.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

LABEL = "label"
"""What the labels beside a table mean, if they have no name."""


def is_frame(data: object) -> TypeGuard[pd.DataFrame]:
    """Tell whether something is a DataFrame of pandas."""
    pandas = sys.modules.get("pandas")  # who has a table has imported it
    return pandas is not None and isinstance(data, pandas.DataFrame)


def from_frames(splits: Mapping[str, tuple[object, object]], options: DataOptions) -> RawData:
    """Read tables, each with its labels beside it, or with none if they are columns of it.

    Args:
        splits: by the split's name, a DataFrame, and labels or None.
        options: the targets, if they are columns, and the group.

    Raises:
        DataError: labels do not fit, or the splits differ in their columns; see also `frame_to_raw`.
        SettingsError: a target or the group is no column.
    """
    read = {split: _read(split, frame, labels, options) for split, (frame, labels) in splits.items()}
    for split, raw in read.items():
        _check_columns(split, raw, read[TRAIN])
    notes = dict.fromkeys(note for raw in read.values() for note in raw.notes)
    made = {split: raw.splits[TRAIN] for split, raw in read.items()}
    return replace(read[TRAIN], splits=made, notes=tuple(notes))


def _read(split: str, frame: object, labels: object, options: DataOptions) -> RawData:
    from packtune.data.reading.tables import frame_to_raw

    if not is_frame(frame):
        raise DataError(f"the {split} split is {type(frame).__name__}, but others are DataFrames: give it as one too")
    if labels is not None:
        frame, targets = _put_beside(split, frame, labels)
        options = replace(options, target=targets)
    raw: RawData = frame_to_raw(frame, "table", options)
    return raw


def _put_beside(split: str, frame: pd.DataFrame, labels: object) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Make columns of the labels that stand beside a table, row by row, whatever their index."""
    import pandas as pd

    table = labels.to_frame() if isinstance(labels, pd.Series) else pd.DataFrame(labels)
    if len(table) != len(frame):
        raise DataError(
            f"the {split} split has {len(frame):,} rows, but {len(table):,} labels: give one label for each row"
        )
    names = tuple(_name(column, table.columns, frame.columns) for column in table.columns)
    columns = {name: table.iloc[:, number].array for number, name in enumerate(names)}
    return frame.reset_index(drop=True).assign(**columns), names


def _name(column: object, columns: Sequence[object], others: Sequence[object]) -> str:
    """Name a column of labels by its own name, or as `label` if it has none."""
    name = column if isinstance(column, str) else LABEL if len(columns) == 1 else f"{LABEL}_{column}"
    while name in others:
        name += "_"
    return name


def _check_columns(split: str, raw: RawData, expected: RawData) -> None:
    given, wanted = raw.splits[TRAIN].inputs, expected.splits[TRAIN].inputs
    if not is_frame(given) or not is_frame(wanted):
        return
    missing, more = wanted.columns.difference(given.columns), given.columns.difference(wanted.columns)
    if len(missing) or len(more):
        raise DataError(
            f"the columns of the {split} split differ from those for training: it lacks "
            f"{', '.join(missing) or 'none'}, and has besides {', '.join(more) or 'none'}: give the same columns"
        )
