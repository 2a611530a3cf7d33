"""The table of faults: rows kept as CSV, so that a suite can be run in parts, and written as Markdown for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tabulate import tabulate

from packtune.files import write_text
from packtune.machine import describe_machine

MADE_BY = "Made by `make faults`; `make faults ARGS='--only WORD'` measures some rows again. Minutes beside other work."


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one fault did.

    Attributes:
        held: "yes", "no" or "not run".
        seed: of the random moments.
    """

    fault: str
    tries: str
    must_hold: str
    held: str
    measured: str
    seed: str
    minutes: str


def read_rows(folder: Path) -> list[Row]:
    """Read the rows measured so far."""
    path = folder / "faults.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(**row) for row in csv.DictReader(file)]


def keep_row(folder: Path, row: Row, order: Iterable[str]) -> None:
    """Put a row in the place of the one of the same fault, and write both files anew; unknown faults leave."""
    known = {each.fault: each for each in (*read_rows(folder), row)}
    rows = [known[fault] for fault in order if fault in known]
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, rows))
    write_text(folder / "faults.csv", text.getvalue())
    write_text(folder / "faults.md", _markdown(rows))


def to_screen(rows: Iterable[Row]) -> str:
    """Write rows for a terminal."""
    return tabulate([list(asdict(row).values()) for row in rows], headers=_headers(), disable_numparse=True)


def _markdown(rows: Iterable[Row]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in asdict(row).values()] for row in rows]
    table = tabulate(cells, headers=_headers(), tablefmt="github", disable_numparse=True)
    return f"# What was broken, and what held\n\n{table}\n\n{MADE_BY}\n\nThe machine: {describe_machine()}\n"


def _headers() -> list[str]:
    return [field.name.replace("_", " ") for field in fields(Row)]
