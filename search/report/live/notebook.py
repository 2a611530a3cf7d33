"""The view of a running search in a notebook: a part of a cell's output that is updated."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from packtune.dispatch.standing import PackProgress, Standing
from packtune.report.live.picture import Picture, Table, picture_of
from packtune.report.live.progress import ProgressView, Speed
from packtune.report.live.sparkline import draw_rise

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

INTERVAL_S = 0.5
CURVE = 32
MOST_PACKS = 8
MOST_COLUMNS = 9


class NotebookView(ProgressView):
    """The same as in a terminal, as HTML. What is said stays below it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        from IPython.display import HTML, display

        self._html = HTML
        self._clock = clock
        self._speed = Speed(clock)
        self._shown_s = -INTERVAL_S
        self._standing: Standing | None = None
        self._stage = ""
        self._said: list[str] = []
        self._handle: DisplayHandle = display(HTML(""), display_id=True)

    def stage(self, text: str) -> None:
        self._stage = text
        self._update()

    def show(self, standing: Standing) -> None:
        self._stage = ""
        self._standing = standing
        self._speed.note(standing)
        if self._clock() - self._shown_s >= INTERVAL_S:
            self._update()

    def say(self, text: str) -> None:
        self._said.append(html.escape(text))
        self._update()

    def close(self) -> None:
        self._stage = ""
        self._update()

    def _update(self) -> None:
        self._shown_s = self._clock()
        html_of, standing = self._html, self._standing
        if standing is None:
            drawn = html.escape(f"{self._stage} ..." if self._stage else "")
        else:
            drawn = to_html(picture_of(standing, self._speed.pace(standing), self._stage))
        self._handle.update(html_of("<br>".join([drawn, *self._said])))  # type: ignore[no-untyped-call]


def to_html(picture: Picture) -> str:
    """Write a picture as HTML. Every text in it is escaped."""
    curve = draw_rise(picture.rise, finished=picture.finished, width=CURVE)
    lines = [
        f"<b>{html.escape(picture.stage)}</b> {_bar(picture.share, 1.0)} {html.escape(', '.join(picture.counts))}",
        html.escape(picture.pace),
        f'{html.escape(picture.best)} <span style="font-family: monospace" aria-hidden="true">{curve}</span>',
    ]
    return "".join([*(f"<div>{line}</div>" for line in lines), _leaders(picture.leaders), *_packs(picture.packs)])


def _bar(done: float, of: float) -> str:
    return f'<progress max="{of:g}" value="{done:.3f}"></progress>'


def _leaders(table: Table) -> str:
    if not table.rows:
        return ""
    head, *rows = (
        _row(cells, table, "td" if number else "th") for number, cells in enumerate((table.headers, *table.rows))
    )
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _row(cells: Sequence[str], table: Table, tag: str) -> str:
    sides = ("right" if is_number else "left" for is_number in table.numeric[:MOST_COLUMNS])
    written = (
        f'<{tag} style="text-align: {side}">{html.escape(cell)}</{tag}>'
        for cell, side in zip(cells, sides, strict=False)
    )
    return f"<tr>{''.join(written)}</tr>"


def _packs(packs: tuple[PackProgress, ...]) -> Iterator[str]:
    for pack in packs[:MOST_PACKS]:
        members = "1 trial" if pack.members == 1 else f"{pack.members} trials"
        told = f"{pack.epochs}/{pack.of_epochs} epochs, {members} of {html.escape(pack.architecture)}"
        label = f"{html.escape(pack.search)} pack {pack.number}".strip()
        yield f"<div>{label} {_bar(pack.epochs, pack.of_epochs)} {told}</div>"
    if len(packs) > MOST_PACKS:
        yield f"<div>and {len(packs) - MOST_PACKS} more packs</div>"
