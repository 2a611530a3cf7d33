"""Which hyperparameters matter: a bar each, and the table of the same numbers with their conditions."""

from __future__ import annotations

from packtune.report.facts.report import ReportFacts
from packtune.report.page.charts.bars import Bar, draw_bars
from packtune.report.page.charts.markup import Markup
from packtune.report.page.figures import Figure, Section, Table


def importance_section(facts: ReportFacts) -> Section:
    """Draw how much each hyperparameter matters."""
    if not facts.importance:
        return Section(
            name="importance", title="What mattered", lead=_none(facts), notes=tuple(facts.notes_on("importance"))
        )
    return Section(
        name="importance",
        title="What mattered",
        lead=_lead(facts),
        figures=(_figure(facts),),
        tables=(_table(facts),),
        notes=tuple(facts.notes_on("importance")),
    )


def _none(facts: ReportFacts) -> str:
    if not facts.hyperparameters:
        return "All trials had the same hyperparameters."
    return "" if facts.notes_on("importance") else "There are too few trials to tell which hyperparameters matter."


def importance_drawing(facts: ReportFacts) -> Markup:
    """Draw a bar for each hyperparameter."""
    bars = [Bar(name=each.hyperparameter, value=each.share, shown=f"{each.share:.0%}") for each in facts.importance]
    return draw_bars("Importance of hyperparameters, the most important first", bars)


def _figure(facts: ReportFacts) -> Figure:
    return Figure(
        title="Importance of hyperparameters",
        reading="A long bar means: the values of the best tenth of the trials differ clearly from those of the others.",
        drawings=(importance_drawing(facts),),
    )


def _table(facts: ReportFacts) -> Table:
    rows = [
        (each.hyperparameter, f"{each.share:.1%}", f"{each.trials:,}", each.condition or "everywhere")
        for each in facts.importance
    ]
    return Table(
        caption="Importance in numbers",
        heads=("hyperparameter", "importance", "trials", "where it applies"),
        rows=tuple(rows),
        numbers=("importance", "trials"),
    )


def _lead(facts: ReportFacts) -> str:
    first = facts.importance[0]
    alone = f" where {first.condition}" if first.condition else ""
    return (
        f"What mattered most is {first.hyperparameter}{alone}, with {first.share:.0%} of what the hyperparameters "
        "explain. A small bar does not prove that a hyperparameter has no effect: perhaps the search tried too few of "
        "its values. Diverged and failed trials count as the worst."
    )
