"""One run, or one of its trials, in detail."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from packtune.confirmation.layout import Block
from packtune.confirmation.verdict import trainings_of
from packtune.errors import SettingsError
from packtune.interface.looking.reading import ReadRun
from packtune.models.configuration import Configuration
from packtune.report.looking.details import FreshTraining, RunDetails, TrialDetails, winner_facts
from packtune.report.ranking import Row
from packtune.report.words import describe_winner
from packtune.run.settings_file import values_of
from packtune.trial import Accuracy, Outcome, TrialRecord, TrialState

WINNER_LINES = 2
"""Of the description of a winner: its configuration, and what it is worth."""


def details_of(found: ReadRun, now: datetime) -> RunDetails:
    """Gather what is told of a run.

    Args:
        now: from which its age counts, with a time zone.
    """
    ending, summary = found.ending, found.summary(now)
    counts = Counter(record.state for record in ending.records)
    seconds = [record.outcome.seconds for record in ending.records if record.outcome]
    lines = describe_winner(ending.winner).splitlines()[:WINNER_LINES] if ending.winner else []
    return RunDetails(
        run=summary,
        settings=values_of(found.run.settings),
        states={state.value: counts[state] for state in TrialState if state in counts},
        trainings=len(found.ending.confirmed or ()),
        open_trainings=ending.open_trainings,
        training_s=math.fsum([*seconds, *(each.seconds for each in (found.ending.confirmed or {}).values())]),
        winner=winner_facts(ending.winner) if ending.winner else None,
        winner_in_words=tuple(lines),
    )


def trial_details(found: ReadRun, number: int) -> TrialDetails:
    """Gather what is told of a trial.

    Raises:
        SettingsError: the run has no such trial.
    """
    record, plan = _find(found, number), found.run.settings.plan
    outcome, configuration = record.outcome, record.proposal.configuration
    rank, row = _place(found, configuration)
    return TrialDetails(
        run=found.run.folder.name,
        folder=found.run.folder.path,
        trial=number,
        state=record.state,
        metric=plan.metric,
        rank=rank,
        rows=len(found.ending.rows),
        epochs=outcome.epochs if outcome else 0,
        full_epochs=plan.epochs,
        reason=outcome.reason if outcome else "",
        seconds=outcome.seconds if outcome else None,
        device=outcome.device if outcome else "",
        seed=record.proposal.seed,
        parameters=row.parameters if row else None,
        configuration=configuration.used(),
        curve=outcome.curve if outcome else (),
        validation=_score(outcome.validation if outcome else None),
        test=_score(outcome.test if outcome else None),
        trainings=tuple(_trainings(found, configuration)),
        commands={"run": found.run.folder.command("show"), "leaderboard": found.run.folder.command("leaderboard")},
    )


def _find(found: ReadRun, number: int) -> TrialRecord:
    records = found.ending.records
    if not 0 <= number < len(records):
        there = f"0 to {len(records) - 1}" if records else "none yet"
        raise SettingsError(
            f"the run {found.run.folder.name!r} has no trial {number}: its trials are {there}; "
            f"`{found.run.folder.command('leaderboard')}` lists them"
        )
    return records[number]


def _place(found: ReadRun, configuration: Configuration) -> tuple[int | None, Row | None]:
    """Give the rank of a configuration in the leaderboard and its row; nothing before a trial of it has ended."""
    used = configuration.used()
    ranked = ((rank, row) for rank, row in enumerate(found.ending.rows, 1) if row.configuration.used() == used)
    return next(ranked, (None, None))


def _score(accuracy: Accuracy | None) -> float | None:
    return None if accuracy is None else accuracy.score


def _trainings(found: ReadRun, configuration: Configuration) -> Iterator[FreshTraining]:
    """List the trainings of a configuration in the confirmation, in order, as far as they are done."""
    confirmation, confirmed = found.ending.confirmation, found.ending.confirmed
    if confirmation is None or confirmed is None:
        return
    used = configuration.used()
    places = [i for i, each in enumerate(confirmation.finalists) if each.configuration.used() == used]
    course, report = confirmation.course(confirmed), confirmation.layout.report
    for place in places:
        numbers = trainings_of(course, place) if confirmation.layout.rounds else []
        if course.has_selected and course.judgement.winner == place:
            numbers = [*numbers, *report.numbers(0)]
        for number in numbers:
            if number in confirmed:
                yield _training(confirmation.layout.block(number), report, number, confirmed[number])


def _training(block: Block, report: Block, number: int, outcome: Outcome) -> FreshTraining:
    return FreshTraining(
        stage="report" if block == report else "selection",
        repeat=block.repeat(number),
        state=outcome.state,
        epochs=outcome.epochs,
        validation=_score(outcome.validation),
        test=_score(outcome.test),
        seconds=outcome.seconds,
    )
