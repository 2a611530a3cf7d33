"""The progress of a search: what a view must be able to show, and the words for it."""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from packtune.dispatch.standing import Pace, Standing
from packtune.models.training.metrics.catalog import Metric
from packtune.report.live.time_left import Range, time_left
from packtune.trial import TrialState

SPEED_WINDOW_S = 120.0
"""The speed is that of the last so many seconds: later trials may be larger than early ones."""
NARROW_RANGE = 1.25
"""A time is told as a range if its ends differ by more than this factor."""


class ProgressView(ABC):
    """Shows how far a search is.

    Lifecycle: `stage` any number of times, then `show` with each new standing, then `close`.
    Lines may be said at any time, and in any thread.
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
        """Show the last standing for good. Called once; after it, only `say` is."""


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
    best = describe_best(standing)
    return ", ".join([*describe_counts(standing), *([best] if best else [])])


def describe_counts(standing: Standing) -> list[str]:
    """Say how many trials are done, and what became of them."""
    parts = [f"{_done(standing) - standing.trained}/{standing.trials - standing.trainings} trials"]
    if standing.trainings:
        parts.append(f"{standing.trained}/{standing.trainings} trainings of finalists")
    states = (
        (TrialState.PRUNED, "pruned"),
        (TrialState.DIVERGED, "diverged"),
        (TrialState.FAIL, "failed"),
    )
    parts += [f"{standing.finished[state]} {word}" for state, word in states if standing.finished[state]]
    if standing.running:
        parts.append(f"{standing.running} running")
    return parts


def describe_best(standing: Standing) -> str:
    """Name the best trial so far, with its score; empty while there is none."""
    if standing.best is None:
        return ""
    number, score = standing.best
    named = "" if standing.metric is Metric.ACCURACY else f"{standing.metric.in_words} "
    return f"best {named}{score:.4f} (trial {number})"


class Speed:
    """Measures trials a minute over the last minutes, and estimates the time left.

    Epochs count as parts of trials. The time left weighs trials by their cost, see `packtune.report.live.time_left`.
    Until one has finished, trials of a single kind count alike, and of several kinds no time is told.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, float, int]] = deque()
        self._using = threading.Lock()  # one thread takes in what another one shows

    def note(self, standing: Standing) -> None:
        """Take in a new standing."""
        now_s = self._clock()
        with self._using:
            while len(self._seen) > 2 and now_s - self._seen[1][0] > SPEED_WINDOW_S:
                self._seen.popleft()
            self._seen.append((now_s, completed(standing), standing.load.training if standing.load else 0))

    def pace(self, standing: Standing) -> Pace:
        """Give the speed, and the time left from now on."""
        told = standing.pace
        with self._using:
            per_second = self._trials_per_second() if told is None else told.per_minute / 60
            return Pace(per_minute=per_second * 60, left_s=self._left_from_now(standing, per_second))

    def describe(self, standing: Standing) -> str:
        """Describe the speed, and the time left, in words; empty while nothing is known."""
        return "".join(f", {words}" for words in describe_pace(self.pace(standing)))

    def _trials_per_second(self) -> float:
        if not self._seen:
            return 0.0
        (since_s, before, _), (until_s, done, _) = self._seen[0], self._seen[-1]
        return max(0.0, done - before) / max(1e-9, until_s - since_s)

    def _left_from_now(self, standing: Standing, per_second: float) -> tuple[float, float] | None:
        if not self._seen or _done(standing) >= standing.trials:
            return None
        left = self._left(standing, per_second)
        # Between two reports the time left gets shorter. When it has run out, no time is shown until the next report.
        passed_s = self._clock() - self._seen[-1][0]
        if left is None or left.high - passed_s < 1:
            return None
        return max(0.0, left.low - passed_s), left.high - passed_s

    def _left(self, standing: Standing, per_second: float) -> Range | None:
        if standing.pace is not None:
            left_s = standing.pace.left_s
            return None if left_s is None else Range(low=left_s[0], high=left_s[1])
        load = standing.load
        if load is not None and (left := time_left(load, max(training for *_, training in self._seen))) is not None:
            return left
        if not per_second or (load is not None and (load.unproposed or len({kind for kind, *_ in load.left}) > 1)):
            return None
        each_s = (standing.trials - self._seen[-1][1]) / per_second
        return Range(low=each_s, high=each_s)


def describe_pace(pace: Pace) -> list[str]:
    """Say how fast a search is, and how long it will take, as far as it is known."""
    speed = f"{pace.per_minute:.{0 if pace.per_minute >= 10 else 1}f} trials/min"
    return [speed] * bool(pace.per_minute) + ([] if pace.left_s is None else [f"{_range_in_words(*pace.left_s)} left"])


def _range_in_words(low_s: float, high_s: float) -> str:
    low, high = format_duration(low_s), format_duration(high_s)
    if low_s * NARROW_RANGE >= high_s or low == high:
        return f"about {high}"
    return f"about {low} to {high}" if low_s >= 1 else f"at most {high}"


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
