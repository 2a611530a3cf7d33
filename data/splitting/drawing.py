"""Drawing examples for a split with scikit-learn: stratified by class, or by whole groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit

Rows = npt.NDArray[np.int64]
"""Row numbers, int64 [m]."""

GROUP_DRAWS = 30
"""So many splits by group are drawn, and the one whose classes have about the shares of all is kept."""


def draw(labels: npt.NDArray[np.int64], n: int, seed: int) -> tuple[Rows, Rows]:
    """Draw `n` examples, of each class in proportion.

    Proportions are of the classes of all heads together; where `n` has not a place for each, of the first head's.

    Args:
        labels: int64 [all, heads].
        n: 1 to all - 1.
        seed: 0 to 2**32 - 1.

    Returns:
        The row numbers that stay and those drawn, both in random order.
    """
    strata = next((strata for strata in (_strata(labels), _strata(labels[:, :1])) if _fits(strata, n)), None)
    if strata is None:
        splitter = ShuffleSplit(n_splits=1, test_size=n, random_state=seed)
    else:
        splitter = StratifiedShuffleSplit(n_splits=1, test_size=n, random_state=seed)
    stay, drawn = next(splitter.split(np.zeros((len(labels), 1)), strata))
    return stay.astype(np.int64), drawn.astype(np.int64)


def draw_groups(labels: npt.NDArray[np.int64], groups: Rows, n: int, seed: int, *, leave: int = 1) -> tuple[Rows, Rows]:
    """Draw whole groups with about `n` examples, and of each class about in proportion.

    Args:
        labels: int64 [all, heads].
        groups: int64 [all], a number for each group; more than `leave` groups.
        n: 1 to all - 1.
        seed: 0 to 2**32 - 1.
        leave: at least so many groups stay.

    Returns:
        The row numbers that stay and those drawn, both in random order.
    """
    n_groups = len(np.unique(groups))
    n_drawn = max(1, min(round(n_groups * n / len(labels)), n_groups - leave))
    splitter = GroupShuffleSplit(n_splits=GROUP_DRAWS, test_size=n_drawn, random_state=seed)
    draws = list(splitter.split(labels, groups=groups))
    _, best = min((_distance(labels, drawn, n), number) for number, (_, drawn) in enumerate(draws))
    generator = np.random.Generator(np.random.PCG64(seed))
    stay, drawn = draws[best]
    return generator.permutation(stay).astype(np.int64), generator.permutation(drawn).astype(np.int64)


def _strata(labels: npt.NDArray[np.int64]) -> Rows:
    """Number the combinations of classes, int64 [n]; those of one example join the most frequent."""
    _, strata, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    strata = strata.ravel().astype(np.int64)
    return np.where(counts[strata] < 2, counts.argmax(), strata)


def _fits(strata: Rows, n: int) -> bool:
    """Tell whether each stratum has two examples or more, and a place on both sides."""
    counts = np.bincount(strata)
    counts = counts[counts > 0]
    return bool(counts.min() >= 2) and len(counts) <= min(n, len(strata) - n)


def _distance(labels: npt.NDArray[np.int64], drawn: npt.NDArray[np.intp], n: int) -> float:
    """Give how far the classes of the drawn rows are from their shares in all, in examples; a lost class counts all."""
    share, distance = n / len(labels), 0.0
    for column in labels.T:
        total = np.bincount(column)
        found = np.bincount(column[drawn], minlength=len(total))
        distance += float(np.abs(found - share * total).sum()) + len(labels) * int(
            ((found == total) & (total > 0)).sum()
        )
    return distance
