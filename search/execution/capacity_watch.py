"""Says when a search can train nothing because its cluster has no free worker. Knows nothing of Ray."""

from __future__ import annotations

import time
from collections.abc import Callable

from packtune.settings import Placement

# A worker takes seconds to start, and longer where its node installs packages for it.
BUSY_AFTER_S = 60.0  # the message says a minute
TOO_SMALL_AFTER_S = 5.0


class CapacityWatch:
    """Watches how long all packs have been waiting, and says why: once for each time that they wait.

    Args:
        say: told the reason.
        can_hold: tells whether some node of the cluster is large enough for a worker, busy or not.
    """

    def __init__(
        self,
        placement: Placement,
        say: Callable[[str], None],
        can_hold: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker = f"a worker ({placement.cpus_per_worker:g} CPUs and {placement.gpus_per_worker:g} GPUs)"
        self._say = say
        self._can_hold = can_hold
        self._clock = clock
        self._since_s: float | None = None
        self._asked_s = 0.0
        self._said = ""

    def look(self, *, starved: bool) -> None:
        """Take note of whether there are packs and all of them wait; to be called every now and then."""
        if not starved:
            if self._said:
                self._say("There is room again.")
            self._since_s, self._said = None, ""
            return
        now_s = self._clock()
        if self._since_s is None:
            self._since_s = self._asked_s = now_s
        if now_s - self._asked_s >= TOO_SMALL_AFTER_S:
            self._asked_s = now_s
            self._explain(now_s - self._since_s)

    def _explain(self, waited_s: float) -> None:
        if not self._can_hold():
            self._say_once(f"No node of the cluster can hold {self._worker}: waiting for one to join.")
        elif waited_s >= BUSY_AFTER_S:
            self._say_once(f"The cluster has had no room for {self._worker} for a minute: waiting.")

    def _say_once(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            self._say(f"{reason} Ctrl-C stops; resume goes on.")
