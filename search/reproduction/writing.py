"""The comparisons of a reproduction, made from its runs and written beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packtune.errors import PacktuneError
from packtune.files import make_folder, write_text
from packtune.report.rendering import to_csv
from packtune.reproduction.comparison import Comparison, compare, compare_numpy
from packtune.reproduction.notebook import NUMPY, SYSTEMS
from packtune.reproduction.runs import systems_begun
from packtune.reproduction.selection import Selection
from packtune.reproduction.table import to_frame, to_markdown
from packtune.run.folder import Run
from packtune.run.records import read_records
from packtune.run.settings_file import AUTO, read_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """A reproduction, and the tables that were written.

    Attributes:
        comparisons: the rows that were asked for.
        files: the tables of all systems that were ever begun.
        has_more: whether the files have rows that were not asked for.
        left_out: why they have not, in words; empty if they have all of them.
    """

    comparisons: Sequence[Comparison]
    files: Sequence[Path]
    has_more: bool
    left_out: str = ""


def write_reproduction(asked: Selection, runs: Sequence[Run], results: Path) -> Reproduction:
    """Compare what is asked for with what was published, and write the tables of all systems that were ever begun.

    Raises:
        RunError: a study cannot be read, or a table cannot be written.
    """
    trained = every = read_comparisons(asked.systems, runs)
    left_out = ""
    try:
        found = systems_begun(results, runs)
        every = read_comparisons(found, [run for parts in found.values() for run in parts])
    except PacktuneError as error:
        left_out = f"The systems of earlier runs are left out of the table: {error}"
    comparisons = [c for c in trained if asked.shows(c.system, c.configuration, c.output)]
    return Reproduction(
        comparisons=comparisons,
        files=write_comparisons(every, results),
        has_more=len(every) > len(comparisons),
        left_out=left_out,
    )


def read_comparisons(names: Iterable[str], runs: Sequence[Run]) -> list[Comparison]:
    """Compare the named systems, from their studies and, for the NumPy network, by training it."""
    records = {run.space.name: read_records(run) for run in runs}
    # As in the files: those at hand may still say "auto".
    precisions = {run.space.name: read_settings(run.folder.settings).plan.precision or AUTO for run in runs}
    comparisons: list[Comparison] = []
    for name in names:
        if name == NUMPY:
            comparisons += compare_numpy()
        else:
            comparisons += compare(name, records, precisions.get(SYSTEMS[name].space.name, ""))
    return comparisons


def write_comparisons(comparisons: Sequence[Comparison], results: Path) -> list[Path]:
    """Write reproduction.csv and reproduction.md beside the runs that they are made from.

    Raises:
        RunError: the folder cannot be written.
    """
    folder = make_folder(results / "runs")
    write_text(folder / "reproduction.csv", to_csv(to_frame(comparisons)))
    write_text(folder / "reproduction.md", to_markdown(comparisons))
    return [folder / "reproduction.csv", folder / "reproduction.md"]
