"""Trainings that fail by themselves, in exploration and in the confirmation: marked as such; the others complete."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from searches import Search

from packtune.trial import TrialRecord, TrialState

GUILTY = {
    "raise": "raises",
    "memory": "out of memory",
    "exit": "exits",
    "kill": "is killed",
    "segfault": "segmentation fault",
    "nan": "NaN",
}
# A grid of the notebook's, which is not confirmed; and a search that is, with four finalists and a report of four.
EXPLORED = ("--space", "grid", "--epochs", "2", "--pack-size", "8", "--max-failures", "1")
CONFIRMED = (*EXPLORED, "--protocol", "search", "--no-halving", "--finalists", "4")
TRAININGS = 12


def guilty_members(
    tries: int, draws: random.Random, folder: Path, *, kinds: Sequence[str] = tuple(GUILTY), trials: int = 16
) -> str:
    for n in range(tries):
        confirmed = n % 2 == 1
        options = ("run", *(CONFIRMED if confirmed else EXPLORED), "--trials", str(trials))
        search = Search(folder, f"guilty-{n}", options=options)
        guilty = dict(zip(kinds, draws.sample(range(TRAININGS if confirmed else trials), len(kinds)), strict=True))
        plan = {kind: [number] for kind, number in guilty.items()}
        search.finish(plan={"confirming": confirmed, **plan})
        assert search.is_finished()
        blamed = search.trainings() if confirmed else search.records()
        _check(blamed, {number: kind for kind, number in guilty.items()})
        if confirmed:
            _check(search.records(), {})
    return f"{', '.join(GUILTY[kind] for kind in kinds)}: one member each among {trials} trials, in packs of 8" + (
        f"; and among {TRAININGS} trainings of finalists" if tries > 1 else ""
    )


def _check(records: Sequence[TrialRecord], kind_of: Mapping[int, str]) -> None:
    """Make sure that each training ended as its fault has it, with a reason, and all others are complete."""
    for record in records:
        kind = kind_of.get(record.proposal.number)
        expected = {None: TrialState.COMPLETE, "nan": TrialState.DIVERGED}.get(kind, TrialState.FAIL)
        assert record.state is expected, (kind, record)
        assert record.outcome is not None
        assert bool(record.outcome.reason) == (kind is not None), (kind, record)
