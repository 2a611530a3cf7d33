"""Rows of tables for prediction: columns that are prepared, or pixels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from packtune.data.columns.kinds import to_words
from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.description import Head
from packtune.data.files import readable
from packtune.data.reading.pixel_tables import LABEL_NAME, to_images
from packtune.data.reading.raw import PictureForm, Progress
from packtune.data.reading.table_files import check_names, load_table
from packtune.data.unseen.examples import Inputs, Unseen, Wanted, Words
from packtune.errors import DataError

MOST_NAMED = 5
PIXEL_NAME = re.compile(r"pixel[_ ]?\d+|\d+x\d+", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+|true|false")


def read_table(path: Path, wanted: Wanted, progress: Progress | None = None, memory_bytes: int | None = None) -> Unseen:
    """Read the rows of a table from a file; columns of targets in it are the right labels.

    Args:
        path: of a .csv, .tsv or .parquet file.

    Raises:
        DataError: the file cannot be read, or its columns differ from those of training.
    """
    file = load_table(path, progress, memory_bytes, words=_word_columns(wanted))
    prepared = prepare_frame(file.frame, wanted)
    return Unseen(
        inputs=prepared,
        names=range(len(prepared)),
        kept=np.ones(len(prepared), dtype=np.bool_),
        labels=_labels_in(file.frame, wanted.heads),
        said=_ignored(file.frame, wanted),
    )


def prepare_frame(frame: pd.DataFrame, wanted: Wanted) -> Inputs:
    """Prepare the rows of a table.

    Args:
        frame: one example in a row; columns of targets are ignored.

    Returns:
        float32 [n, columns], or uint8 [n, channels, height, width] where the model takes images.

    Raises:
        DataError: there are no rows, or the columns differ from those of training.
    """
    table = frame.set_axis([str(name) for name in frame.columns], axis=1)
    check_names(list(table.columns), "the table")
    if not len(table):
        raise DataError("the table has no rows: give one example in each row below the names of the columns")
    if isinstance(wanted.form, PictureForm):
        return _to_pixels(table, wanted.form, wanted.targets)
    return wanted.form.transform(table)


def _to_pixels(table: pd.DataFrame, form: PictureForm, targets: Sequence[str]) -> Inputs:
    n = form.channels * form.height * form.width
    columns = [name for name in table.columns if name not in targets]
    if len(columns) != n:
        columns = [name for name in columns if PIXEL_NAME.fullmatch(name)] or columns
    if len(columns) != n and LABEL_NAME in columns:
        columns.remove(LABEL_NAME)
    size = f"{form.height}x{form.width} with {form.channels} channel{'s' * (form.channels > 1)}"
    if len(columns) != n:
        raise DataError(
            f"the model takes images of {size}, which need {n:,} columns of pixels, and the table has "
            f"{len(columns):,}: give a table as for training, or pictures"
        )
    images = to_images(table[columns], form)
    if images is None:
        raise DataError(
            f"the table has values that are no pixels; the model takes images of {size}, as whole numbers from 0 to "
            "255: correct the values"
        )
    return images


def _word_columns(wanted: Wanted) -> list[str]:
    """Name the columns whose values are words, though they may look like numbers in a few rows."""
    targets = [head.name for head in wanted.heads if not all(map(_NUMBER.fullmatch, head.classes))]
    columns = wanted.form.words if isinstance(wanted.form, ColumnPreparation) else ()
    return [*(column.name for column in columns), *targets]


def _labels_in(frame: pd.DataFrame, heads: Sequence[Head]) -> Mapping[str, Words]:
    if not all(head.name in frame.columns for head in heads):
        return {}
    return {head.name: to_words(frame[head.name]) for head in heads}


def _ignored(frame: pd.DataFrame, wanted: Wanted) -> tuple[str, ...]:
    if not isinstance(wanted.form, ColumnPreparation):
        return ()
    more = [name for name in wanted.form.ignored(frame) if name not in wanted.targets]
    if not more:
        return ()
    named = ", ".join(repr(readable(name)) for name in more[:MOST_NAMED]) + (", ..." if len(more) > MOST_NAMED else "")
    return (f"Ignored, as the model does not use {'it' if len(more) == 1 else 'them'}: {named}.",)
