"""The view of a running search in a terminal: an area that is drawn in place, or one line where there is no room."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from packtune.dispatch.standing import Standing
from packtune.report.live.area import Area
from packtune.report.live.frame import NARROW, draw, room_in
from packtune.report.live.picture import picture_of
from packtune.report.live.progress import ProgressView, Speed, completed, describe


class LiveView(ProgressView):
    """The best trials so far, the packs in training, the stage and the time left, drawn in place.

    At the end, one line of it stays.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._speed = Speed(clock)
        self._stage = ""
        self._is_over = False
        self._standing: Standing | None = None
        self._console = console
        self._area = Area(console, self._draw)

    def stage(self, text: str) -> None:
        self._stage = text
        self._area.begin()

    def show(self, standing: Standing) -> None:
        self._stage = ""
        self._speed.note(standing)
        self._standing = standing  # which another thread draws
        self._area.begin()
        if self._area.failure is not None:
            raise self._area.failure

    def say(self, text: str) -> None:
        self._area.say(text)

    def close(self) -> None:
        self._is_over = True
        self._area.close()

    @property
    def drawing_s(self) -> float:
        """The seconds of processor time that drawing has taken so far."""
        return self._area.spent_s

    def _draw(self) -> RenderableType:
        standing = self._standing
        if standing is None:
            return Text(f"{self._stage} ..." if self._stage and not self._is_over else "")
        columns, rows = self._console.size
        room = None if self._is_over else room_in(columns, rows, only_ascii=self._console.options.ascii_only)
        if room is None:
            return self._line(standing, columns)
        return draw(picture_of(standing, self._speed.pace(standing), self._stage), room)

    def _line(self, standing: Standing, columns: int) -> RenderableType:
        words = Text(f"{describe(standing)}{self._speed.describe(standing)}", overflow="fold")
        if columns < NARROW:
            return words
        grid = Table.grid(padding=(0, 1))
        grid.add_row(ProgressBar(total=standing.trials, completed=completed(standing), width=24), words)
        return grid
