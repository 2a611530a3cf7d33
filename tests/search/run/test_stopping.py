"""What stops a search: signals, and the end of a time budget."""

from __future__ import annotations

import os
import signal
import time

import pytest

from packtune.run.stopping import SIGNALS, stop_signals, time_budget


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (signal.SIGINT, signal.SIGINT),
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGINT, signal.SIGTERM),
        (signal.SIGHUP, signal.SIGHUP),
    ],
)
def test_the_first_signal_asks_and_the_second_interrupts_and_is_known_afterwards(first, second):
    before = [signal.getsignal(number) for number in SIGNALS]
    said = []
    with pytest.raises(KeyboardInterrupt) as caught, stop_signals(None, said.append) as stop:
        assert not stop.requested()
        os.kill(os.getpid(), first)
        assert stop.requested()
        assert stop.signal is first
        try:
            os.kill(os.getpid(), second)
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None  # as Ray does
    assert caught.value.args == (second,)
    assert said == ["Stopping; what is finished is kept. Ctrl-C again stops at once."]
    assert [signal.getsignal(number) for number in SIGNALS] == before


class _Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(3):
            pass  # Python handles the signal here


def test_a_second_signal_is_not_lost_in_a_finalizer():
    """Python prints what a finalizer raises, and goes on."""
    ended_s = time.monotonic() + 60
    with pytest.raises(KeyboardInterrupt), stop_signals(None, print):
        os.kill(os.getpid(), signal.SIGINT)
        dying = _Finalized()
        del dying
        while time.monotonic() < ended_s:
            time.sleep(0.01)
    assert time.monotonic() < ended_s


def test_a_time_budget_asks_too():
    with stop_signals(0.0, print) as stop:
        assert stop.requested()
        assert stop.signal is None
    with time_budget(1e6, print) as stop:
        assert not stop.requested()


def test_without_a_command_line_signals_are_left_to_the_caller():
    before = signal.getsignal(signal.SIGINT)
    with time_budget(None, print) as stop:
        stop.searching(str, lambda number: [])
        assert signal.getsignal(signal.SIGINT) is before
        assert not stop.requested()


def test_a_search_under_nohup_goes_on_when_the_terminal_is_closed():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals(None, print) as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.requested()
    finally:
        signal.signal(signal.SIGHUP, before)
