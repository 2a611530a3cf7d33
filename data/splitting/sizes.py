"""How many examples are for what. Knows nothing about which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packtune.data.options import DataOptions
from packtune.data.reading.raw import TEST, VALIDATION

DEFAULT_SHARE = 0.15
"""Of all examples, for validation and for the test each, as of scikit-learn's digits."""

DEFAULT_MOST = 10_000
"""At most so many by default: an accuracy measured on these has a standard error of half a percent or less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSizes:
    """How many examples are drawn for validation and the test; 0 where a split was given.

    Attributes:
        n_validation, n_test: examples.
    """

    n_validation: int
    n_test: int


def split_sizes(n: int, given: Iterable[str], n_classes: int, options: DataOptions) -> SplitSizes:
    """Decide how many examples are drawn for validation and the test, of those that are given for training.

    Without a share it is 15% of them for each, at most 10,000 each, and no fewer than there are classes.

    Args:
        n: examples given for training.
        given: the names of the splits that are given.
        n_classes: the most classes of a head; at least one example is left for training.
        options: the shares.
    """
    splits = set(given)
    default = max(min(round(n * DEFAULT_SHARE), DEFAULT_MOST), n_classes)
    n_test = n_validation = 0
    if TEST not in splits:
        leave = 1 if VALIDATION in splits else 2
        n_test = _between(1, n - leave, default, options.test_share, n)
    if VALIDATION not in splits:
        n_validation = _between(1, n - n_test - 1, default, options.validation_share, n - n_test)
    return SplitSizes(n_validation=n_validation, n_test=n_test)


def _between(least: int, most: int, default: int, share: float | None, n: int) -> int:
    wanted = default if share is None else round(n * share)
    return max(least, min(wanted, most))
