"""All facts of a run's report, from how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from packtune.confirmation.course import Course
from packtune.data.files import readable
from packtune.models.configuration import Value
from packtune.report.facts.about import RunFacts, SettingFacts
from packtune.report.facts.answers import AnswersFacts
from packtune.report.facts.hyperparameters import ImportanceFacts
from packtune.report.facts.making.about import data_facts, metric_facts, space_facts
from packtune.report.facts.making.leaders import leader_facts, trade_points, winner_facts
from packtune.report.facts.making.times import time_facts
from packtune.report.facts.making.trainings import finalist_curves, progress_facts, trial_facts
from packtune.report.facts.making.tried import Tried
from packtune.report.facts.place import PlaceFacts
from packtune.report.facts.report import NoteFacts, ReportFacts
from packtune.report.method import describe_method
from packtune.run.ending import Ending
from packtune.run.folder import Run
from packtune.run.given.stops import describe_stop
from packtune.run.settings_file import plan_values


def is_decided(ending: Ending) -> bool:
    """Tell whether the winner is final: with a confirmation once its report is done, else once nothing is open.

    Only then a report says anything of test examples.
    """
    if ending.winner is None:
        return False
    if ending.plan.confirm:
        return ending.verdict is not None and ending.verdict.test is not None
    return not ending.is_open


def gather_facts(
    run: Run,
    ending: Ending,
    *,
    place: PlaceFacts,
    answers: AnswersFacts | None,
    notes: tuple[NoteFacts, ...] = (),
    is_brief: bool = False,
) -> ReportFacts:
    """Gather all facts.

    Args:
        place: where the run lies.
        answers: of the winner's kept network; none if it is not there.
        notes: why something of these two is missing.
        is_brief: whether to leave out the importance of hyperparameters: what judges it takes a second to import.
    """
    plan, records, decided = ending.plan, ending.records, is_decided(ending)
    course = _course(ending)
    tried = Tried(run.space, [record.proposal.configuration for record in records])
    progress = progress_facts(records, plan.metric, course, ending.confirmed)
    importance, on_importance = _importance(run, ending, is_brief=is_brief)
    return ReportFacts(
        run=_run_facts(run, ending),
        metric=metric_facts(plan.metric),
        data=data_facts(plan, ending.baselines, is_decided=decided),
        space=space_facts(run.space),
        settings=_settings(run),
        winner=winner_facts(ending.winner, is_decided=decided) if ending.winner else None,
        leaderboard=leader_facts(ending.rows, ending.winner, plan, tried, is_decided=decided),
        finalists=tuple(finalist_curves(course, ending.confirmed)) if course and ending.confirmed else (),
        progress=progress,
        importance=importance,
        hyperparameters=tried.axes,
        fixed=tried.fixed,
        trials=tuple(trial_facts(record, tried) for record in records),
        trade=trade_points(ending.rows, lambda row: row.parameters, plan.metric),
        answers=answers,
        notes=(*_notes(decided), *on_importance, *notes),
        times=time_facts(records, ending.rows, progress, ending.confirmed, plan.metric),
        place=place,
    )


def _course(ending: Ending) -> Course | None:
    """Give how far the confirmation is; none if it has not begun."""
    if ending.confirmation is None or ending.confirmed is None:
        return None
    return ending.confirmation.course(ending.confirmed)


def _importance(run: Run, ending: Ending, *, is_brief: bool) -> tuple[tuple[ImportanceFacts, ...], Sequence[NoteFacts]]:
    """Judge the hyperparameters, with notes on how sure that is."""
    if is_brief:
        text = f"The search was stopped before importance was judged: `{run.command('report')}` adds it."
        return (), [NoteFacts(section="importance", text=text)]
    from packtune.report.facts.making.importance import importance_facts, importance_notes

    found = importance_facts(run.space, ending.records)
    return found, importance_notes(found, ended=_count_ended(ending))


def _count_ended(ending: Ending) -> int:
    return sum(record.outcome is not None for record in ending.records)


def _run_facts(run: Run, ending: Ending) -> RunFacts:
    plan = ending.plan
    return RunFacts(
        name=run.folder.name,
        trials=plan.trials,
        finished=_count_ended(ending),
        open=ending.open_trials,
        open_trainings=ending.open_trainings,
        counts=tuple(Counter(record.state.value for record in ending.records).items()),
        is_decided=is_decided(ending),
        status=_status(ending),
        method=describe_method(plan, ending.rows, ending.verdict),
        sampler=plan.sampler,
        seed=plan.seed,
        epochs=plan.epochs,
    )


def _status(ending: Ending) -> str:
    """Say how a search ended, or stands."""
    plan = ending.plan
    if ending.open_trials:
        return f"{ending.open_trials} of {plan.trials} trials are open."
    if ending.open_trainings:
        return f"All {plan.trials} trials are done; {ending.open_trainings} trainings of finalists are open."
    if ended := describe_stop(plan, ending.verdict):
        return ended
    confirmed = ", and the winner is confirmed by fresh trainings" * (ending.verdict is not None)
    return f"All {plan.trials} trials are done{confirmed}."


def _settings(run: Run) -> tuple[SettingFacts, ...]:
    given: Mapping[str, Value | list[str] | None] = plan_values(run.settings.plan)
    return tuple(SettingFacts(name=name, value=_shown(value)) for name, value in given.items() if value is not None)


def _shown(value: Value | list[str]) -> Value | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(readable, value))
    return readable(value) if isinstance(value, str) else value


def _notes(decided: bool) -> list[NoteFacts]:
    """Say that nothing was worked out on test examples before the winner is decided."""
    if decided:
        return []
    text = "The winner is not decided yet: all scores are of validation examples, and no test example was looked at."
    return [NoteFacts(section="leaderboard", text=text)]
