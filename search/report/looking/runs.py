"""The list of runs for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from packtune.data.files import readable
from packtune.models.training.metrics.catalog import Metric
from packtune.report.console import program, shell_word
from packtune.report.fitting import Fitted, fit_table, wrap, write_table
from packtune.report.looking.records import Best, Measured, RunList, RunState, RunSummary
from packtune.report.looking.times import age_in_words

FIRST_OUT = ("space", "data", "age")
"""The columns that are left out first where there is no room."""


def runs_in_words(found: RunList, width: int | None) -> str:
    """Write the list of runs, what its columns mean, and the command that goes on.

    Args:
        width: characters in a line; none for no limit.
    """
    table = _table(found, width)
    hidden = [f"No room here for: {', '.join(table.hidden)}"] if table.hidden else []
    return "\n".join([table.text, "", *(wrap(line, width) for line in [*hidden, *_notes(found)])])


def passed_over_in_words(found: RunList) -> list[str]:
    """Say which folders were passed over, and why: a line for each."""
    return [f"Passed over: {readable(str(each.folder))}: {each.reason}" for each in found.passed_over]


def best_in_words(best: Best | None, metric: Metric) -> str:
    """Write the best score of a run with its interval, for the cell of a table."""
    if best is None:
        return ""
    named = "" if metric is Metric.ACCURACY else f"{metric.in_words} "
    on = " on validation" * (best.measured is Measured.VALIDATION)
    return f"{named}{best.score:.4f} ({best.low:.4f} to {best.high:.4f}){on}"


def _table(found: RunList, width: int | None) -> Fitted:
    columns = {
        "run": [each.name for each in found.runs],
        "data": [each.data for each in found.runs],
        "space": [each.space for each in found.runs],
        "state": [each.state.value for each in found.runs],
        "trials": [_trials(each) for each in found.runs],
        "best": [best_in_words(each.best, each.metric) for each in found.runs],
        "age": [age_in_words(each.age_s) for each in found.runs],
    }
    return fit_table(
        list(columns),
        lambda kept: write_table(list(kept), list(zip(*(columns[name] for name in kept), strict=True))),
        first_out=FIRST_OUT,
        width=width,
    )


def _trials(run: RunSummary) -> str:
    return str(run.trials) if run.finished == run.trials else f"{run.finished} of {run.trials}"


def _notes(found: RunList) -> Iterator[str]:
    kinds = {each.best.measured for each in found.runs if each.best}
    if Measured.EXPECTED in kinds:
        yield "best: what fresh trainings of the winner reach on test examples, with the 95% interval"
    if Measured.VALIDATION in kinds:
        yield "on validation: what the search itself saw, which is optimistic"
    yield from (f"{each.name}: {each.note}" for each in found.runs if each.note)
    where = "" if found.results == Path("results") else f" --results {shell_word(str(found.results))}"
    yield f"More of a run: {program()} show RUN{where}"
    if any(each.state is RunState.RUNNING for each in found.runs):
        yield f"Watch one that is running: {program()} watch RUN{where}"
    if any(each.state is RunState.STOPPED for each in found.runs):
        yield f"Go on with one that was stopped: {program()} resume RUN{where}"
