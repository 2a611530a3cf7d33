"""Random moments of a search, in each of its stages in turn: exploration, selection and report."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter

from searches import TIMEOUT_S, Search, wait_until

STAGES = ("in exploration", "in selection", "in the report")
BEFORE, AFTER = "before the first outcome", "after the last"
LONGEST_WAIT_S = 1.0
"""After what a moment is counted from: about a round."""


class Moments:
    """Waits for moments, and counts in which stages they fell.

    A moment is told by how many outcomes the study has: at the end of exploration all trials have one, and so on.

    Args:
        calm: the same search, finished.
    """

    def __init__(self, calm: Search) -> None:
        assert calm.confirmation is not None, "the search is not confirmed, so that it has one stage only"
        report, explored = calm.confirmation.layout.report, len(calm.records())
        self._ends = (explored, explored + report.first, explored + report.end)
        self._seen: Counter[str] = Counter()
        self._turn = 0

    def draw(self, draws: random.Random) -> int:
        """Draw a random moment of the next stage, as how many outcomes there are then."""
        # Three in a row are three stages, each row in another order, as callers have their own cycles of three.
        stage = (self._turn + self._turn // len(STAGES)) % len(STAGES)
        self._turn += 1
        return draws.randrange(self._ends[stage - 1] if stage else 1, self._ends[stage])

    def wait(self, search: Search, process: subprocess.Popen[str], draws: random.Random) -> bool:
        """Wait for a random moment of the next stage; at once if that is over. False if the search ended before."""
        enough = self.draw(draws)
        pause_s = 0.5 if search.url else 0.02  # to ask a database takes longer than to look into a journal
        if not wait_until(lambda: search.outcomes() >= enough, process, TIMEOUT_S, pause_s):
            return False
        time.sleep(draws.uniform(0, LONGEST_WAIT_S))
        self.note(search)
        return process.poll() is None

    def note(self, search: Search) -> None:
        """Count this moment."""
        outcomes = search.outcomes()
        running = next((stage for stage, end in zip(STAGES, self._ends, strict=True) if outcomes < end), AFTER)
        self._seen[running if outcomes else BEFORE] += 1

    def __str__(self) -> str:
        """Give how many moments fell where: "3 in exploration, 2 in selection, 0 in the report"."""
        places = [place for place in (BEFORE, *STAGES, AFTER) if place in STAGES or self._seen[place]]
        return ", ".join(f"{self._seen[place]} {place}" for place in places)
