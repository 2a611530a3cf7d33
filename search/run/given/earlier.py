"""What an earlier run learnt: its finalists, and its trials where they are those of the same task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packtune.confirmation.finalists import candidates_of
from packtune.data.description import Description
from packtune.models.configuration import Configuration
from packtune.proposals.given import EarlierTrial
from packtune.run.find import find_run
from packtune.run.folder import Run
from packtune.run.records import read_records
from packtune.settings import SearchPlan
from packtune.space.space import Space
from packtune.trial import TrialRecord, TrialState

TAUGHT_BY = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.DIVERGED)
"""The end states of trials that a sampler learns from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRun:
    """A run that another one starts from.

    Attributes:
        name: of its folder.
        version: of packtune that began it; empty for one from before that was kept.
        finalists: those of its confirmation, the best first; if it has none, its best configuration.
        records: of its finished trials.
    """

    name: str
    version: str
    plan: SearchPlan
    finalists: tuple[Configuration, ...]
    records: tuple[TrialRecord, ...]

    def differs_in(self, plan: SearchPlan, data: Description, version: str) -> str:
        """Say in what it is another task than a new search; empty if it is the same."""
        mine, theirs = data, self.plan.description
        pairs = (
            ("data", mine.fingerprint or mine.name, theirs.fingerprint or theirs.name),
            ("epochs", plan.epochs, self.plan.epochs),
            ("protocol", plan.protocol, self.plan.protocol),
            ("metric", plan.metric, self.plan.metric),
            ("version of packtune", version, self.version),
        )
        return ", ".join(name for name, one, other in pairs if one != other)

    def taught(self, space: Space) -> list[EarlierTrial]:
        """List what its trials teach about a space: those that lie in it."""
        found = []
        for record in self.records:
            values = space.values_of(record.proposal.configuration)
            if values is not None and record.outcome is not None and record.state in TAUGHT_BY:
                found.append(EarlierTrial(values=values, outcome=record.outcome.sealed()))
        return found


def read_earlier(given: Sequence[str | Path] | str | Path, results: Path) -> list[EarlierRun]:
    """Read the runs that a search starts from, and change nothing in them.

    Args:
        given: names of runs in `results`, or their folders.

    Raises:
        RunError: there is no such run, or its study cannot be read.
    """
    names = [given] if isinstance(given, str | Path) else given
    return [_read(find_run(str(name), results)) for name in names]


def _read(run: Run) -> EarlierRun:
    # It imports PyTorch, which a search without an earlier run should not wait for before Ray starts.
    from packtune.run.confirming import confirmation_of

    records = read_records(run)
    confirmation = confirmation_of(run, records)
    finished = tuple(record for record in records if record.outcome is not None)
    best = candidates_of(finished)[:1] if confirmation is None else confirmation.finalists
    return EarlierRun(
        name=run.folder.name,
        version=run.settings.version,
        plan=run.settings.plan,
        finalists=tuple(each.configuration for each in best),
        records=finished,
    )
