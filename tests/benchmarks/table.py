"""One row a benchmark, and the table of all rows: written as CSV, which keeps every repeat, and as Markdown for people.

Rows come from different runs and perhaps different machines: each carries the machine and the command that made it.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Held(StrEnum):
    """Whether a row reached what it should."""

    YES = "yes"
    NO = "no"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a benchmark is asked for.

    Attributes:
        only: numbers of the rows wanted; none for all.
        quick: few repeats of little work, only to see whether it runs.
        data_dir: folder with MNIST's four files; none for scikit-learn's digits.
    """

    only: frozenset[int] = frozenset()
    quick: bool = False
    data_dir: Path | None = None

    @property
    def data(self) -> str:
        """Name the data set."""
        return "digits" if self.data_dir is None else "mnist"

    def wants(self, number: int) -> bool:
        """Tell whether a row is asked for."""
        return not self.only or number in self.only


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one benchmark measured.

    Attributes:
        number: of the row; several rows may share one.
        against: what ran beside it, in the same run.
        reach: what is hoped for, such as ">= 10x".
        values: what was measured, one value a repeat, in `unit`.
        n: repeats, or whatever `remark` says was counted; the number of values if not given.
        context: absolute figures behind the ratio, for orientation.
        remark: what to know, and what bounds it where the reach was missed.
        machine: processor, system and versions.
        command: what made the row.
    """

    number: int
    what: str
    against: str
    reach: str
    values: tuple[float, ...]
    unit: str
    held: Held
    machine: str
    command: str = ""
    n: int = -1
    context: str = ""
    remark: str = ""

    def __post_init__(self) -> None:
        if self.n == -1:
            object.__setattr__(self, "n", len(self.values))
        if not self.values and self.held is not Held.NOT_RUN:
            raise ValueError(f"row {self.number} ({self.what}) was run but has no values: give them, or Held.NOT_RUN")

    @property
    def measured(self) -> str:
        """The median with its range, in the row's unit."""
        if not self.values:
            return ""
        middle = _figure(statistics.median(self.values), self.unit)
        if len(self.values) == 1:
            return middle
        low, high = (_figure(end, self.unit) for end in (min(self.values), max(self.values)))
        return f"{middle} ({low} to {high})"


def judge(values: Sequence[float], *, at_least: float | None = None, at_most: float | None = None) -> Held:
    """Compare the median of what was measured with what is hoped for."""
    middle = statistics.median(values)
    too_low = at_least is not None and not middle >= at_least
    too_high = at_most is not None and not middle <= at_most
    return Held.NO if too_low or too_high else Held.YES


def merge(old: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """Put new rows in the place of the old ones of the same numbers, ordered by number."""
    fresh = list(new)
    replaced = {row.number for row in fresh}
    return sorted([*(row for row in old if row.number not in replaced), *fresh], key=lambda row: row.number)


def to_csv(rows: Iterable[Row]) -> str:
    """Write every field of every row; `measured` is there for spreadsheets and follows from the rest."""
    text = io.StringIO()
    names = [field.name for field in dataclasses.fields(Row)]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "measured"])
    for row in rows:
        cells = {name: getattr(row, name) for name in names} | {"values": " ".join(f"{v:.6g}" for v in row.values)}
        writer.writerow([*cells.values(), row.measured])
    return text.getvalue()


def from_csv(text: str) -> list[Row]:
    """Read what `to_csv` wrote."""
    rows = []
    for cells in csv.DictReader(io.StringIO(text)):
        del cells["measured"]
        changes = {
            "number": int(cells["number"]),
            "n": int(cells["n"]),
            "held": Held(cells["held"]),
            "values": tuple(map(float, cells["values"].split())),
        }
        rows.append(Row(**{**cells, **changes}))
    return rows


def to_markdown(rows: Sequence[Row], *, title: str = "Benchmarks") -> str:
    """Write the table for people; machines and commands below it, by letter."""
    machines = list(dict.fromkeys((row.machine, row.command) for row in rows))
    letters = {machine: _letter(place) for place, machine in enumerate(machines)}
    lines = [
        f"# {title}",
        "",
        "Median (smallest to largest) of n repeats; both sides of a row in the same run.",
        "",
        "| # | what | against | reach | measured | n | held | absolute figures | remark | run |",
        "|---:|---|---|---|---|---:|---|---|---|---|",
    ]
    for row in rows:
        texts = (row.what, row.against, row.reach, row.measured, str(row.n), row.held, row.context, row.remark)
        cells = " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in texts)
        lines.append(f"| {row.number} | {cells} | {letters[row.machine, row.command]} |")
    lines += ["", *(f"- {letters[pair]}: {pair[0]}" + (f"; `{pair[1]}`" if pair[1] else "") for pair in machines), ""]
    return "\n".join(lines)


def write_tables(folder: Path, new: Sequence[Row]) -> list[Row]:
    """Merge rows into benchmarks.csv of a folder, and write benchmarks.md from it; gives all rows."""
    folder.mkdir(parents=True, exist_ok=True)
    listing = folder / "benchmarks.csv"
    old = from_csv(listing.read_text(encoding="utf-8")) if listing.exists() else []
    rows = merge(old, new)
    listing.write_text(to_csv(rows), encoding="utf-8")
    (folder / "benchmarks.md").write_text(to_markdown(rows), encoding="utf-8")
    return rows


def _figure(value: float, unit: str) -> str:
    """Write three significant digits, or all before the point."""
    digits = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{digits}x" if unit == "x" else f"{digits} {unit}".rstrip()


def _letter(place: int) -> str:
    return chr(ord("a") + place) if place < 26 else f"{_letter(place // 26 - 1)}{_letter(place % 26)}"
