"""The facts of a run in short, as Markdown that GitHub shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packtune.report.escaping import escape_markdown
from packtune.report.facts.leaders import Interval, LeaderFacts
from packtune.report.facts.report import ReportFacts

MOST_LEADERS = 10
MOST_IMPORTANT = 5


def to_markdown(facts: ReportFacts, pictures: Sequence[tuple[str, str]] = ()) -> str:
    """Write a report for a pull request.

    Args:
        pictures: (name of a file beside it, what it shows).
    """
    return "\n\n".join([*_head(facts), *_pictures(pictures), *_parts(facts)]) + "\n"


def _head(facts: ReportFacts) -> Iterator[str]:
    yield f"# Run {escape_markdown(facts.run.name)}"
    yield escape_markdown(f"{_searched(facts)} {facts.run.status}")
    if facts.winner is not None:
        first, *others = (escape_markdown(line) for line in facts.winner.lines)
        yield f"**{first}**" + "".join(f"<br>\n{line}" for line in others)


def _searched(facts: ReportFacts) -> str:
    data = facts.data
    examples = f"{data.train + data.validation + data.test:,} {data.examples}"
    return f"Searched the space {facts.space.name} on {data.name} ({examples}) by {facts.metric.in_words}."


def _pictures(pictures: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, what in pictures:
        yield f"![{escape_markdown(what)}]({name})"


def _parts(facts: ReportFacts) -> Iterator[str]:
    if facts.leaderboard:
        yield "## Leaderboard"
        yield _leaderboard(facts)
        yield escape_markdown(facts.run.method)
        yield from (escape_markdown(note) for note in facts.notes_on("leaderboard"))
    if facts.importance:
        yield "## What mattered"
        yield _importance(facts)
        yield from (escape_markdown(note) for note in facts.notes_on("importance"))
    yield "## How to go on"
    yield "\n".join(f"- {escape_markdown(each.purpose)}: {_code(each.line)}" for each in facts.place.commands)
    yield escape_markdown(_origin(facts))


def _leaderboard(facts: ReportFacts) -> str:
    shown = facts.leaderboard[:MOST_LEADERS]
    has_test = any(row.test is not None for row in shown)
    names = ["rank", "trial", "", f"validation {facts.metric.in_words}", "95% interval", "trainings"]
    names += [f"test {facts.metric.in_words}"] * has_test + ["parameters"]
    sides = ["--:", "--:", ":--", *["--:"] * (len(names) - 3)]
    rows = [_cells(row, has_test=has_test) for row in shown]
    left = len(facts.leaderboard) - len(shown)
    more = f"\n\n{left:,} more in leaderboard.csv." if left else ""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [names, sides, *rows]) + more


def _cells(row: LeaderFacts, *, has_test: bool) -> list[str]:
    standing = "winner" if row.is_winner else "tie" if row.is_tied else "seen once" if row.is_seen_once else ""
    score = row.score
    return [
        str(row.rank),
        str(row.trial),
        standing if row.score else row.state.lower(),
        f"{score.mean:.4f}" if score else "",
        _bounds(score),
        str(score.trainings) if score else "",
        *([f"{row.test:.4f}" if row.test is not None else ""] * has_test),
        f"{row.parameters:,}" if row.parameters is not None else "",
    ]


def _bounds(score: Interval | None) -> str:
    return f"{score.low:.4f} to {score.high:.4f}" if score else ""


def _importance(facts: ReportFacts) -> str:
    return "\n".join(
        f"- {escape_markdown(each.hyperparameter)}: {each.share:.0%}"
        + (f" where {escape_markdown(each.condition)}" if each.condition else "")
        for each in facts.importance[:MOST_IMPORTANT]
    )


def _code(line: str) -> str:
    """Write a command as code: between more backticks than it has in a row."""
    ticks = "`"
    while ticks in line:
        ticks += "`"
    return f"{ticks} {line} {ticks}" if "`" in line else f"{ticks}{line}{ticks}"


def _origin(facts: ReportFacts) -> str:
    place = facts.place
    packtune = dict(place.versions).get("packtune", "")
    return f"Written by packtune {packtune} on {place.machine}, {place.written}. All facts: report.json."
