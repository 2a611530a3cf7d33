"""The stops that a user asks for: enough trials reach a score, or no better one comes.

What a rule says after a number of packs is a function of these packs, told in order. So no number of workers and no
crash changes where a search ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packtune.dispatch.knowledge import NO_MERIT, final_merit
from packtune.settings import EndedBy, SearchPlan
from packtune.trial import Outcome

FIRST_PASSING = 3
"""Complete trials that reach the score before a confirmation looks for one that holds it: one alone is often luck."""
PASSING_GROWTH = 2
"""So many times as many must reach it before the next confirmation, if none held it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What some packs said.

    Attributes:
        trials: in them.
        best: the best merit of a complete trial; -1 without one.
        best_at: trials told when it came.
        passing: complete trials that reach the score that was asked for.
    """

    trials: int = 0
    best: float = NO_MERIT
    best_at: int = 0
    passing: int = 0


class StopRule:
    """The stops of one plan.

    Args:
        attempts: for each confirmation so far in which no winner held the score, the trials that had reached it.
    """

    def __init__(self, plan: SearchPlan, attempts: Sequence[int] = ()) -> None:
        self._plan = plan
        self._bar = None if plan.stop_at is None else plan.metric.merit(plan.stop_at)
        self._attempts = list(attempts)
        self._after = [Told()]

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Take in the next pack, in the order of its trials."""
        told = self._after[-1]
        for outcome in outcomes:
            told = self._with(told, final_merit(outcome))
        self._after.append(told)

    def reason(self, packs: int) -> EndedBy | None:
        """Tell why a search ends after so many packs; none if it goes on, or if they have not been told yet."""
        if not 0 < packs < len(self._after):
            return None
        told, patience = self._after[packs], self._plan.patience
        if patience is not None and told.trials - max(told.best_at, self._plan.stops_from) >= patience:
            return EndedBy.PATIENCE
        return EndedBy.SCORE if self._bar is not None and told.passing >= self._wanted else None

    def go_on(self, packs: int) -> int:
        """Want more trials than reached the score after so many packs, as no winner held it; gives their number."""
        self._attempts.append(self._after[packs].passing)
        return self._attempts[-1]

    @property
    def _wanted(self) -> int:
        if not self._plan.confirm:
            return 1
        return max([FIRST_PASSING, *(PASSING_GROWTH * passing for passing in self._attempts)])

    def _with(self, told: Told, merit: float) -> Told:
        trials, better = told.trials + 1, merit > told.best
        return Told(
            trials=trials,
            best=max(merit, told.best),
            best_at=trials if better else told.best_at,
            passing=told.passing + (self._bar is not None and merit >= self._bar),
        )
