"""Trainings that collapse: they diverge, or end far below what others reach, by their seed alone."""

from __future__ import annotations

from collections.abc import Mapping

from packtune.confirmation.crossed import Values, mean_of
from packtune.models.training.metrics.catalog import Metric

SHARE = 0.5
"""A training whose merit is below this share of the best training's has collapsed: with accuracy, one that labels fewer
images right. A merit counts from that of a network that has learned nothing, where any classes give the same.

Networks that train label nearly as many right from every seed. One that diverges labels none, and one whose
activations die labels as many as a guess does, 1 in 10.
"""


def count_collapsed(values: Values, best: float | None = None, *, metric: Metric = Metric.ACCURACY) -> int:
    """Count the trainings that collapsed.

    Args:
        values: [trainings, images].
        best: the merit of the best training, 0 to 1; none for the best of these.
    """
    merits = _merits(values, metric)
    worst, chance = metric.merit(metric.entry.worst), metric.entry.chance
    bound = chance + SHARE * ((max(merits, default=0.0) if best is None else best) - chance)
    return sum(merit <= worst or merit < bound for merit in merits)


def find_collapsed(values: Mapping[int, Values], *, metric: Metric = Metric.ACCURACY) -> frozenset[int]:
    """Find the finalists of which a training collapsed, measured by the best training of all finalists.

    Args:
        values: [trainings, images] of each finalist.
    """
    best = max((merit for rows in values.values() for merit in _merits(rows, metric)), default=0.0)
    return frozenset(finalist for finalist, rows in values.items() if count_collapsed(rows, best, metric=metric))


def _merits(values: Values, metric: Metric) -> list[float]:
    return [metric.merit(mean_of(row)) for row in values]
