"""When a search stops early: on a signal, or at the end of its time budget."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

SIGNAL_AGAIN_S = 0.05
"""After this time a signal that arrived in a finalizer is sent again."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""SIGHUP comes when a terminal or an SSH session is closed."""


class Stop:
    """Tells whether a search should stop.

    Args:
        budget_s: seconds from now on after which it should; none for no limit.
        say: told once when a signal asks for the stop.

    Attributes:
        signal: the last signal that arrived; none while there was none.
    """

    def __init__(self, budget_s: float | None, say: Callable[[str], None]) -> None:
        self.signal: signal.Signals | None = None
        self._say = say
        self._said = False
        self._begin_s = time.monotonic()
        self._budget_s = budget_s

    def is_spent(self, share: float) -> bool:
        """Tell whether a share of the time budget, 0 to 1, is over; false without a budget."""
        return self._budget_s is not None and time.monotonic() >= self._begin_s + share * self._budget_s

    def requested(self) -> bool:
        """Tell whether nothing more should be started."""
        if self.signal is not None and not self._said:
            self._said = True
            self._say("Stopping; what is finished is kept. Ctrl-C again stops at once.")
        return self.signal is not None or self.is_spent(1.0)

    def listen(self) -> None:
        """Take over the signals again, where another library has put its own handlers in place."""


class SignalStop(Stop):
    """Stops on the first of `SIGNALS`, and raises KeyboardInterrupt on the second. For the main thread only."""

    def __init__(self, budget_s: float | None, say: Callable[[str], None]) -> None:
        super().__init__(budget_s, say)
        self._again: threading.Timer | None = None

    def listen(self) -> None:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` wants it
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        is_first, self.signal = self.signal is None, signal.Signals(number)
        if is_first:
            return
        if not _is_in_finalizer(frame):
            raise KeyboardInterrupt
        main = threading.main_thread().ident
        assert main is not None
        self._again = threading.Timer(SIGNAL_AGAIN_S, signal.pthread_kill, (main, number))
        self._again.start()

    def rest(self) -> None:
        """Send no signal again."""
        if self._again is not None:
            self._again.cancel()


StopSource = Callable[[float | None, Callable[[str], None]], AbstractContextManager[Stop]]
"""Makes what stops a search, from its time budget in seconds and whom to tell."""


@contextmanager
def time_budget(budget_s: float | None, say: Callable[[str], None]) -> Iterator[Stop]:
    """Stop at the end of the time budget alone, and leave signals to the caller."""
    yield Stop(budget_s, say)


@contextmanager
def stop_signals(budget_s: float | None, say: Callable[[str], None]) -> Iterator[Stop]:
    """Stop on a signal too, as the command line does; the handlers that were there come back at the end."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    stop = SignalStop(budget_s, say)
    stop.listen()
    try:
        yield stop
    except KeyboardInterrupt:
        # Ray raises a KeyboardInterrupt of its own where it meets one, which does not carry the signal.
        raise KeyboardInterrupt(stop.signal or signal.SIGINT) from None
    finally:
        stop.rest()
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_in_finalizer(frame: FrameType | None) -> bool:
    """Tell whether a finalizer is running: Python prints what it raises, and goes on."""
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None
