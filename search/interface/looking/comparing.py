"""Two runs compared: their settings, their winners, and how their searches went."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from packtune.confirmation.crossed import Values
from packtune.confirmation.difference.independent import difference_of_estimates
from packtune.confirmation.difference.paired import difference_by_image, difference_by_seed
from packtune.confirmation.difference.record import Difference
from packtune.confirmation.values import rows_of
from packtune.errors import SettingsError
from packtune.interface.looking.reading import ReadRun
from packtune.report.looking.compared import Changed, Comparison
from packtune.report.looking.details import winner_facts
from packtune.run.settings_file import plan_values, values_of
from packtune.settings import SearchPlan

COUNTING = ("asked_trials", "ended_by", "stops_from")
"""Settings that follow from others."""


def compare(first: ReadRun, second: ReadRun, now: datetime) -> Comparison:
    """Compare two runs.

    Args:
        now: from which their ages count, with a time zone.

    Raises:
        SettingsError: they are one and the same.
    """
    if first.run.folder.path.absolute() == second.run.folder.path.absolute():
        raise SettingsError(f"{first.run.folder.name!r} was given twice: give two runs")
    same_images = _have_same_images(first.run.settings.plan, second.run.settings.plan)
    why_not = _why_not(first, second)
    winners = [winner_facts(each.ending.winner) if each.ending.winner else None for each in (first, second)]
    return Comparison(
        first=first.summary(now),
        second=second.summary(now),
        settings=tuple(_changed(first, second)),
        winner_first=winners[0],
        winner_second=winners[1],
        difference=None if why_not else difference_of(first, second),
        test_images=first.run.settings.plan.description.n_test if same_images else 0,
        why_not=why_not,
        best_first=tuple(best_so_far(first)),
        best_second=tuple(best_so_far(second)),
    )


def difference_of(first: ReadRun, second: ReadRun) -> Difference | None:
    """Compare the winners of two runs on test examples; none if one of them was not confirmed.

    On the same examples they are compared example by example (see `difference_by_image`); and seed by seed where the
    trainings of both have the same seeds, which come from the seed of the search and the number of the training. Else
    their estimates are subtracted (see `difference_of_estimates`).
    """
    plans = [each.run.settings.plan for each in (first, second)]
    if not _have_same_images(*plans):
        estimates = [each.ending.verdict and each.ending.verdict.test for each in (first, second)]
        return difference_of_estimates(estimates[0], estimates[1]) if estimates[0] and estimates[1] else None
    one, other = report_values(first), report_values(second)
    if one is None or other is None:
        return None
    same_seeds = plans[0].seed == plans[1].seed and one.shape == other.shape
    return difference_by_seed(one, other) if same_seeds else difference_by_image(one, other)


def report_values(found: ReadRun) -> Values | None:
    """Give what each test example says of the winner's trainings, [trainings, examples]; none before all are done."""
    confirmation, confirmed = found.ending.confirmation, found.ending.confirmed
    if confirmation is None or confirmed is None:
        return None
    report, plan = confirmation.layout.report, found.run.settings.plan
    outcomes = [confirmed[number] for number in range(report.first, report.end) if number in confirmed]
    if len(outcomes) < report.repeats:
        return None
    scores, answers = [each.test for each in outcomes], [each.right_test for each in outcomes]
    return rows_of(scores, answers, images=plan.description.n_test, metric=plan.metric)


def best_so_far(found: ReadRun) -> Iterator[tuple[int, float]]:
    """Give (trial, score) wherever a trial had a better score on validation than all before it, and the last trial."""
    best, metric, last = None, found.run.settings.plan.metric, None
    for record in found.ending.records:
        validation = record.outcome.validation if record.outcome else None
        if validation is None:
            continue
        last = record.proposal.number
        if best is None or metric.merit(validation.score) > metric.merit(best):
            best = validation.score
            yield last, best
            last = None
    if last is not None and best is not None:
        yield last, best


def _why_not(first: ReadRun, second: ReadRun) -> str:
    """Say why two winners are not compared; nothing if they can be."""
    plans = [each.run.settings.plan for each in (first, second)]
    if plans[0].metric is not plans[1].metric:
        return "the runs went by different metrics"
    if plans[0].data != plans[1].data and not _have_same_images(*plans):
        return "the runs are on different data"
    for each in (first, second):
        verdict = each.ending.verdict
        if verdict is None or verdict.test is None:
            return (
                f"the winner of {each.run.folder.name} has no fresh trainings that report on it; scores of a search "
                "alone are optimistic"
            )
    return ""


def _have_same_images(one: SearchPlan, other: SearchPlan) -> bool:
    """Tell whether two runs have the same test examples, in the same order."""
    mine, theirs = one.description, other.description
    return (mine.name, mine.fingerprint, mine.n_test, mine.heads) == (
        theirs.name,
        theirs.fingerprint,
        theirs.n_test,
        theirs.heads,
    )


def _changed(first: ReadRun, second: ReadRun) -> Iterator[Changed]:
    mine, theirs = values_of(first.run.settings), values_of(second.run.settings)
    deciding = plan_values(first.run.settings.plan)
    for name, value in mine.items():
        if value != theirs[name] and name not in COUNTING:
            yield Changed(name=name, first=value, second=theirs[name], decides=name in deciding)
