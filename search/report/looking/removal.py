"""What a removal takes away, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packtune.data.files import readable
from packtune.report.looking.times import size_in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What is removed with a run.

    Attributes:
        files: how many its folder has.
        n_bytes: their size.
        studies: the names of its studies in a database, which are deleted too.
        storage: that database, without its passwords; empty if there is none.
        stays: what stays, why, and how it is removed; empty if nothing does.
    """

    run: str
    folder: Path
    files: int
    n_bytes: int
    studies: tuple[str, ...] = ()
    storage: str = ""
    stays: str = ""


def removal_in_words(removals: Sequence[Removal]) -> list[str]:
    """Say what is about to be removed: a line for each run, and what stays."""
    lines = [line for each in removals for line in _lines(each)]
    if len(removals) > 1:
        lines.append(f"In all {size_in_words(sum(each.n_bytes for each in removals))}")
    return lines


def _lines(removal: Removal) -> list[str]:
    size = f"{removal.files} file{'s' * (removal.files != 1)}, {size_in_words(removal.n_bytes)}"
    told = f"Run {removal.run}: {size} in {readable(str(removal.folder))}"
    if removal.studies:
        n = len(removal.studies)
        told += f"; and {n} stud{'ies' if n > 1 else 'y'} in {removal.storage}: {', '.join(removal.studies)}"
    return [told, f"  {removal.stays}"] if removal.stays else [told]
