"""What has been sent to a tool and what has not, failures included. Knows nothing of threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial

from packtune.tools.listener import Conclusion, Finished, Listener

RETRY_S = 30.0
"""After a failure, nothing is tried for this long."""


class Delivery:
    """Sends to one listener, and survives whatever goes wrong there.

    Args:
        say: told of the first failure.
        on_progress: called after each step that went well.

    Attributes:
        sent: the keys of what the tool has, as far as it is known.
        concluded: whether the tool has everything, the end of the session included.
        failure: why the last attempt failed, for people; empty if it did not.
    """

    def __init__(
        self, listener: Listener, say: Callable[[str], None], on_progress: Callable[[], None] = lambda: None
    ) -> None:
        self._listener = listener
        self._say = say
        self._on_progress = on_progress
        self._ready = False
        self._retry_s = 0.0
        self._told = False
        self.sent: set[str] = set()
        self.concluded = False
        self.failure = ""

    def look(self) -> None:
        """Look whether the tool can be reached; what that costs does not count."""
        try:
            self._listener.look()
        except Exception as error:  # see `_try`
            self._note_failure(error)

    def send(self, finished: Finished) -> bool:
        """Send an outcome, unless the tool has it; false if that failed, or if something failed a moment ago."""
        return time.monotonic() >= self._retry_s and self._try(lambda: self._add(finished))

    def send_rest(self, everything: Iterable[Finished], conclusion: Conclusion, go_on: Callable[[], bool]) -> None:
        """Send what the tool does not have yet, and the end; stop at the first failure."""
        self._told = True  # what could not be sent is told at the end
        steps = (partial(self._add, each) for each in everything)
        if all(go_on() and self._try(step) for step in steps):
            self.concluded = go_on() and self._try(lambda: self._listener.conclude(conclusion))

    def _add(self, finished: Finished) -> None:
        if finished.key not in self.sent:
            self._listener.add(finished)
            self.sent.add(finished.key)

    def _try(self, act: Callable[[], None]) -> bool:
        try:
            if not self._ready:
                self.sent = set(self._listener.begin())
                self._ready = True
            act()
        except Exception as error:  # a tool's packages raise errors of all kinds, and none of them may end a search
            self._note_failure(error)
            return False
        self.failure = ""
        self._on_progress()
        return True

    def _note_failure(self, error: Exception) -> None:
        self.failure = self._listener.explain(error)
        self._retry_s = time.monotonic() + RETRY_S
        self._ready = False
        if not self._told:
            self._told = True
            self._say(f"{self._listener.title} cannot be reached: {self.failure}. The search goes on without it")
