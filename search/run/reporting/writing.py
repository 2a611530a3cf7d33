"""Writes the report of a run beside its tables. If that fails, it is said, and nothing else is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.errors import PacktuneError
from packtune.files import write_text
from packtune.report.facts.json_form import to_json
from packtune.report.facts.report import NoteFacts, ReportFacts
from packtune.report.summary.markdown import to_markdown
from packtune.run.ending import Ending
from packtune.run.folder import Run
from packtune.run.reporting.files import JSON, LEADERS, MARKDOWN, PAGE, PROGRESS
from packtune.run.reporting.gathering import gather_facts, is_decided
from packtune.run.reporting.place import place_of

if TYPE_CHECKING:
    from packtune.data.dataset import Dataset
    from packtune.report.facts.answers import AnswersFacts

Load = Callable[[], "Dataset"]
"""Gives the data set of a run."""


def write_report(run: Run, ending: Ending, load: Load | None) -> list[Path]:
    """Write the report of a run into its folder.

    Args:
        load: gives the data set, of which the winner's network labels examples; none for a brief report, without that
            and without the importance of hyperparameters.

    Returns:
        The files that people read, the first of them to be looked at first.

    Raises:
        PacktuneError: a file cannot be written.
    """
    return write_facts(run, facts_of(run, ending, load))


def write_facts(run: Run, facts: ReportFacts) -> list[Path]:
    """Write facts into the folder of their run; see `write_report`."""
    from packtune.report.page.page import render_page  # Jinja, which nothing else needs

    folder, pictures = run.folder.path, _pictures(facts)
    write_text(folder / PAGE, render_page(facts))
    write_text(folder / JSON, to_json(facts))
    for picture in pictures:
        write_text(folder / picture.name, picture.content)
    write_text(folder / MARKDOWN, to_markdown(facts, [(picture.name, picture.shows) for picture in pictures]))
    return [folder / PAGE, folder / MARKDOWN, folder / JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    """A picture of `report.md`, in a file beside it."""

    name: str
    content: str
    shows: str


def _pictures(facts: ReportFacts) -> list[_Picture]:
    from packtune.report.summary.pictures import leaders_picture, progress_picture

    progress, leaders = progress_picture(facts), leaders_picture(facts)
    found = [_Picture(name=PROGRESS, content=progress, shows="The best score so far")]
    if leaders is not None:
        shows = "The first configurations with their intervals"
        found.append(_Picture(name=LEADERS, content=leaders, shows=shows))
    return found


def facts_of(run: Run, ending: Ending, load: Load | None) -> ReportFacts:
    """Gather the facts of a report; `load` as in `write_report`."""
    answers, notes = _answers(run, ending, load)
    place = place_of(run, ending, now=datetime.now(UTC))
    return gather_facts(run, ending, place=place, answers=answers, notes=tuple(notes), is_brief=load is None)


def try_to_report(run: Run, ending: Ending, load: Load | None, say: Callable[[str], None]) -> None:
    """Write the report at the end of a search. If that fails, it is said: the tables are there already."""
    if not ending.rows:
        return
    try:
        write_report(run, ending, load)
    except Exception as error:  # whatever it is, it must not cost the result of a search
        say(f"The report could not be written ({type(error).__name__}: {error}): {run.command('report')}")


def _answers(run: Run, ending: Ending, load: Load | None) -> tuple[AnswersFacts | None, list[NoteFacts]]:
    """Let the winner's kept network label examples; else say why there is nothing."""
    if ending.winner is None:
        return None, [_note("No trial is complete, so there is no network yet.")]
    again = run.command("report")
    if load is None:
        return None, [_note(f"The search was stopped before single examples were labelled: `{again}` adds them.")]
    from packtune.run.model_keeper import find_kept_model
    from packtune.run.reporting.answers import answers_of

    decided = is_decided(ending)
    try:
        kept = find_kept_model(run.folder, ending.winner)
        if kept is None:
            return None, [_note(f"The run kept no network of trial {ending.winner.row.trial}, and none is trained.")]
        found = answers_of(run, ending.winner, kept.model, load(), is_decided=decided)
    except PacktuneError as error:
        return None, [_note(f"Single examples could not be labelled: {error}")]
    return found, [] if decided else [_note("The winner is not decided yet: these are validation examples.")]


def _note(text: str) -> NoteFacts:
    return NoteFacts(section="answers", text=text)
