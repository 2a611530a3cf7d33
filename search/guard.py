"""Ends a program in good order where its main thread cannot: in time after a signal, and where Ray is gone.

When Ray's control service is gone, a call of Ray's waits for a minute inside its library, where no signal reaches
Python, and then ends the process without a word. Schedulers and containers kill what has not ended after some seconds.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from signal import Signals

from packtune.errors import PacktuneError
from packtune.signals import SIGNALS, exit_code

PATIENCE_S = 3.0
"""So long may a start, or a round in training, go on after a signal. Docker waits no longer than 10 s by default."""
WRITING_PATIENCE_S = 60.0
LEAVING_PATIENCE_S = 5.0
TICK_S = 0.2
LOST_CODE = 2
"""The exit code where nothing can be trained any more, or where the tables or the result cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """How to end a search without its main thread.

    Attributes:
        lost: tells why nothing can be trained any more; empty while something can.
        end: writes the tables and, after a signal, shows them.
    """

    lost: Callable[[], str]
    end: Callable[[Signals | None], None]


class Guard:
    """Watches, in a thread of its own, over a program from its start to its end.

    A program starts; it may search, which `searching` says; it writes down what came of it, from `concluding` on; and
    it ends.

    Args:
        say: told of an error.

    Attributes:
        signals: that have arrived, in order.
    """

    def __init__(self, say: Callable[[str], None] = lambda text: None) -> None:
        self._say = say
        self.signals: list[Signals] = []
        self._patience_s = PATIENCE_S
        self._rescue: Rescue | None = None
        self._since_s: float | None = None
        self._lost = ""
        self._over = False
        self._changing = threading.Lock()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch during the block, if this is the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        # Python writes the number of a signal there at once, even while the main thread is inside a library.
        before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        thread = threading.Thread(target=self._watch, args=(reader,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over = True
            signal.set_wakeup_fd(before)
            os.close(writer)
            thread.join()
            os.close(reader)

    def searching(self, rescue: Rescue) -> None:
        """Take note that a search has begun, and how to end it."""
        self._change(rescue, PATIENCE_S)

    def concluding(self) -> None:
        """Take note that the main thread writes the tables of a search. Does not return while this thread does."""
        self._change(None, WRITING_PATIENCE_S)

    def concluded(self) -> None:
        """Take note that the tables have been written."""
        self._change(None, LEAVING_PATIENCE_S)

    def _change(self, rescue: Rescue | None, patience_s: float) -> None:
        with self._changing:
            self._rescue, self._patience_s, self._since_s = rescue, patience_s, None

    def _watch(self, reader: int) -> None:
        while not self._over:
            if select.select([reader], [], [], TICK_S)[0]:
                self.signals += [Signals(number) for number in os.read(reader, 64) if number in SIGNALS]
            with self._changing:
                if self._is_due() and not self._over:
                    self._end()

    def _is_due(self) -> bool:
        """Tell whether the main thread has had its time."""
        if self._rescue is not None:
            self._lost = self._rescue.lost()
        if not self._lost and not self._is_urgent():
            return False
        self._since_s = self._since_s or time.monotonic()
        return time.monotonic() - self._since_s >= self._patience_s

    def _is_urgent(self) -> bool:
        """Tell whether nobody waits for a round to end: a person who pressed Ctrl-C does, and may do so again."""
        is_asked = self._rescue is not None and self.signals == [signal.SIGINT]
        return bool(self.signals) and not is_asked

    def _end(self) -> None:
        number = self.signals[-1] if self.signals else None
        code = LOST_CODE if number is None else exit_code(number)
        try:
            if self._rescue is not None:
                self._rescue.end(number)
            if number is None:
                self._say(f"Error: {self._lost}")
        except PacktuneError as error:  # as where the main thread cannot write what came of the search
            code = LOST_CODE
            self._say(f"Error: {error}")
        finally:
            os._exit(code)
