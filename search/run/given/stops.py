"""A search that a stop ended, as its settings keep it: its trials are those that were tried, and why is noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from packtune.confirmation.verdict import Verdict
from packtune.dispatch.stops.exploration_end import reason_of
from packtune.run.confirming import confirmation_of
from packtune.run.folder import Run
from packtune.run.settings_file import read_settings, write_settings
from packtune.settings import EndedBy, SearchPlan, SettledPlan
from packtune.study.study import SearchStudy
from packtune.trial import Outcome, TrialRecord


def settle_end(
    run: Run,
    study: SearchStudy,
    plan: SettledPlan,
    records: Sequence[TrialRecord],
    confirmed: Mapping[int, Outcome] | None,
) -> Run:
    """Note in the settings of a run that a stop has ended it, if one has.

    A score ends a search once a winner holds it over its fresh trainings; if nothing is confirmed, once a trial has it.

    Args:
        records: of exploration.
        confirmed: outcomes of the confirmation, by number; none if it has not begun.

    Raises:
        RunError: the study is damaged, or the settings cannot be written.
    """
    reason = reason_of(study, plan)
    if reason is None or (reason is EndedBy.SCORE and plan.confirm and not _is_held(run, records, confirmed)):
        return run
    return replace(run, settings=run.settings.with_plan(_keep(run, reason, len(records))))


def describe_stop(plan: SearchPlan, verdict: Verdict | None) -> str:
    """Say which stop ended a search, or that no winner has the score that was asked for; else nothing."""
    after = f"Stopped after {plan.trials} of {plan.asked_trials} trials"
    if plan.ended_by is EndedBy.PATIENCE:
        return f"{after}: no better trial in the last {plan.patience}."
    held = None if verdict is None else verdict.held_score
    score = None if plan.stop_at is None else f"{plan.metric.in_words} of {plan.stop_at:g}"
    if plan.ended_by is EndedBy.SCORE:
        what = "a trial has" if held is None else f"the winner has {held:.4f} over its fresh trainings, and so"
        return f"{after}: {what} the {score} that was asked for."
    if held is None or plan.is_reached_by(held):
        return ""
    return f"No winner has the {score} that was asked for: the best has {held:.4f} over its fresh trainings."


def _is_held(run: Run, records: Sequence[TrialRecord], confirmed: Mapping[int, Outcome] | None) -> bool:
    confirmation = confirmation_of(run, records)
    if confirmation is None or confirmed is None:
        return False
    if not confirmation.layout.rounds:  # a single finalist is not compared with others: what it reached counts
        return True
    verdict = confirmation.verdict(confirmed)
    held = None if verdict is None else verdict.held_score
    return held is not None and run.settings.plan.is_reached_by(held)


def _keep(run: Run, reason: EndedBy, trials: int) -> SearchPlan:
    """Write down the end; options of one start, such as a time budget, do not get into the file."""
    kept = read_settings(run.folder.settings)
    asked = kept.plan.trials
    write_settings(
        kept.with_plan(replace(kept.plan, ended_by=reason, trials=trials, asked_trials=asked)), run.folder.settings
    )
    return replace(run.settings.plan, ended_by=reason, trials=trials, asked_trials=asked)
