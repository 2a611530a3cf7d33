"""Asks for the next trials: they are proposed, opened in the study, and grouped into packs."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.proposals.given import Given
from packtune.proposals.packing import group_proposals
from packtune.proposals.proposer import Capacity, Proposer, Suggestion, propose, suggest_tried
from packtune.settings import SearchPlan
from packtune.study.study import SearchStudy
from packtune.trial import Pack, TrialRecord

MOST_PROPOSED = 32
"""Trials that are proposed at once where a search may end early: all that are proposed are trained."""


class Asking:
    """Opens the trials of one search, window after window.

    Args:
        capacity: the largest number of members of a pack where the plan names none.
        given: tells which trials a user gave.

    Raises:
        RunError: a trial of the study is damaged.
    """

    def __init__(
        self, study: SearchStudy, proposer: Proposer, plan: SearchPlan, capacity: Capacity, given: Given
    ) -> None:
        self._study = study
        self._proposer = proposer
        self._plan = plan
        self._capacity = capacity
        self._given = given
        self._repeated = study.repeated()

    def next_packs(self, first: int, pack: int) -> list[Pack]:
        """Open the trials of the next window, and note their packs.

        Trials that a stopped search opened already keep their values.

        Args:
            first: number of the first trial.
            pack: number of the first pack.
        """
        suggestions = self._suggest(first, pack)
        proposals = [self._study.trials.open(first + i, suggestion) for i, suggestion in enumerate(suggestions)]
        for i, suggestion in enumerate(suggestions):
            self._proposer.add(first + i, suggestion)
        size = self._plan.pack_size
        groups = group_proposals(proposals, capacity=(lambda _: size) if size else self._capacity)
        packs = [Pack(number=pack + i, proposals=group) for i, group in enumerate(groups)]
        self._study.pack_notes.assign(first, [pack.trials for pack in packs])
        return packs

    def _suggest(self, first: int, pack: int) -> list[Suggestion]:
        repeated = self._to_repeat(first)
        if repeated:
            return [self._study.trials.suggestion(number).again() for number in repeated]
        most = max(MOST_PROPOSED, self._plan.pack_size or 0) if self._plan.may_end_early else self._plan.trials
        left = min([self._plan.trials, *self._given.tried_after(first)]) - first
        tried = self._given.tried_from(first)[:left]
        if tried:
            return [suggest_tried(self._study.space, configuration) for configuration in tried]
        return propose(self._proposer, first=first, pack=pack, left=min(left, most), capacity=self._capacity)

    def _to_repeat(self, first: int) -> list[int]:
        """List the trials whose configurations the trials from number `first` on try again."""
        ranges = self._repeated.items()
        return next((t[first - start :] for start, t in ranges if start <= first < start + len(t)), [])


def teach(proposer: Proposer, study: SearchStudy, records: Sequence[TrialRecord]) -> None:
    """Let a proposer take in the trials that the study has, and the outcomes of those that were told.

    Args:
        records: of all trials so far.

    Raises:
        RunError: a trial is damaged.
    """
    study.trials.for_each(proposer.add)
    for record in records:
        if record.outcome is not None and study.outcomes.is_told(record.proposal.number):
            proposer.tell(record.proposal.number, record.outcome.sealed())
