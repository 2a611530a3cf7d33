"""How a search ended: its leaderboard and its winner, worked out from the study, and written to the run's folder."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from packtune.files import write_text
from packtune.report.leaderboard import curves_frame, leaderboard_frame, trials_frame
from packtune.report.ranking import Row, rank_rows
from packtune.report.rendering import to_csv, to_markdown
from packtune.report.winner import Winner, winner_of
from packtune.report.words import space_of
from packtune.run.folder import Run
from packtune.run.records import read_records
from packtune.trial import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a search ended, or stands.

    Attributes:
        records: of all trials, by number.
        rows: of the leaderboard, the best first.
        winner: none if no trial is complete.
        stopped_by: the signal that stopped the search early; none if there was none.
        open_trials: trials still to be trained, after a stop or at the end of the time budget.
        trained: whether there was anything to train.
    """

    records: Sequence[TrialRecord]
    rows: Sequence[Row]
    winner: Winner | None
    open_trials: int
    stopped_by: signal.Signals | None = None
    trained: bool = False


def judge(run: Run, records: Sequence[TrialRecord]) -> Ending:
    """Work out the leaderboard and the winner from the records of a study."""
    rows = rank_rows(records, run=run.folder.name, data=run.settings.plan.data)
    finished = sum(record.outcome is not None for record in records)
    return Ending(
        records=records,
        rows=rows,
        winner=winner_of(rows, run.settings.plan),
        open_trials=run.settings.plan.trials - finished,
    )


def conclude(run: Run, records: Sequence[TrialRecord]) -> Ending:
    """Work out the leaderboard and the winner, and write the tables and the winner's space.

    Raises:
        RunError: a file cannot be written.
    """
    ending = judge(run, records)
    frame = leaderboard_frame(ending.rows)
    write_text(run.folder.leaderboard_csv, to_csv(frame))
    write_text(run.folder.leaderboard_md, to_markdown(frame))
    write_text(run.folder.curves_csv, to_csv(curves_frame(records)))
    write_text(run.folder.trials_csv, to_csv(trials_frame(records)))
    if ending.winner is not None:
        write_text(run.folder.winner_space, space_of(ending.winner.row))
    return ending


def read_ending(run: Run) -> Ending:
    """Read how a run stands from its study, and write nothing.

    Raises:
        RunError: the study cannot be read.
    """
    return judge(run, read_records(run))


def restore_ending(run: Run) -> Ending:
    """Read how a run stands, and write its tables anew, as a crash may have left older ones; none if it never began.

    Raises:
        RunError: the study cannot be read, or a file cannot be written.
    """
    records = read_records(run)
    never_began = not records and not run.folder.leaderboard_csv.exists()
    return judge(run, records) if never_began else conclude(run, records)
