"""When a search stops early: on a signal, or at the end of its time budget."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from packtune.guard import Guard, Rescue
from packtune.signals import SIGNALS, handle_signals, handlers_kept

if TYPE_CHECKING:
    from packtune.run.ending import Ending

__all__ = ["SIGNALS", "SignalStop", "Stop", "StopSource", "stop_signals", "time_budget"]

SIGNAL_AGAIN_S = 0.05
"""After this time a signal that arrived in a finalizer is sent again."""


Writer = Callable[[signal.Signals | None], Sequence["Ending"]]
"""Writes the tables of searches that a signal stopped, or something else, and gives how they ended."""
Show = Callable[[Sequence["Ending"]], None]


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

    def searching(self, lost: Callable[[], str], write: Writer) -> None:
        """Take note of how to end the search, should its main thread be unable to.

        Args:
            lost: tells why nothing can be trained any more; empty while something can.
            write: writes the tables, in any thread.
        """

    @contextmanager
    def concluding(self) -> Iterator[None]:
        """Write the tables in the block, and undisturbed."""
        yield


class SignalStop(Stop):
    """Stops on the first of `SIGNALS`, and raises KeyboardInterrupt on the second. For the main thread only.

    Args:
        guard: ends the program where the main thread cannot; one that does not watch does nothing.
        show: shows how searches ended that were stopped by a signal and by the guard.
    """

    def __init__(self, budget_s: float | None, say: Callable[[str], None], guard: Guard, show: Show) -> None:
        super().__init__(budget_s, say)
        self._guard = guard
        self._show = show
        self._again: threading.Timer | None = None

    def searching(self, lost: Callable[[], str], write: Writer) -> None:
        def end(number: signal.Signals | None) -> None:
            endings = write(number)
            if number is not None:
                self._show(endings)

        self._guard.searching(Rescue(lost=lost, end=end))

    @contextmanager
    def concluding(self) -> Iterator[None]:
        self._guard.concluding()
        try:
            yield
        finally:
            self._guard.concluded()

    def listen(self) -> None:
        """Take over the signals."""
        handle_signals(self._note)

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


def _show_nothing(endings: Sequence[Ending]) -> None:
    pass


@contextmanager
def stop_signals(
    budget_s: float | None, say: Callable[[str], None], *, guard: Guard | None = None, show: Show = _show_nothing
) -> Iterator[SignalStop]:
    """Stop on a signal too, as the command line does; the handlers that were there come back at the end.

    Args:
        guard, show: see `SignalStop`.
    """
    stop = SignalStop(budget_s, say, guard or Guard(), show)
    with handlers_kept():
        stop.listen()
        try:
            yield stop
        except KeyboardInterrupt:
            # Ray raises a KeyboardInterrupt of its own where it meets one, which does not carry the signal.
            raise KeyboardInterrupt(stop.signal or signal.SIGINT) from None
        finally:
            stop.rest()


def _is_in_finalizer(frame: FrameType | None) -> bool:
    """Tell whether a finalizer is running: Python prints what it raises, and goes on."""
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None
