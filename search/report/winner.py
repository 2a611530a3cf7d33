"""The winner: the configuration picked by its score on validation, and those that it cannot be told from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packtune.confirmation.estimate import interval_of_one
from packtune.confirmation.verdict import Verdict
from packtune.report.ranking import Row
from packtune.settings import SearchPlan
from packtune.trial import TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """The configuration picked.

    Attributes:
        row: its row of the leaderboard.
        interval: the 95% interval of its score on validation: from fresh trainings if it was confirmed, else from the
            validation images alone.
        ties: the other rows that cannot be told from it; if it was not confirmed, the complete rows whose score on
            validation lies inside the interval.
        verdict: what the confirmation found; none if the winner is just the best of the search.
    """

    row: Row
    interval: tuple[float, float]
    ties: tuple[Row, ...]
    verdict: Verdict | None = None

    @property
    def smallest_tie(self) -> Row | None:
        """The row among `ties` with the fewest parameters, if it has fewer than the winner."""
        smaller = [row for row in self.ties if (row.parameters or math.inf) < (self.row.parameters or 0)]
        return min(smaller, key=lambda row: row.parameters or math.inf, default=None)


def pick_winner(rows: Sequence[Row], *, validation_images: Callable[[Row], int]) -> Winner | None:
    """Pick the first COMPLETE row of an ordered leaderboard; none if no trial is complete.

    Args:
        validation_images: gives the number of images on which the score of a row was measured.
    """
    complete = [row for row in rows if row.state is TrialState.COMPLETE and row.validation]
    if not complete or complete[0].validation is None:
        return None
    best = complete[0]
    interval = interval_of_one(best.metric, complete[0].validation, validation_images(best))
    least = min(map(best.metric.merit, interval))
    ties = tuple(row for row in complete[1:] if row.merit >= least)
    return Winner(row=best, interval=interval, ties=ties)


def winner_of(rows: Sequence[Row], plan: SearchPlan, verdict: Verdict | None = None) -> Winner | None:
    """Give the winner of a run: that of its confirmation, if there is a verdict; else see `pick_winner`."""
    if verdict is not None:
        return _confirmed_winner(rows, verdict)
    available = plan.description.n_validation
    return pick_winner(
        rows, validation_images=lambda row: plan.protocol.evaluated(available, row.configuration.batch_size)
    )


def _confirmed_winner(rows: Sequence[Row], verdict: Verdict) -> Winner:
    row = next(row for row in rows if row.trial == verdict.winner.trial)
    ties = tuple(each for each in rows if each is not row and each.confirmed is not None and each.confirmed.tied)
    spread = row.confirmed.spread if row.confirmed else None
    interval = (0.0, verdict.metric.entry.highest) if spread is None else (spread.low, spread.high)
    return Winner(row=row, interval=interval, ties=ties, verdict=verdict)
