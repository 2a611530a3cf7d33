"""What a sampler learns from: the trials of a study as arrays, which grow with each trial."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from packtune.proposals.codes import Floats
from packtune.trial import Outcome, TrialState

# Trials are ordered by their stages first: by the epochs they reached, with COMPLETE above all and DIVERGED below all.
COMPLETE_STAGE = math.inf
WORST_STAGE = -1.0
# The stages of trials that are open, and of trials that failed for a reason outside their configuration.
OPEN, SILENT = math.nan, -math.inf


class History:
    """The configurations of a study's trials and how good they are, by the number of the trial.

    Args:
        columns: in a row, see `Encoding`.
        earlier: rows and outcomes of earlier searches, which come before trial 0.

    Attributes:
        n_earlier: the number of these.
    """

    def __init__(self, columns: int, earlier: Sequence[tuple[Floats, Outcome]] = ()) -> None:
        self._rows = np.empty((64, columns))
        self._stages = np.full(64, OPEN)
        self._merits = np.zeros(64)
        self._n = 0
        self._first_with: dict[bytes, int] = {}
        self._outside: set[int] = set()
        self.n_earlier = 0
        for number, (row, outcome) in enumerate(earlier):
            self.add(row)
            self.tell(number, outcome)
        self.n_earlier = len(earlier)

    def __len__(self) -> int:
        """Give the number of trials, without the earlier ones."""
        return self._n - self.n_earlier

    def add(self, row: Floats | None) -> None:
        """Take in the next trial, which is open.

        Args:
            row: float64 [columns]; none for a trial outside the space, of which nothing is learnt.
        """
        if self._n == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
            self._stages = np.concatenate([self._stages, np.full(self._n, OPEN)])
            self._merits = np.concatenate([self._merits, np.zeros(self._n)])
        if row is None:
            self._rows[self._n], self._stages[self._n] = math.nan, SILENT
            self._outside.add(self._n)
        else:
            self._rows[self._n] = row
            self._first_with.setdefault(row.tobytes(), self._n)
        self._n += 1

    def tell(self, number: int, outcome: Outcome) -> None:
        """Take in the outcome of a trial."""
        index = number + self.n_earlier
        if index not in self._outside:
            self._stages[index], self._merits[index] = _merit(outcome)

    def told(self, before: int) -> tuple[Floats, Floats]:
        """Give the closed trials with numbers below `before`, the earlier ones too, without those that failed.

        Returns:
            Rows [n, columns] by trial number, and the rank of each among them [n], 0 for the best.
        """
        closed = np.flatnonzero(self._stages[: before + self.n_earlier] > SILENT)
        stages, merits = self._stages[closed], self._merits[closed]
        ranks = np.empty(len(closed))
        ranks[np.lexsort((closed, -merits, -stages))] = np.arange(len(closed))
        return self._rows[closed], ranks

    def has(self, row: Floats, before: int) -> bool:
        """Tell whether a trial with a number below `before` has this row [columns]."""
        end = before + self.n_earlier
        return self._first_with.get(row.tobytes(), end) < end

    def pending(self, before: int) -> Floats:
        """Give the open trials with numbers below `before`, rows [n, columns] by trial number."""
        return self._rows[np.flatnonzero(np.isnan(self._stages[: before + self.n_earlier]))]


def _merit(outcome: Outcome) -> tuple[float, float]:
    """Give the stage and the merit by which a trial is ordered; larger is better."""
    match outcome.state:
        case TrialState.FAIL:
            return SILENT, 0.0
        case TrialState.DIVERGED:
            return WORST_STAGE, 0.0
        case TrialState.PRUNED:
            epoch, merit = max(outcome.merits, default=(0, 0.0))
            return float(epoch), merit
        case _:
            return COMPLETE_STAGE, outcome.merit
