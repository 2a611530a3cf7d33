"""The live area of a terminal: lines of a fixed number that fit, whatever the terminal's size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from packtune.dispatch.standing import PackProgress
from packtune.report.live.picture import Picture, Table
from packtune.report.live.sparkline import ASCII, BLOCKS, draw_rise

NARROW = 50
"""In a terminal of fewer columns there is one line, without a bar: all else would be broken."""
HEAD_LINES = 3
MOST_LEADERS, FEWEST_LEADERS = 5, 3
MOST_PACKS = 4
FOR_OTHERS = 4
"""Rows that are left for what is said above the area, and for the cursor."""
BAR, PACK_BAR, CURVE = 24, 12, 32
GAP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a terminal has room for.

    Attributes:
        columns: characters in a line. The last column stays free: some terminals begin a line after it.
        leaders, packs: lines of each.
        only_ascii: whether its encoding has no other letters.
    """

    columns: int
    leaders: int
    packs: int
    only_ascii: bool


def room_in(columns: int, rows: int, *, only_ascii: bool) -> Room | None:
    """Say what a terminal has room for; none if that is one line."""
    lines = rows - FOR_OTHERS - HEAD_LINES - 1  # one more for the names of columns
    if columns < NARROW or lines < FEWEST_LEADERS:
        return None
    leaders = min(MOST_LEADERS, lines)
    return Room(columns=columns - 1, leaders=leaders, packs=min(MOST_PACKS, lines - leaders), only_ascii=only_ascii)


def draw(picture: Picture, room: Room) -> Text:
    """Draw a picture. The number of lines depends on the room alone."""
    if any(pack.search for pack in picture.packs):  # of several searches together, no best trial is known
        lines = [*_head(picture, room), *_packs(picture.packs, room.packs + room.leaders + 1, room)]
    else:
        lines = [*_head(picture, room), *_leaders(picture.leaders, room), *_packs(picture.packs, room.packs, room)]
    for line in lines:
        line.truncate(room.columns, overflow="crop" if room.only_ascii else "ellipsis")
    text = Text("\n", no_wrap=True, overflow="crop", end="").join(lines)
    text.no_wrap, text.end = True, ""
    return text


def _head(picture: Picture, room: Room) -> Iterator[Text]:
    bar = min(BAR, room.columns // 4)
    before = [(picture.stage, "bold"), (GAP, ""), *_bar(picture.share, bar, room), (GAP, "")]
    yield Text.assemble(*before, _as_fits(picture.counts, room.columns - sum(cell_len(text) for text, _ in before)))
    yield Text(picture.pace)
    curve = draw_rise(picture.rise, finished=picture.finished, width=CURVE, blocks=ASCII if room.only_ascii else BLOCKS)
    yield Text.assemble((picture.best, "bold"), GAP, (curve, "green"))


def _as_fits(parts: Sequence[str], columns: int) -> str:
    """Join the first parts of a sentence that have room; the first one is always there."""
    kept = list(parts)
    while len(kept) > 1 and cell_len(", ".join(kept)) > columns:
        kept.pop()
    return ", ".join(kept)


def _bar(share: float, width: int, room: Room) -> Iterator[tuple[str, str]]:
    done = int(share * width + 1e-9)
    full, empty = ("#", "-") if room.only_ascii else ("━", "─")
    yield full * done, "bar.complete"
    yield empty * (width - done), "bar.back"


def _leaders(table: Table, room: Room) -> Iterator[Text]:
    widths = _widths(table, room.columns)
    for number in range(room.leaders + 1):
        if number == 0:
            yield Text(_row(table.headers, widths, table) if table.rows else "", "dim")
        else:
            rows = table.rows[number - 1 : number]
            yield Text(_row(rows[0], widths, table) if rows else "")


def _widths(table: Table, columns: int) -> list[int]:
    """Give the widths of the columns that fit, from the left."""
    widths: list[int] = []
    for cells in zip(table.headers, *table.rows, strict=True):
        width = max(map(cell_len, cells))
        if sum(widths) + len(GAP) * len(widths) + width > columns:
            break
        widths.append(width)
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], table: Table) -> str:
    return GAP.join(
        " " * (width - cell_len(cell)) + cell if is_number else set_cell_size(cell, width)
        for cell, width, is_number in zip(cells, widths, table.numeric, strict=False)
    ).rstrip()


def _packs(packs: Sequence[PackProgress], most: int, room: Room) -> Iterator[Text]:
    """Give a line for each pack in training; where there are more, the last line says how many."""
    shown = packs[: most if len(packs) <= most else max(0, most - 1)]
    labels = [f"{pack.search}  pack {pack.number}".strip() for pack in shown]
    width = max(map(cell_len, labels), default=0)
    lines = [_pack(pack, _padded(label, width), room) for pack, label in zip(shown, labels, strict=True)]
    if len(packs) > len(shown) and most:
        more = len(packs) - len(shown)
        lines.append(Text(f"and {more} more packs" if shown else f"{more} packs in training", "dim"))
    yield from [*lines, *(Text() for _ in range(most - len(lines)))]


def _padded(label: str, width: int) -> str:
    """Put blanks before the number at the end of a label."""
    words, _, number = label.rpartition(" ")
    return f"{words} {' ' * (width - cell_len(label))}{number}"


def _pack(pack: PackProgress, label: str, room: Room) -> Text:
    share = pack.epochs / pack.of_epochs
    members = "1 trial" if pack.members == 1 else f"{pack.members} trials"
    told = f"{pack.epochs}/{pack.of_epochs} epochs"
    what = f"{members} of {pack.architecture}"
    return Text.assemble((label, "dim"), GAP, *_bar(share, PACK_BAR, room), GAP, told, GAP, what)
