"""Where exploration ends: after all its trials, or before a window of proposals, by the rule of the plan."""

from __future__ import annotations

from packtune.dispatch.pack_queue import PackQueue
from packtune.dispatch.stops.rule import StopRule
from packtune.settings import EndedBy, SettledPlan
from packtune.study.study import SearchStudy


class ExplorationEnd:
    """The end of one search, decided where the next trials would be proposed.

    By then exactly the packs have been told that a proposal would be made from, so the end depends on nothing else.

    Args:
        queue: the packs so far.
        rule: takes in each pack when it is told.
    """

    def __init__(self, study: SearchStudy, plan: SettledPlan, queue: PackQueue, rule: StopRule) -> None:
        self._study = study
        self._plan = plan
        self._queue = queue
        self._rule = rule

    @property
    def reason(self) -> EndedBy | None:
        """Why it ends before all trials; none if it does not, or not yet."""
        if self._queue.waiting or self._has_all:
            return None
        return self._rule.reason(self._known)

    @property
    def reached(self) -> bool:
        """Tell whether no more is to be proposed, and nothing waits to be trained."""
        return not self._queue.waiting and (self._has_all or self.reason is not None)

    def go_on(self) -> bool:
        """Go on after a confirmation in which no winner held the score; false if there is nothing to go on with."""
        if self.reason is not EndedBy.SCORE:
            return False
        self._study.attempts.note(self._known, self._rule.go_on(self._known), self._plan.stop_at)
        return True

    @property
    def _has_all(self) -> bool:
        return self._queue.n_trials >= self._plan.trials

    @property
    def _known(self) -> int:
        """The number of packs from which the next one would be proposed."""
        return len(self._queue.packs) - self._plan.lookahead + 1


def reason_of(study: SearchStudy, plan: SettledPlan) -> EndedBy | None:
    """Tell by which stop a search ended, from its study; none if it did not, or something is open.

    Raises:
        RunError: the study is damaged.
    """
    records, packs = study.records(), study.packs()
    outcomes = [record.outcome for record in records]
    n_trials = sum(len(pack.proposals) for pack in packs)
    if not plan.may_end_early or n_trials >= plan.trials or any(outcome is None for outcome in outcomes):
        return None
    rule = StopRule(plan, study.attempts.read(plan.stop_at))
    for pack in packs:
        rule.add([outcome.sealed() for n in pack.trials if (outcome := outcomes[n]) is not None])
    return rule.reason(len(packs) - plan.lookahead + 1)
