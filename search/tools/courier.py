"""Hands a search's outcomes to a listener in a thread of its own: the search never waits, whatever the tool does."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packtune.tools.delivery import Delivery
from packtune.tools.listener import Conclusion, Finished, Listener

MOST_WAITING = 1000
"""Outcomes that wait to be sent, at most. What is left out is sent at the end."""
SHARE = 0.03
"""Of the time of one processor: so much, at most, goes to sending while the search runs."""
MANY = 50
"""So many outcomes that are still to be sent at the end are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the end of a session may wait for a tool, in seconds: in all, and without any progress."""

    total_s: float = math.inf
    idle_s: float = 60.0


class Courier:
    """Sends to one listener.

    Lifecycle: `offer` any number of times, then `finish`; or `leave`, where the session broke off.

    Args:
        say: told once that the tool cannot be reached, and at the end what became of it.

    Attributes:
        searching_s, ending_s: processor time that sending took while the search ran, and after it, in seconds.
    """

    def __init__(self, listener: Listener, say: Callable[[str], None]) -> None:
        self._listener = listener
        self._say = say
        self._changed = threading.Condition()
        self._waiting: deque[Finished] = deque()
        self._last: tuple[Sequence[Finished], Conclusion] | None = None
        self._left = False
        self._steps = 0
        self.searching_s = self.ending_s = 0.0
        self._ended = False
        self._thread: threading.Thread | None = None
        self._delivery = Delivery(listener, say, self._note_step)

    def offer(self, finished: Finished) -> None:
        """Take an outcome to be sent; never waits."""
        with self._changed:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(finished)
                self._changed.notify_all()
        self._start()

    def leave(self) -> None:
        """Send nothing more."""
        with self._changed:
            self._left = True
            self._changed.notify_all()

    def finish(self, everything: Sequence[Finished], conclusion: Conclusion, patience: Patience) -> None:
        """Send what the tool does not have yet, and say what became of it.

        Args:
            everything: all outcomes of the run.
        """
        missing = len(everything) - len(self._delivery.sent)
        if missing >= MANY:
            self._say(f"Sending {self._listener.title} what it does not have yet of {len(everything):,} trials ...")
        with self._changed:
            self._last = everything, conclusion
            self._changed.notify_all()
        self._start()
        try:
            self._wait(patience)
        finally:
            self.leave()
            self._say(self._describe(everything))

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"to {self._listener.title}", daemon=True)
            self._thread.start()

    def _wait(self, patience: Patience) -> None:
        """Wait until the thread has ended, as long as it makes progress."""
        deadline_s = time.monotonic() + patience.total_s
        with self._changed:
            seen = -1
            while not self._ended and seen != self._steps and time.monotonic() < deadline_s:
                seen = self._steps
                timeout_s = min(patience.idle_s, deadline_s - time.monotonic())
                self._changed.wait_for(lambda: self._ended or self._steps != seen, timeout_s)  # noqa: B023

    def _describe(self, everything: Sequence[Finished]) -> str:
        title, delivery = self._listener.title, self._delivery
        if delivery.concluded:
            return f"{title}: {self._listener.where}"
        unsent = len({each.key for each in everything} - delivery.sent)
        what = f"{unsent:,} of {len(everything):,} trials" if unsent else "the tables and the model"
        why = delivery.failure or "it did not answer in time"
        return f"{title} did not get {what} ({why}). Send them later with: {self._listener.later}"

    # In the thread:

    def _run(self) -> None:
        try:
            if not self._is_over():
                self._delivery.look()
            self._rest(self._listener.start_s / SHARE)
            while (finished := self._next()) is not None:
                started_s = time.thread_time()
                self._delivery.send(finished)
                self.searching_s = time.thread_time()
                self._rest((self.searching_s - started_s) / SHARE)
            if self._last is not None:
                self._delivery.send_rest(*self._last, go_on=lambda: not self._left)
        finally:
            self.ending_s = time.thread_time() - self.searching_s
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _next(self) -> Finished | None:
        """Wait for the next outcome; none once the session ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_over())
            return None if self._is_over() else self._waiting.popleft()

    def _rest(self, duration_s: float) -> None:
        with self._changed:
            self._changed.wait_for(self._is_over, duration_s)

    def _is_over(self) -> bool:
        return self._left or self._last is not None

    def _note_step(self) -> None:
        with self._changed:
            self._steps += 1
            self._changed.notify_all()
