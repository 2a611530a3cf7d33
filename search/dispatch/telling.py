"""Closes trials in pack order, however early their outcomes arrive.

Results that arrive early are recorded durably at once and told when their turn comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from packtune.proposals.proposer import Proposer
from packtune.study.study import SearchStudy
from packtune.trial import Outcome, Pack, TrialRecord


class Learner(Protocol):
    """Whoever takes in what packs taught, one after another."""

    def add(self, outcomes: Sequence[Outcome], /) -> None:
        """Take in the next pack."""


class Telling:
    """The outcomes of one search, and how many of its packs have been told.

    Args:
        proposer: learns each outcome when it is told.
        learners: take in each pack when it is told.
        records: of all trials so far.
    """

    def __init__(
        self, study: SearchStudy, proposer: Proposer, learners: Sequence[Learner], records: Sequence[TrialRecord]
    ) -> None:
        self._study = study
        self._proposer = proposer
        self._learners = learners
        self._n_told = 0
        self._outcomes = {r.proposal.number: r.outcome for r in records if r.outcome is not None}
        self._incomparable = _of_other_schedules(study, records)

    @property
    def outcomes(self) -> Mapping[int, Outcome]:
        """The outcomes that have arrived, by the number of the trial."""
        return self._outcomes

    def keep(self, number: int, outcome: Outcome) -> None:
        """Record the outcome of a trial."""
        self._study.outcomes.record(number, outcome)
        self._outcomes[number] = outcome

    def has_arrived(self, pack: Pack) -> bool:
        """Tell whether the outcome of each member has arrived."""
        return all(number in self._outcomes for number in pack.trials)

    def catch_up(self, packs: Sequence[Pack]) -> None:
        """Find where telling stopped before, and finish a pack that was told in part.

        Args:
            packs: all packs so far, in order.
        """
        for pack in packs:
            if not any(map(self._study.outcomes.is_told, pack.trials)):
                return
            self._tell(pack)

    def tell_up_to(self, last: int, packs: Sequence[Pack]) -> bool:
        """Tell the packs up to number `last`, which may be negative; false if one of them has not arrived.

        Args:
            packs: all packs so far, in order.
        """
        for pack in packs[self._n_told : max(0, last + 1)]:
            if not self.has_arrived(pack):
                return False
            self._tell(pack)
        return True

    def _tell(self, pack: Pack) -> None:
        for number in pack.trials:
            if not self._study.outcomes.is_told(number):
                self._study.outcomes.tell(number, self._outcomes[number])
                self._proposer.tell(number, self._outcomes[number].sealed())
        self._n_told += 1
        for learner in self._learners:
            learner.add([self._lesson(number) for number in pack.trials])

    def _lesson(self, number: int) -> Outcome:
        """Give what a trial teaches: nothing about the epochs of a training that is longer, if it had a schedule."""
        outcome = self._outcomes[number].sealed()
        return replace(outcome, curve=()) if number in self._incomparable else outcome


def _of_other_schedules(study: SearchStudy, records: Sequence[TrialRecord]) -> frozenset[int]:
    """List the trials with a schedule that was planned for fewer epochs, before the run was extended."""
    first = max(study.repeated(), default=0)
    scheduled = (r.proposal.number for r in records if r.proposal.configuration.has_schedule)
    return frozenset(number for number in scheduled if number < first)
