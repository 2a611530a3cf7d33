"""All that a run has found, as the tools that listen to it are told it at the end of a session."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.report.winner import Winner
from packtune.report.words import describe_winner
from packtune.run.confirming import open_confirmation
from packtune.run.ending import Ending
from packtune.run.folder import Run
from packtune.run.model_keeper import find_kept_model
from packtune.study.storage import open_storage
from packtune.study.study import has_study
from packtune.tools.listener import Conclusion, Finished
from packtune.trial import TrialRecord

FILES = (
    "settings.toml",
    "leaderboard.csv",
    "leaderboard.md",
    "trials.csv",
    "curves.csv",
    "winner.toml",
    "report.html",
    "report.md",
    "report.json",
)
"""Of the folder of a run: those of them that are there."""


def everything_of(run: Run, ending: Ending) -> list[Finished]:
    """List the trials of a run that have an outcome, and the trainings of its confirmation.

    Raises:
        RunError: the study of the confirmation cannot be read.
    """
    return [*_finished(ending.records), *_confirmed(run, ending)]


def conclusion_of(run: Run, ending: Ending) -> Conclusion:
    """Say how a session ended."""
    winner, folder = ending.winner, run.folder.path
    kept = None if winner is None else find_kept_model(run.folder, winner)
    return Conclusion(
        is_open=ending.is_open,
        scores={} if winner is None else _scores(winner),
        text="No trial is complete." if winner is None else describe_winner(winner),
        files=tuple(path for path in (folder / name for name in FILES) if path.is_file()),
        model=None if kept is None else kept.path,
    )


def _finished(records: Sequence[TrialRecord], stage: str = "") -> list[Finished]:
    return [Finished(stage=stage, proposal=r.proposal, outcome=r.outcome) for r in records if r.outcome is not None]


def _confirmed(run: Run, ending: Ending) -> list[Finished]:
    confirmation = ending.confirmation
    if confirmation is None:
        return []
    with open_storage(run.folder.journal, run.settings.resources.storage, read_only=True) as storage:
        if not has_study(storage, confirmation.study):
            return []
        study = open_confirmation(run, confirmation, storage, read_only=True)
        return _finished(study.records(), study.stage)


def _scores(winner: Winner) -> dict[str, float]:
    """List the winner's scores by name; of one that was confirmed, those of its fresh trainings too."""
    row, verdict = winner.row, winner.verdict
    named = row.metric.column
    scores = {f"validation_{named}": row.score, "trial": float(row.trial)}
    if verdict is not None and verdict.test is not None:
        low, high = verdict.test.low, verdict.test.high
        scores |= {f"expected_{named}": verdict.test.mean, "expected_low": low, "expected_high": high}
    return scores
