"""What a shell completes: names of runs, spaces, data sets, columns. Imports nothing large, and writes nothing.

A name is offered only if it is plain: the shell puts it into the command line as it is. Where none fits, the shell
completes the names of files.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import typer

from packtune.data.catalog import DATASETS
from packtune.run.overview.nearby import run_paths

PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
"""A word that no shell reads anything else into."""
DELIMITERS = ",;\t|"
MAX_HEADER = 65536
"""So many letters of a table are read to find its columns."""

Completer = Callable[[typer.Context, str], list[str]]


def complete_runs(context: typer.Context, incomplete: str) -> list[str]:
    """List the runs whose names begin so."""
    results = context.params.get("results") or Path("results")
    return plain_words((path.name for path in run_paths(Path(results))), incomplete)


def complete_spaces(context: typer.Context, incomplete: str) -> list[str]:
    """List the built-in spaces whose names begin so."""
    from packtune.space.builtin.notebook import NOTEBOOK_SPACES
    from packtune.space.catalog import SPACES

    return plain_words(SPACES | NOTEBOOK_SPACES, incomplete)


def complete_datasets(context: typer.Context, incomplete: str) -> list[str]:
    """List the built-in data sets whose names begin so."""
    return plain_words(DATASETS, incomplete)


def complete_samplers(context: typer.Context, incomplete: str) -> list[str]:
    """List the samplers whose names begin so."""
    from packtune.proposals.catalog import SAMPLERS

    return plain_words(SAMPLERS, incomplete)


def complete_columns(context: typer.Context, incomplete: str) -> list[str]:
    """List the columns of the table that was given, for the last of several names with commas between them."""
    # Before the word that is completed, an argument may not have been given its place yet.
    table = context.params.get("data") or context.params.get("path") or next(iter(context.args), "")
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in plain_words(columns_of(Path(str(table))), last)]


def one_of(words: Iterable[str]) -> Completer:
    """Make a completer of fixed words."""
    known = [str(word) for word in words]

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        return plain_words(known, incomplete)

    return complete


def plain_words(words: Iterable[str], incomplete: str) -> list[str]:
    """Give the words that begin so, in order, without those that a shell would read something into."""
    return sorted(word for word in words if word.startswith(incomplete) and PLAIN.fullmatch(word))


def columns_of(table: Path) -> list[str]:
    """Read the names of the columns in the first line of a text table; none if it is no such file."""
    if not table.is_file():
        return []
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            head = file.read(MAX_HEADER)
        first = head.splitlines()[0] if head else ""
        delimiter = max(DELIMITERS, key=first.count)
        return next(csv.reader(head.splitlines(keepends=True), delimiter=delimiter), [])
    except (OSError, UnicodeDecodeError, csv.Error, IndexError):
        return []
