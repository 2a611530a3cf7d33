"""The labels of examples, of one head or several, from arrays of whatever kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from packtune.errors import DataError

Labels = npt.NDArray[np.generic]
HEAD = "label"
"""What a class means, where nothing gives it a name."""
MAX_NUMBERS, LEAST_EACH = 100, 20
"""More different whole numbers than this, with fewer examples of each, are taken for a quantity."""
_ALLOWED = "Allowed are whole numbers, words or booleans, [n], [n, 1], [n, heads], or one-hot [n, classes]"


def to_labels(
    arrays: Mapping[str, Labels], names: Sequence[str] = ()
) -> tuple[dict[str, dict[str, Labels]], tuple[str, ...]]:
    """Divide arrays of labels into heads.

    Columns of zeros and ones with a single one in each row of all splits are one-hot, and become the number of the
    column. Several columns of another kind are as many heads.

    Args:
        arrays: of each split, [n] or [n, columns].
        names: of the heads, if as many as there are.

    Returns:
        Of each split, the labels [n] of each head: words, whole numbers or booleans. And notes, each a sentence.

    Raises:
        DataError: the labels are of another kind, have gaps, or differ in shape between splits.
    """
    plain = {split: _squeeze(_to_plain(split, array)) for split, array in arrays.items()}
    widths = {1 if array.ndim == 1 else array.shape[1] for array in plain.values()}
    if len(widths) > 1:
        raise DataError(f"the labels have {_join_sizes(widths)} columns in different splits: give as many in each")
    (n_columns,) = widths
    if n_columns > 1 and all(map(_is_one_hot, plain.values())):
        note = f"The labels are one-hot: {n_columns} columns stand for the classes 0 to {n_columns - 1}."
        head = names[0] if len(names) == 1 else HEAD
        return {split: {head: array.argmax(axis=1)} for split, array in plain.items()}, (note,)
    heads = _name_heads(n_columns, names)
    return {split: _divide(array, heads) for split, array in plain.items()}, ()


def check_length(split: str, n_examples: int, labels: Mapping[str, Labels]) -> None:
    """Refuse labels that are not as many as the examples.

    Raises:
        DataError: they are more or fewer.
    """
    n_labels = len(next(iter(labels.values())))
    if n_labels != n_examples:
        raise DataError(
            f"the {split} split has {n_examples:,} examples, but {n_labels:,} labels: give one label for each example"
        )


def _name_heads(n: int, names: Sequence[str]) -> list[str]:
    if len(names) == n:
        return list(names)
    return [HEAD] if n == 1 else [f"{HEAD}_{number}" for number in range(1, n + 1)]


def _divide(array: Labels, heads: Sequence[str]) -> dict[str, Labels]:
    columns = [array] if array.ndim == 1 else list(array.T)
    return {head: np.ascontiguousarray(column) for head, column in zip(heads, columns, strict=True)}


def _squeeze(array: Labels) -> Labels:
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _to_plain(split: str, array: Labels) -> Labels:
    """Give labels as booleans, integers or words."""
    if array.ndim not in (1, 2) or array.size == 0:
        raise DataError(f"the {split} labels are {array.dtype} {list(array.shape)}. {_ALLOWED}: reshape them")
    match array.dtype.kind:
        case "b" | "U":
            return array
        case "i" | "u":
            return _check_classes(split, array)
        case "f":
            return _whole(split, array)
        case "S":
            return np.strings.decode(array.astype(np.bytes_), "utf-8", "backslashreplace")
        case "O" | "T":
            return _from_objects(split, array)
    raise DataError(f"the {split} labels are {array.dtype}. {_ALLOWED}: convert them")


def _whole(split: str, array: Labels) -> Labels:
    numbers = array.astype(np.float64)
    if np.isnan(numbers).any():
        raise DataError(
            f"{int(np.isnan(numbers).sum()):,} of the {split} labels are missing: leave out these examples, or give "
            "them a class"
        )
    if not np.isfinite(numbers).all() or (numbers != np.rint(numbers)).any() or np.abs(numbers).max() > 2**53:
        raise DataError(
            f"the {split} labels are fractions, such as {numbers[numbers != np.rint(numbers)][:1]}: this looks like "
            f"regression, which is not supported. {_ALLOWED}"
        )
    return _check_classes(split, numbers.astype(np.int64))


def _check_classes(split: str, array: Labels) -> Labels:
    """Refuse whole numbers that are quantities: many different ones, and few examples of each."""
    different = len(np.unique(array))
    if different > MAX_NUMBERS and array.size < LEAST_EACH * different:
        raise DataError(
            f"the {split} labels are {different:,} different numbers of {array.size:,}: this looks like regression, "
            "which is not supported. Make classes of them, for example low and high"
        )
    return array


def _from_objects(split: str, array: Labels) -> Labels:
    """Give labels of Python's own types as an array of one type."""
    values = array.ravel().tolist()
    if any(value is None or value != value for value in values):
        raise DataError(f"some of the {split} labels are missing: leave out these examples, or give them a class")
    for kind in (bool, int, float, str):
        if all(isinstance(value, kind) for value in values):
            made = np.array(values).reshape(array.shape)
            return _to_plain(split, made) if made.dtype.kind != "O" else made.astype(np.str_)
    kinds = sorted({type(value).__name__ for value in values})
    raise DataError(f"the {split} labels are of the types {', '.join(kinds)}. {_ALLOWED}: convert them to one type")


def _is_one_hot(array: Labels) -> bool:
    if array.dtype.kind not in "biu":
        return False
    numbers = array.astype(np.int64)
    return bool(((numbers == 0) | (numbers == 1)).all() and (numbers.sum(axis=1) == 1).all())


def _join_sizes(sizes: set[int]) -> str:
    return " and ".join(str(size) for size in sorted(sizes))
