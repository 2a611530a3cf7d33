"""How a search ended: its leaderboard and its winner, worked out from the study, and written to the run's folder."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from packtune.confirmation.verdict import Verdict
from packtune.data.description import BaselineAccuracy
from packtune.files import write_text
from packtune.report.leaderboard import curves_frame, leaderboard_frame, trials_frame
from packtune.report.method import describe_baselines, describe_method, describe_ways
from packtune.report.ranking import Row, confirm_rows, rank_rows
from packtune.report.rendering import to_csv, to_markdown
from packtune.report.winner import Winner, winner_of
from packtune.report.words import space_of
from packtune.run.confirming import Confirmation, confirmation_of, confirmed_outcomes
from packtune.run.folder import Run
from packtune.run.own.baselines import read_baselines
from packtune.run.records import open_records
from packtune.settings import EndedBy, SearchPlan
from packtune.trial import Outcome, TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a search ended, or stands.

    Attributes:
        records: of all trials, by number.
        rows: of the leaderboard, the best first.
        winner: none if no trial is complete.
        stopped_by: the signal that stopped the search early; none if there was none.
        open_trials: trials still to be trained, after a stop or at the end of the time budget.
        verdict: what the confirmation found; none before its selection is done, and if there is none.
        confirmation: what is confirmed; none if nothing is, or if no trial is complete yet.
        confirmed: outcomes of its trainings, by number; none if it has not begun.
        open_trainings: of the confirmation, still to be trained; 0 while trials are open.
        trained: whether there was anything to train.
        baselines: what simple methods reach on the user's own data; none before the search has ended.
        plan: of the run, in which a stop that ended it is noted.
    """

    records: Sequence[TrialRecord]
    rows: Sequence[Row]
    winner: Winner | None
    open_trials: int
    verdict: Verdict | None = None
    confirmation: Confirmation | None = None
    confirmed: Mapping[int, Outcome] | None = None
    open_trainings: int = 0
    stopped_by: signal.Signals | None = None
    trained: bool = False
    baselines: Sequence[BaselineAccuracy] = ()
    plan: SearchPlan

    @property
    def ended_by(self) -> EndedBy | None:
        """The stop that ended the search before all its trials: "patience" or "score"; none if none did."""
        return self.plan.ended_by

    @property
    def is_open(self) -> bool:
        """Tell whether anything is left to be trained."""
        return bool(self.open_trials or self.open_trainings)


def judge(run: Run, records: Sequence[TrialRecord], confirmed: Mapping[int, Outcome] | None = None) -> Ending:
    """Work out the leaderboard and the winner.

    Args:
        records: of exploration.
        confirmed: outcomes of the confirmation, by the number of the training; none if it has not begun.
    """
    plan = run.settings.plan
    rows = rank_rows(records, run=run.folder.name, data=plan.description, metric=plan.metric)
    open_trials = plan.trials - sum(record.outcome is not None for record in records)
    confirmation = confirmation_of(run, records)
    verdict = None if confirmation is None or confirmed is None else confirmation.verdict(confirmed)
    rows = rows if verdict is None else confirm_rows(rows, verdict)
    waits = confirmation is not None and (confirmed is not None or not open_trials)
    return Ending(
        records=records,
        rows=rows,
        winner=winner_of(rows, plan, verdict),
        open_trials=open_trials,
        verdict=verdict,
        confirmation=confirmation,
        confirmed=confirmed,
        open_trainings=confirmation.layout.report.end - len(confirmed or ()) if confirmation and waits else 0,
        baselines=() if plan.own is None else read_baselines(run.folder.path),
        plan=plan,
    )


def conclude(run: Run, records: Sequence[TrialRecord], confirmed: Mapping[int, Outcome] | None = None) -> Ending:
    """Work out the leaderboard and the winner, and write the tables and the winner's space.

    Args:
        records, confirmed: see `judge`.

    Raises:
        RunError: a file cannot be written.
    """
    ending, metric = judge(run, records, confirmed), run.settings.plan.metric
    write_text(run.folder.leaderboard_csv, to_csv(leaderboard_frame(ending.rows, metric=metric)))
    _write_markdown(run, ending)
    write_text(run.folder.curves_csv, to_csv(curves_frame(records, metric)))
    write_text(run.folder.trials_csv, to_csv(trials_frame(records, metric)))
    if ending.winner is not None:
        write_text(run.folder.winner_space, space_of(ending.winner.row))
    return ending


def with_baselines(run: Run, ending: Ending) -> Ending:
    """Add to an ending what simple methods reach, as the folder of the run has it, and to the leaderboard for people.

    Raises:
        RunError: the file cannot be written.
    """
    compared = replace(ending, baselines=read_baselines(run.folder.path))
    _write_markdown(run, compared)
    return compared


def _write_markdown(run: Run, ending: Ending) -> None:
    method = describe_method(run.settings.plan, ending.rows, ending.verdict)
    known = describe_baselines(ending.baselines, n_train=run.settings.plan.description.n_train)
    foot = "".join(f"\n{line}\n" for line in (known, describe_ways(ending.records)) if line)
    table = to_markdown(leaderboard_frame(ending.rows, metric=run.settings.plan.metric))
    write_text(run.folder.leaderboard_md, f"{method}\n\n{table}{foot}")


def read_ending(run: Run) -> Ending:
    """Read how a run stands from its study, and write nothing.

    Raises:
        RunError: the study cannot be read.
    """
    return judge(run, *read_outcomes(run))


def restore_ending(run: Run) -> Ending:
    """Read how a run stands, and write its tables anew, as a crash may have left older ones; none if it never began.

    Raises:
        RunError: the study cannot be read, or a file cannot be written.
    """
    records, confirmed = read_outcomes(run)
    never_began = not records and not run.folder.leaderboard_csv.exists()
    return judge(run, records) if never_began else conclude(run, records, confirmed)


def read_outcomes(run: Run) -> tuple[list[TrialRecord], dict[int, Outcome] | None]:
    """Read the trials of a run, and the outcomes of its confirmation.

    Raises:
        RunError: a study cannot be read.
    """
    with open_records(run) as (records, storage):
        return records, confirmed_outcomes(run, records, storage)
