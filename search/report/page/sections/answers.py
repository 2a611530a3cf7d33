"""What the winner's network says of single examples: its mistakes, and for tables which columns it needs."""

from __future__ import annotations

from packtune.report.facts.answers import AnswersFacts, ClassFacts, HeadAnswers
from packtune.report.facts.report import ReportFacts
from packtune.report.page.charts.bars import Bar, draw_bars
from packtune.report.page.charts.matrix import draw_matrix
from packtune.report.page.figures import Figure, Section, Table
from packtune.report.page.words import capital

MOST_CONFUSED = 10


def answers_section(facts: ReportFacts) -> Section:
    """Draw what the winner's network labels wrong."""
    notes = tuple(facts.notes_on("answers"))
    answers = facts.answers
    if answers is None:
        lead = "" if notes else "The network of the winner was not kept, so that nothing is known of single examples."
        return Section(name="answers", title="What the winner gets wrong", lead=lead, notes=notes)
    return Section(
        name="answers",
        title="What the winner gets wrong",
        lead=_lead(facts, answers),
        figures=tuple(figure for head in answers.heads for figure in _figures(answers, head)),
        tables=tuple(table for head in answers.heads for table in _tables(answers, head)),
        notes=notes,
    )


def columns_section(facts: ReportFacts) -> Section | None:
    """Draw which columns of a table the winner's network needs; none for images."""
    answers = facts.answers
    if answers is None or not answers.columns:
        return None
    figure = Figure(
        title="Accuracy lost by shuffling a column",
        reading="A long bar means that the network needs the column. A bar of about 0 means that it does well without "
        f"it. The thin line goes from the smallest to the largest loss of {answers.shuffles} shuffles.",
        drawings=(
            draw_bars(
                "Accuracy lost by shuffling each column, the largest loss first",
                [
                    Bar(name=each.name, value=each.loss, shown=f"{each.loss:.3f}", interval=(each.low, each.high))
                    for each in answers.columns
                ],
            ),
        ),
    )
    table = Table(
        caption="Accuracy lost, in numbers",
        heads=("column", "accuracy lost", "smallest", "largest"),
        rows=tuple((c.name, f"{c.loss:.4f}", f"{c.low:.4f}", f"{c.high:.4f}") for c in answers.columns),
        numbers=("accuracy lost", "smallest", "largest"),
    )
    return Section(
        name="columns",
        title="Which columns the winner needs",
        lead=f"The cells of one column are shuffled among the {answers.split} rows, and the network labels these "
        "again. Columns that say the same can stand in for each other: each then looks less needed than it is.",
        figures=(figure,),
        tables=(table,),
    )


def _lead(facts: ReportFacts, answers: AnswersFacts) -> str:
    wrong = answers.examples - answers.right
    lead = (
        f"The kept network of trial {answers.trial} labels {answers.right:,} of {answers.examples:,} {answers.split} "
        f"{facts.data.examples} right, and {wrong:,} wrong."
    )
    confused = [(pair, head) for head in answers.heads for pair in head.confused]
    if confused:
        pair = max(confused, key=lambda item: item[0].examples)[0]
        if pair.examples > 1:
            lead += f" Its most frequent mistake: {pair.right} is taken for {pair.said}, {pair.examples:,} times."
        elif len(confused) > 1:
            lead += " It makes no mistake twice."
    return lead


def _figures(answers: AnswersFacts, head: HeadAnswers) -> list[Figure]:
    if not head.matrix:
        return []
    names = [each.name for each in head.classes]
    of = f" of {head.name}" if len(answers.heads) > 1 else ""
    matrix = Figure(
        title=f"Confusion matrix{of}",
        reading="A row is a true class, and a column what the network says. The diagonal is right; all else is wrong. "
        f"The cells count {answers.split} examples.",
        drawings=(draw_matrix(f"Confusion matrix{of}, {len(names)} classes", names, head.matrix),),
        is_wide=len(names) > 12,
    )
    return [matrix, _recalls(answers, head, of)]


def _recalls(answers: AnswersFacts, head: HeadAnswers, of: str) -> Figure:
    known = sorted((each for each in head.classes if each.recall is not None), key=lambda each: each.recall or 0.0)
    bars = [Bar(name=each.name, value=each.recall or 0.0, shown=f"{each.recall:.1%}") for each in known[:20]]
    more = f" The 20 worst of {len(known)} classes are shown." if len(known) > 20 else ""
    return Figure(
        title=f"Recall by class{of}",
        reading=f"The share of the examples of a class that the network labels so; the worst class is on top.{more}",
        drawings=(draw_bars(f"Recall by class{of}, the worst first", bars, longest=1.0),),
    )


def _tables(answers: AnswersFacts, head: HeadAnswers) -> list[Table]:
    of = f" of {head.name}" if len(answers.heads) > 1 else ""
    classes = Table(
        caption=capital(f"classes{of}"),
        heads=("class", "examples", "recall", "precision"),
        rows=tuple(map(_class_row, head.classes)),
        numbers=("examples", "recall", "precision"),
    )
    confused = Table(
        caption=f"Most frequent mistakes{of}",
        heads=("true class", "predicted", "examples"),
        rows=tuple((pair.right, pair.said, f"{pair.examples:,}") for pair in head.confused[:MOST_CONFUSED]),
        numbers=("examples",),
    )
    return [classes, confused] if confused.rows else [classes]


def _class_row(each: ClassFacts) -> tuple[str, ...]:
    shares = ("" if share is None else f"{share:.1%}" for share in (each.recall, each.precision))
    return (each.name, f"{each.examples:,}", *shares)
