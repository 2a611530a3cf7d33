"""The progress of a search: what a view must be able to show, and the words for it."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from packtune.dispatch.standing import Standing
from packtune.trial import TrialState

SPEED_WINDOW_S = 120.0
"""The speed is that of the last so many seconds: later trials may be larger than early ones."""


class ProgressView(ABC):
    """Shows how far a search is.

    Lifecycle: `stage` any number of times, then `show` with each new standing, then `close`.
    """

    @abstractmethod
    def stage(self, text: str) -> None:
        """Say what is being prepared."""

    @abstractmethod
    def show(self, standing: Standing) -> None:
        """Show a new standing."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Print a line that stays."""

    @abstractmethod
    def close(self) -> None:
        """Show the last standing for good, and nothing after it. Called once."""


class SilentView(ProgressView):
    """Shows nothing."""

    def stage(self, text: str) -> None:
        pass

    def show(self, standing: Standing) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


def download_progress(view: ProgressView) -> Callable[[str, int, int | None], None]:
    """Show in a view how far a download is, at most once a second; see `packtune.data.download.Progress`."""
    shown_s = -math.inf

    def show(name: str, done_bytes: int, total_bytes: int | None) -> None:
        nonlocal shown_s
        if time.monotonic() - shown_s >= 1:
            shown_s = time.monotonic()
            of = f" of {total_bytes / 1e6:.1f}" if total_bytes else ""
            view.stage(f"Downloading {name}: {done_bytes / 1e6:.1f}{of} MB")

    return show


def describe(standing: Standing) -> str:
    """Describe a standing in words: trials done, pruned, failed, running, and the best so far."""
    parts = [f"{_done(standing)}/{standing.trials} trials"]
    named = (
        (TrialState.PRUNED, "pruned"),
        (TrialState.DIVERGED, "diverged"),
        (TrialState.FAIL, "failed"),
    )
    parts += [f"{standing.finished[state]} {word}" for state, word in named if standing.finished[state]]
    if standing.running:
        parts.append(f"{standing.running} running")
    if standing.best is not None:
        number, accuracy = standing.best
        parts.append(f"best {accuracy:.4f} (trial {number})")
    return ", ".join(parts)


class Speed:
    """Measures trials a minute over the last minutes, and the time left. Epochs count as parts of trials."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, float]] = deque()

    def note(self, done: float) -> None:
        now_s = self._clock()
        while len(self._seen) > 2 and now_s - self._seen[1][0] > SPEED_WINDOW_S:
            self._seen.popleft()
        self._seen.append((now_s, done))

    def describe(self, standing: Standing) -> str:
        if not self._seen:
            return ""
        (since_s, before), (until_s, done) = self._seen[0], self._seen[-1]
        if done <= before:
            return ""
        rate = (done - before) / max(1e-9, until_s - since_s)
        # Between two reports the time left gets shorter. When it has run out, no time is shown until the next report.
        left_s = (standing.trials - done) / rate - (self._clock() - until_s)
        remaining = f", about {format_duration(left_s)} left" if done < standing.trials and left_s >= 1 else ""
        per_minute = rate * 60
        return f", {per_minute:.{0 if per_minute >= 10 else 1}f} trials/min{remaining}"


def format_duration(seconds: float) -> str:
    """Write a duration for people: 42 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def completed(standing: Standing) -> float:
    """Count the finished trials, and the running ones by the share of their epochs."""
    return _done(standing) + standing.under_way


def _done(standing: Standing) -> int:
    return sum(standing.finished.values())
