"""What a person sees while a search runs: a live line in a terminal, plain lines elsewhere. All of it on stderr."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from search.console import print_text
from search.dispatcher import Standing
from search.trial import TrialState

PLAIN_INTERVAL_S = 5.0
SPEED_WINDOW_S = 120.0  # old trials say little of those to come, which may be larger


class ProgressView(ABC):
    """Shows where a search stands.

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
        """Leave the last standing visible and show no more."""


class PlainView(ProgressView):
    """Lines of text, at most one every few seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._speed = _Speed(clock)
        self._last_s = -PLAIN_INTERVAL_S
        self._standing: Standing | None = None
        self._shown: Standing | None = None

    def stage(self, text: str) -> None:
        self._print(f"{text} ...")

    def show(self, standing: Standing) -> None:
        self._standing = standing
        self._speed.note(completed(standing))
        if self._clock() - self._last_s >= PLAIN_INTERVAL_S:
            self._flush()

    def say(self, text: str) -> None:
        self._print(text)

    def close(self) -> None:
        if self._standing != self._shown:
            self._flush()

    def _flush(self) -> None:
        if self._standing is None:
            return
        self._last_s = self._clock()
        self._shown = self._standing
        self._print(f"{describe(self._standing)}{self._speed.describe(self._standing)}")

    def _print(self, text: str) -> None:
        print_text(self._console, text)


class LiveView(ProgressView):
    """A progress bar that is drawn in place."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._speed = _Speed(clock)
        self._clock = clock
        self._stage = ""
        self._standing: Standing | None = None
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4, transient=False)
        self._live.start()

    def stage(self, text: str) -> None:
        self._stage = text

    def show(self, standing: Standing) -> None:
        self._speed.note(completed(standing))
        self._standing = standing  # which another thread draws

    def say(self, text: str) -> None:
        print_text(self._live.console, text)

    def close(self) -> None:
        self._stage = ""
        self._live.stop()

    def _render(self) -> Table | Text:
        standing = self._standing
        if standing is None:
            return Text(f"{self._stage} ..." if self._stage else "")
        grid = Table.grid(padding=(0, 1))
        grid.add_row(
            ProgressBar(total=standing.trials, completed=completed(standing), width=24),
            Text(f"{describe(standing)}{self._speed.describe(standing)}", overflow="fold"),
        )
        return grid


@contextmanager
def progress_view(console: Console) -> Iterator[ProgressView]:
    """Choose the view that fits the console, and close it at the end."""
    view: ProgressView = LiveView(console) if console.is_terminal else PlainView(console)
    try:
        yield view
    finally:
        view.close()


def describe(standing: Standing) -> str:
    """Put a standing in words: trials done, pruned, failed, running, and the best so far."""
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


class _Speed:
    """Trials a minute over the last minutes, and the time left at that speed; epochs count as parts of trials."""

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
        # Between two pieces of news the time left gets shorter; when it is over, nothing is known until the next.
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
