"""Trainings that collapse: they diverge, or end far below what others reach, by their seed alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from packtune.confirmation.crossed import Answers

SHARE = 0.5
"""A training that labels fewer images right than this share of the best training's has collapsed.

Networks that train label nearly as many right from every seed. One that diverges labels none, and one whose
activations die labels as many as a guess does, 1 in 10.
"""


def count_collapsed(answers: Answers, best: int | None = None) -> int:
    """Count the trainings that collapsed.

    Args:
        answers: [trainings, images].
        best: the number of images that the best training labels right; none for the best of these.
    """
    right = np.count_nonzero(answers, axis=1)
    bound = SHARE * (best if best is not None else max(right, default=0))
    return int(np.count_nonzero((right == 0) | (right < bound)))


def find_collapsed(answers: Mapping[int, Answers]) -> frozenset[int]:
    """Find the finalists of which a training collapsed, measured by the best training of all finalists.

    Args:
        answers: [trainings, images] of each finalist.
    """
    best = max((int(row.sum()) for rows in answers.values() for row in rows), default=0)
    return frozenset(finalist for finalist, rows in answers.items() if count_collapsed(rows, best))
