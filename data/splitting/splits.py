"""Which examples are for training, validation and the test. Knows nothing about what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from packtune.data.description import Head
from packtune.data.options import DataOptions
from packtune.data.reading.raw import TEST, TRAIN, VALIDATION, RawData
from packtune.data.splitting.classes import NumberedClasses
from packtune.data.splitting.drawing import Rows, draw, draw_groups
from packtune.data.splitting.duplicates import Hashes, duplicate_notes, hash_inputs
from packtune.data.splitting.sizes import SplitSizes, split_sizes
from packtune.errors import DataError

SPLIT_SEED = 1797
"""The default, the same for all searches, so that their leaderboards on the same data can be compared."""

MAX_RESAMPLED = 2_000
"""With as many validation examples, a confirmation need not draw others."""

_SHOWN = 3


# eq=False: an equality by value would compare arrays, and the result has no truth value.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitRows:
    """The examples of a split.

    Attributes:
        source: the split that they were read as.
        rows: their row numbers there, int64 [m].
    """

    source: str
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Splits:
    """Which examples are for what.

    Attributes:
        train, validation, test: each with one example or more; no example is in two.
        resamples: whether examples may move between training and validation later: they stand for themselves, and
            there are few validation examples.
        notes: what a person should know; each a sentence.
    """

    train: SplitRows
    validation: SplitRows
    test: SplitRows
    resamples: bool = False
    notes: tuple[str, ...] = ()

    @property
    def parts(self) -> dict[str, SplitRows]:
        """The splits by name."""
        return {TRAIN: self.train, VALIDATION: self.validation, TEST: self.test}


def split(raw: RawData, classes: NumberedClasses, options: DataOptions, seed: int = SPLIT_SEED) -> Splits:
    """Decide which examples are for training, validation and the test.

    Splits that were given are kept. The others are drawn from the training examples, first the test, then validation:
    in proportion to the classes of all heads, or by whole groups. The same data and seed give the same splits, in
    whatever order and format they were read: examples are first ordered by their content.

    Args:
        raw: at least with `train`.
        classes: of the same examples.
        options: the shares; see `split_sizes` for what is done without.
        seed: 0 to 2**32 - 2.

    Raises:
        DataError: a class has too few examples, or there are too few groups.
    """
    given = raw.splits[TRAIN]
    sizes = split_sizes(len(given), raw.splits, max(len(head.classes) for head in classes.heads), options)
    groups = None if given.groups is None else pd.factorize(given.groups, sort=True)[0].astype(np.int64)
    _check_enough(classes, groups, sizes)
    hashes = {name: hash_inputs(part) for name, part in raw.splits.items()}
    parts = {name: SplitRows(source=name, rows=_order(hashes[name], classes.labels[name])) for name in raw.splits}
    rows = parts[TRAIN].rows
    if sizes.n_test:
        leave = 2 if sizes.n_validation else 1
        rows, drawn = _draw(classes, groups, rows, sizes.n_test, seed=seed, leave=leave)
        parts[TEST] = SplitRows(source=TRAIN, rows=drawn)
    if sizes.n_validation:
        rows, drawn = _draw(classes, groups, rows, sizes.n_validation, seed=seed + 1, leave=1)
        parts[VALIDATION] = SplitRows(source=TRAIN, rows=drawn)
    parts[TRAIN] = SplitRows(source=TRAIN, rows=rows)
    _check_trained(classes, rows)
    return Splits(
        **parts,
        resamples=groups is None and 0 < sizes.n_validation < MAX_RESAMPLED,
        notes=tuple(_notes(raw, classes, parts, hashes, options)),
    )


def _draw(
    classes: NumberedClasses, groups: Rows | None, rows: Rows, n: int, *, seed: int, leave: int
) -> tuple[Rows, Rows]:
    """Draw `n` of the given rows; give the rows that stay, of `leave` groups or more, and those drawn."""
    labels = classes.labels[TRAIN][rows]
    stay, drawn = draw(labels, n, seed) if groups is None else draw_groups(labels, groups[rows], n, seed, leave=leave)
    return rows[stay], rows[drawn]


def _check_enough(classes: NumberedClasses, groups: Rows | None, sizes: SplitSizes) -> None:
    """Refuse data with too few examples of a class, or too few groups, for the splits that are drawn."""
    purposes = ["training", *(["validation"] if sizes.n_validation else []), *(["test"] if sizes.n_test else [])]
    needed = len(purposes)
    each = f"one for each of {', '.join(purposes)}" if needed > 1 else "for training"
    n_groups = needed if groups is None else len(np.unique(groups))
    if n_groups < needed:
        raise DataError(f"there are {n_groups} groups, but {needed} are needed, {each}: give another group column")
    for head, labels in zip(classes.heads, classes.labels[TRAIN].T, strict=True):
        counts = np.bincount(labels, minlength=len(head.classes))
        few = [f"{head.classes[number]!r} has {counts[number]}" for number in np.flatnonzero(counts < needed)]
        if few:
            raise DataError(
                f"classes of {head.name!r} have too few examples: {_listed(few)}, and {needed} are needed, {each}. Add "
                "examples, leave these classes out, or join them to others"
            )


def _check_trained(classes: NumberedClasses, rows: Rows) -> None:
    """Refuse splits that leave a class without an example for training."""
    for head, labels in zip(classes.heads, classes.labels[TRAIN][rows].T, strict=True):
        lost = np.flatnonzero(np.bincount(labels, minlength=len(head.classes)) == 0)
        if len(lost):
            raise DataError(
                f"no example for training is left of classes of {head.name!r}: "
                f"{_listed([repr(head.classes[number]) for number in lost])}. Give smaller shares for validation and "
                "test, more examples of these classes, or a group column whose groups have several classes"
            )


def _order(hashes: Hashes, labels: Rows) -> Rows:
    """Order examples by their inputs, and equal ones by their labels."""
    return np.lexsort((*labels.T[::-1], hashes)).astype(np.int64)


def _notes(
    raw: RawData,
    classes: NumberedClasses,
    parts: Mapping[str, SplitRows],
    hashes: Mapping[str, Hashes],
    options: DataOptions,
) -> list[str]:
    shares = {VALIDATION: options.validation_share, TEST: options.test_share}
    notes = [
        f"The share for {name} is not used: the data have such a split."
        for name, share in shares.items()
        if share is not None and name in raw.splits
    ]
    for name in (VALIDATION, TEST):
        labels = classes.labels[parts[name].source][parts[name].rows]
        notes += [note for number, head in enumerate(classes.heads) for note in _absent(name, head, labels[:, number])]
    ordered = {name: parts[name] for name in (TRAIN, VALIDATION, TEST)}
    notes += duplicate_notes({name: hashes[part.source][part.rows] for name, part in ordered.items()})
    return notes + _group_notes(raw)


def _absent(name: str, head: Head, labels: Rows) -> list[str]:
    """Name the classes of which a split has no example."""
    absent = np.flatnonzero(np.bincount(labels, minlength=len(head.classes)) == 0)
    if not len(absent):
        return []
    listed = _listed([repr(head.classes[number]) for number in absent])
    return [f"The {name} split has no example of these classes of {head.name!r}: {listed}."]


def _group_notes(raw: RawData) -> list[str]:
    """Count the groups that splits share which were given."""
    known = {name: set(part.groups.tolist()) for name, part in raw.splits.items() if part.groups is not None}
    shared = len(known.get(TRAIN, set()) & set().union(*(found for name, found in known.items() if name != TRAIN)))
    return [f"{shared:,} groups are in the training split and in another one that was given."] if shared else []


def _listed(texts: list[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
