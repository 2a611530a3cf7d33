"""What is shown of a search while it runs: facts and short texts, in no form yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from packtune.data.files import readable
from packtune.dispatch.standing import Leader, Pace, PackProgress, Standing
from packtune.models.configuration import Value
from packtune.report.columns.hyperparameters import ORDER
from packtune.report.live.progress import completed, describe_best, describe_counts, describe_pace

MOST_LETTERS = 18
"""Longer values are cut: a word of the user's own may be of any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as texts.

    Attributes:
        headers: of the columns; the first ones matter most, and stay where there is little room.
        numeric: for each column, whether it holds numbers alone.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A search at one moment.

    Attributes:
        stage: its name, capitalised.
        share: of all trials that is done, 0 to 1.
        counts: how many trials are done, and what became of them; the first text matters most.
        pace: how fast the search is, and how long it will take, or what is being prepared.
        best: the best trial so far, in words; empty while there is none.
        rise: (finished trials, merit) at each trial that was better than all before it.
        finished: trials with an outcome.
        leaders: the best trials.
        packs: in training.
    """

    stage: str
    share: float
    counts: tuple[str, ...]
    pace: str
    best: str
    rise: tuple[tuple[int, float], ...]
    finished: int
    leaders: Table
    packs: tuple[PackProgress, ...]


def picture_of(standing: Standing, pace: Pace, preparing: str = "") -> Picture:
    """Work out what is shown.

    Args:
        preparing: what is being prepared meanwhile; empty if nothing is.
    """
    return Picture(
        stage=standing.stage.capitalize(),
        share=min(1.0, completed(standing) / standing.trials) if standing.trials else 0.0,
        counts=tuple(describe_counts(standing)),
        pace=f"{preparing} ..." if preparing else ", ".join(describe_pace(pace)),
        best=describe_best(standing),
        rise=tuple((when, standing.metric.merit(score)) for when, score in standing.rise),
        finished=standing.finished.total() - standing.trained,
        leaders=_table_of(standing.leaders, standing.metric.column),
        packs=tuple(map(_shown, standing.packs)),
    )


def _shown(pack: PackProgress) -> PackProgress:
    return replace(pack, architecture=_word(pack.architecture), search=_word(pack.search))


def _table_of(leaders: Sequence[Leader], score: str) -> Table:
    """Give the table of the best trials: hyperparameters that differ among them come before those that do not."""
    values = [dict(leader.values) for leader in leaders]
    names = _names(values)
    rows = [
        (str(leader.trial), f"{leader.score:.4f}", *(_word(own.get(name, "")) for name in names))
        for leader, own in zip(leaders, values, strict=True)
    ]
    numeric = (_are_numbers([own.get(name, "") for own in values]) for name in names)
    return Table(
        headers=("trial", score, *map(_word, names)), rows=tuple(rows), numeric=(True, True, *numeric) if rows else ()
    )


def _names(values: Sequence[dict[str, Value]]) -> list[str]:
    """List the hyperparameters: the architecture, then those that differ, as tables of results have them."""
    used = dict.fromkeys(name for own in values for name in own)
    known = [*(name for name in used if name not in ORDER), *(name for name in ORDER if name in used)]
    return sorted(known, key=lambda name: (name != ORDER[0], len({repr(own.get(name)) for own in values}) < 2))


def _are_numbers(cells: Sequence[object]) -> bool:
    known = [cell for cell in cells if cell != ""]
    return bool(known) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known)


def _word(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:.4g}" if isinstance(value, float) else readable(str(value))
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
