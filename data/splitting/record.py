"""The record of a split: the row numbers as text, for a person and for the same split again."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from packtune.data.reading.raw import TEST, TRAIN, VALIDATION
from packtune.data.splitting.splits import SplitRows, Splits
from packtune.errors import CorruptFile

COLUMNS = ["split", "source", "row"]


def rows_to_csv(splits: Splits) -> str:
    """Write which rows are in which split: a line for each, with the split, the split it was read as, and its number.

    Row 0 is the first. The lines of a split are in its order.
    """
    tables = [
        pd.DataFrame({"split": name, "source": part.source, "row": part.rows}) for name, part in splits.parts.items()
    ]
    return str(pd.concat(tables).to_csv(index=False, lineterminator="\n"))


def rows_from_csv(text: str) -> dict[str, SplitRows]:
    """Read what `rows_to_csv` wrote: the rows of each split, by its name.

    Raises:
        CorruptFile: the text is no such record.
    """
    try:
        table = pd.read_csv(io.StringIO(text), dtype={"split": str, "source": str, "row": np.int64})
        found = {str(name): _part(part) for name, part in table[COLUMNS].groupby("split", sort=False)}
    except (ValueError, KeyError, OverflowError) as error:
        raise _corrupt(str(error)) from error
    if set(found) != {TRAIN, VALIDATION, TEST}:
        raise _corrupt(f"it has the splits {', '.join(found) or 'none'}")
    return found


def _part(table: pd.DataFrame) -> SplitRows:
    sources = table["source"].unique()
    if len(sources) != 1 or table["row"].min() < 0 or table["row"].duplicated().any():
        raise ValueError("a split has several sources, a row below 0, or a row twice")
    return SplitRows(source=str(sources[0]), rows=table["row"].to_numpy(dtype=np.int64))


def _corrupt(why: str) -> CorruptFile:
    return CorruptFile(
        f"the record of the split is damaged ({why}): needed are the columns {', '.join(COLUMNS)} and the splits "
        f"{TRAIN}, {VALIDATION} and {TEST}. Start a new run"
    )
