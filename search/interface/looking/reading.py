"""A run with all that its studies say, read once for everything that is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from packtune.report.looking.records import Best, Measured, RunSummary
from packtune.report.winner import Winner
from packtune.run.ending import Ending, read_ending
from packtune.run.folder import Run
from packtune.run.overview.summary import Standing, summary_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRun:
    """A run as its studies have it."""

    run: Run
    ending: Ending

    def summary(self, now: datetime) -> RunSummary:
        """Sum it up; see `packtune.run.overview.summary`."""
        ending = self.ending
        finished = sum(record.outcome is not None for record in ending.records)
        best = None if ending.winner is None else best_of(ending.winner)
        standing = Standing(finished=finished, best=best, is_open=ending.is_open)
        return summary_of(self.run.folder, self.run.settings.plan, standing, now)


def read_run(run: Run) -> ReadRun:
    """Read a run, and write nothing.

    Raises:
        RunError: a study cannot be read.
    """
    return ReadRun(run=run, ending=read_ending(run))


def best_of(winner: Winner) -> Best:
    """Give the score of a winner that can be trusted most."""
    test = winner.verdict.test if winner.verdict else None
    if test is not None:
        return Best(trial=winner.row.trial, score=test.mean, low=test.low, high=test.high, measured=Measured.EXPECTED)
    low, high = winner.interval
    return Best(trial=winner.row.trial, score=winner.row.score, low=low, high=high, measured=Measured.VALIDATION)
