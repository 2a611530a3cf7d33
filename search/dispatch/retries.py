"""What is done about a pack whose training failed: another try, two halves, or its only member is given up.

A worker may die for reasons outside its pack, so the pack is tried again before it is split. A training that raised an
error raises it again, so it is not tried again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto

from packtune.trial import Pack

MOST_HALVINGS = 12  # of a pack, down to one member
MANY_DEATHS = 20


class Decision(Enum):
    """What happens to a pack whose training failed."""

    RETRY = auto()
    SPLIT = auto()
    GIVE_UP = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision, and a sentence about it for people."""

    decision: Decision
    message: str


class Retries:
    """The failures of one search.

    Args:
        max_failures: how often a pack whose worker died is trained again before it is split.
    """

    def __init__(self, max_failures: int) -> None:
        self._max_failures = max_failures
        self._failures: Counter[tuple[int, ...]] = Counter()
        self._halves: set[tuple[int, ...]] = set()

    @property
    def deaths_by_one(self) -> int:
        """The most workers that one member can kill in a row: in its pack, in its halves, and alone."""
        return max(MANY_DEATHS, 2 * (1 + self._max_failures) + MOST_HALVINGS)

    def is_half(self, pack: Pack) -> bool:
        """Tell whether a pack is a half of one that failed."""
        return pack.trials in self._halves

    def judge(self, pack: Pack, reason: str, *, worker_died: bool) -> Verdict:
        """Count a failure, and decide what is done about it.

        Args:
            reason: of the failure, one or more lines.
        """
        self._failures[pack.trials] += 1
        failures, tries = self._failures[pack.trials], self._tries(pack, worker_died=worker_died)
        last_line = reason.splitlines()[-1] if reason else "no reason is known"
        what = f"{trials_in_words(pack)} failed ({last_line})"
        if failures < tries:
            return Verdict(decision=Decision.RETRY, message=f"{what}: once more, try {failures + 1} of {tries}.")
        if len(pack.proposals) > 1:
            self._halves.update(half.trials for half in pack.halves())
            return Verdict(decision=Decision.SPLIT, message=f"{what}: training the two halves apart.")
        return Verdict(decision=Decision.GIVE_UP, message=f"{what}: given up.")

    def _tries(self, pack: Pack, *, worker_died: bool) -> int:
        # A half is tried once, to find the guilty member soon; a single member is tried again before it is given up.
        again = worker_died and (len(pack.proposals) == 1 or not self.is_half(pack))
        return 1 + (self._max_failures if again else 0)


def trials_in_words(pack: Pack) -> str:
    """Name the trials of a pack: trial 7, or trials 3 to 12."""
    first, last = pack.trials[0], pack.trials[-1]
    return f"Trial {first}" if first == last else f"Trials {first} to {last}"
