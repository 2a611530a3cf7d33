"""Which columns of a table are its targets, and what they say. Knows nothing about files."""

from __future__ import annotations

import difflib

import numpy as np
import numpy.typing as npt
import pandas as pd

from packtune.data.files import readable
from packtune.data.options import DataOptions
from packtune.errors import DataError, SettingsError

LIKELY_NAMES = ("label", "target", "class", "y", "species", "category", "outcome")
MAX_WHOLE_NUMBERS, MIN_ROWS_EACH = 100, 20
"""More different whole numbers than this, with fewer rows for each, are taken for a quantity and not for classes."""

_SHOWN = 20  # columns in an error


def choose_targets(frame: pd.DataFrame, options: DataOptions, where: str) -> tuple[str, ...]:
    """Give the columns that are to be predicted, and check them and the group column.

    Args:
        frame: columns have different names, all of them words.
        options: what was asked for.
        where: the table's name, for errors.

    Raises:
        SettingsError: no target is given, or a target or the group is no column, or one column is both.
    """
    if not options.target:
        guess = likely_target(list(frame.columns))
        raise SettingsError(
            f"{where} does not say which column is to be predicted. Its columns are: "
            f"{_listed(frame)}. Give one as the target, probably --target {readable(guess)}"
        )
    for name, what in [*((name, "target") for name in options.target), (options.group, "group")]:
        if name is not None and name not in frame.columns:
            raise SettingsError(
                f"{where} has no column {readable(name)!r}, which is given as the {what}.{_nearest(name, frame)} Its "
                f"columns are: {_listed(frame)}"
            )
    if options.group in options.target:
        raise SettingsError(f"the column {options.group!r} is given as target and as group: give two columns")
    return options.target


def likely_target(columns: list[str]) -> str:
    """Guess the target: a column with one of the usual names, or else the last one."""
    by_small_name = {name.lower(): name for name in reversed(columns)}
    return next((by_small_name[name] for name in LIKELY_NAMES if name in by_small_name), columns[-1])


def read_target(column: pd.Series, where: str) -> npt.NDArray[np.generic]:
    """Give the classes of a target column as they stand there.

    Returns:
        [n] booleans, int64, or words.

    Raises:
        DataError: some rows have no class, or the column is a quantity and not a class.
    """
    what = f"the target {readable(str(column.name))!r} of {where}"
    _check_gaps(column, what)
    values = column.astype(column.cat.categories.dtype) if isinstance(column.dtype, pd.CategoricalDtype) else column
    values = values.infer_objects()
    if pd.api.types.is_bool_dtype(values):
        return np.asarray(values, dtype=bool)
    if pd.api.types.is_numeric_dtype(values):
        return _whole_numbers(values, what)
    if pd.api.types.is_datetime64_any_dtype(values) or pd.api.types.is_timedelta64_dtype(values):
        raise DataError(f"{what} holds dates or times, which are no classes: give another column")
    return np.array([str(value) for value in values.tolist()], dtype=object)


def read_groups(column: pd.Series, where: str) -> npt.NDArray[np.generic]:
    """Give the group of each row as words [n].

    Raises:
        DataError: some rows have no group.
    """
    _check_gaps(column, f"the group {readable(str(column.name))!r} of {where}")
    return np.array([str(value) for value in column.tolist()], dtype=object)


def leaks(inputs: pd.DataFrame, target: pd.Series) -> list[str]:
    """List the columns that tell the target: each value stands for one class, and each class for one value."""
    codes = _codes(target)
    if codes.max(initial=0) + 1 == len(codes):  # each row has a class of its own: any identifier would tell it
        return []
    # The first rows rule out nearly all columns; the others are compared in full.
    start = min(len(codes), 1_000)
    likely = [name for name in inputs.columns if _same(inputs[name].iloc[:start], codes[:start])]
    return [name for name in likely if _same(inputs[name], codes)]


def _same(column: pd.Series, codes: npt.NDArray[np.int64]) -> bool:
    try:
        return np.array_equal(_codes(column), codes)
    except TypeError:  # values such as lists, which cannot be compared
        return False


def _codes(column: pd.Series) -> npt.NDArray[np.int64]:
    """Number the values in the order in which they first occur: int64 [n]."""
    return np.asarray(pd.factorize(column, use_na_sentinel=False)[0], dtype=np.int64)


def _check_gaps(column: pd.Series, what: str) -> None:
    gaps = np.flatnonzero(column.isna().to_numpy())
    if not len(gaps):
        return
    rows = ", ".join(str(row + 1) for row in gaps[:3]) + (", ..." if len(gaps) > 3 else "")
    raise DataError(
        f"{what} has no value in {len(gaps):,} of {len(column):,} rows (row {rows}): remove these rows or fill them "
        "in. The words NA, None, null, nan and ? count as no value: rename such a class"
    )


def _whole_numbers(values: pd.Series, what: str) -> npt.NDArray[np.generic]:
    numbers = np.asarray(values.to_numpy())
    different = np.unique(numbers)
    broken = different[~(np.isfinite(different) & (np.floor(different.real) == different))]
    if len(broken):
        raise _regression(what, f"{len(different):,} different numbers, such as {broken[0]:g}")
    if len(different) > MAX_WHOLE_NUMBERS and len(numbers) < MIN_ROWS_EACH * len(different):
        raise _regression(what, f"{len(different):,} different numbers in {len(numbers):,} rows")
    if max(abs(float(different[0])), abs(float(different[-1]))) >= 2**63:
        return np.array([str(int(number)) for number in numbers.tolist()], dtype=object)
    return numbers.astype(np.int64)


def _regression(what: str, holds: str) -> DataError:
    return DataError(
        f"{what} holds {holds}: this looks like regression: not supported. Give a column with classes, or make classes "
        "of it, for example low and high"
    )


def _listed(frame: pd.DataFrame) -> str:
    names = [readable(name) for name in frame.columns[:_SHOWN]]
    more = len(frame.columns) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more > 0 else "")


def _nearest(name: str, frame: pd.DataFrame) -> str:
    small = {column.strip().lower(): column for column in frame.columns}
    near = difflib.get_close_matches(name.strip().lower(), small, n=1, cutoff=0.5)
    return f" Did you mean {readable(small[near[0]])!r}?" if near else ""
