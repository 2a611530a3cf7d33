"""The guard ends a program whose main thread hangs inside a library, where no signal reaches Python."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes
import sys
from pathlib import Path

from packtune.errors import PacktuneError
from packtune.guard import Guard, Rescue
from packtune.signals import handle_signals

lost, phase, unwritten = sys.argv[1:]
library = ctypes.CDLL(None)
mutex = ctypes.create_string_buffer(64)


def end(number):
    Path("tables").write_text(str(number))
    if unwritten:
        raise PacktuneError(unwritten)


guard = Guard(lambda text: print(text, file=sys.stderr))
handle_signals(lambda number, frame: None)  # a signal may come before the main thread hangs
with guard.watching():
    if phase != "start":
        guard.searching(Rescue(lost=lambda: lost, end=end))
    if phase == "concluded":
        guard.concluding()
        guard.concluded()
    library.pthread_mutex_lock(mutex)
    print("hangs", flush=True)
    library.pthread_mutex_lock(mutex)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the program hangs in a lock of Linux's C library")


@pytest.fixture
def hangs(tmp_path):
    """Give a function that starts a program whose main thread hangs in some phase."""
    started = []

    def start(phase, lost="", unwritten=""):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, lost, phase, unwritten],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout.readline() == "hangs\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_search_that_hangs_gets_its_tables_and_the_code_of_the_signal(hangs, tmp_path, number):
    process = hangs("search")
    process.send_signal(number)
    assert process.wait(timeout=60) == 128 + number
    assert (tmp_path / "tables").read_text() == str(int(number))


def test_a_search_that_hangs_and_cannot_write_its_result_ends_with_an_error(hangs, tmp_path):
    process = hangs("search", unwritten="cannot write the result to stdout: Broken pipe")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (2, "Error: cannot write the result to stdout: Broken pipe\n")
    assert (tmp_path / "tables").exists()


def test_a_person_who_presses_twice_waits_no_longer(hangs, tmp_path):
    process = hangs("search")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=6)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert (tmp_path / "tables").exists()


def test_a_search_that_can_train_nothing_any_more_ends_with_an_error(hangs, tmp_path):
    process = hangs("search", "Ray has ended")
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (2, "Error: Ray has ended\n")
    assert (tmp_path / "tables").read_text() == "None"


@pytest.mark.parametrize("phase", ["start", "concluded"])
def test_before_and_after_a_search_there_is_nothing_to_write(hangs, tmp_path, phase):
    process = hangs(phase)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert not (tmp_path / "tables").exists()
