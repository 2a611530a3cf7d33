"""How far a search is at one moment, as lines of text."""

from __future__ import annotations

from packtune.dispatch.standing import Standing
from packtune.report.live.frame import MOST_LEADERS, Room, draw
from packtune.report.live.picture import picture_of
from packtune.report.live.progress import Speed

WIDTH = 120
"""Where the text goes to no terminal."""
LEAST_WIDTH = 40
MOST_PACKS = 16


def to_text(standing: Standing, stage: str = "", *, width: int | None, only_ascii: bool = False) -> str:
    """Write what a live view shows.

    Args:
        stage: what is being prepared; empty if nothing is.
        width: characters in a line of the terminal; none where there is no terminal.
    """
    speed = Speed(lambda: 0.0)
    speed.note(standing)
    columns = max(LEAST_WIDTH, WIDTH if width is None else width - 1)
    packs = min(MOST_PACKS, len(standing.packs))
    room = Room(columns=columns, leaders=MOST_LEADERS, packs=packs, only_ascii=only_ascii)
    lines = draw(picture_of(standing, speed.pace(standing), stage), room).plain.split("\n")
    return "\n".join(line.rstrip() for line in lines if line.strip())
