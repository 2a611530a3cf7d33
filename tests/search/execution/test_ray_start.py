"""The watch over a starting Ray, with real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from packtune.errors import ClusterError
from packtune.execution.ray_start import Background, RayStart, last_words

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
RAYLET_LOG = """[2026-11-26 11:05:57,757 I 1 1] (raylet) main.cc:1: Setting up
[2026-11-26 11:05:57,757 C 1 1] (raylet) shared_memory.cc:46: mmap failed
*** StackTrace Information ***
/lib/libc.so.6(+0x1098ec) [0x7ff525f278ec]
"""


@pytest.fixture
def start():
    starting = RayStart()
    yield starting
    starting.break_off()


def test_what_comes_is_waited_for_and_what_does_not_come_is_not_waited_for_long(start):
    start.open(subprocess.Popen, SLEEP)
    comes = threading.Event()
    threading.Timer(0.1, comes.set).start()
    assert start.wait_until(comes.is_set, timeout_s=60)
    assert not start.wait_until(lambda: False, timeout_s=0.1)


@pytest.mark.parametrize(
    ("code", "words"),
    [("raise SystemExit(3)", "ended with 3"), ("import os; os.kill(os.getpid(), 9)", "was killed by signal 9")],
)
def test_a_process_that_ends_ends_the_start(start, code, words):
    start.open(subprocess.Popen, SLEEP)
    start.open(subprocess.Popen, [sys.executable, "-c", code])
    with pytest.raises(ClusterError, match=f"its process python.* {words} as it started"):
        start.wait_until(lambda: False, timeout_s=60)


def test_a_start_that_is_broken_off_ends_and_so_do_its_processes(start):
    process = start.open(subprocess.Popen, SLEEP)
    start.break_off()
    assert process.wait(timeout=60) == -signal.SIGKILL
    with pytest.raises(ClusterError, match="broken off"):
        start.wait_until(lambda: False, timeout_s=60)
    with pytest.raises(ClusterError, match="broken off"):
        start.open(subprocess.Popen, SLEEP)


def test_a_start_that_has_succeeded_is_not_broken_off(start):
    process = start.open(subprocess.Popen, SLEEP)
    start.note_up()
    start.break_off()
    assert process.poll() is None
    process.kill()
    process.wait()


def test_a_thread_outlives_its_call_until_it_is_released():
    threads = []
    background = Background(lambda: threads.append(threading.current_thread()))
    background.future.result(timeout=60)
    assert threads[0].is_alive()
    assert threads[0].daemon
    background.release()
    threads[0].join(timeout=60)
    assert not threads[0].is_alive()


def test_what_a_call_raises_is_raised_to_who_waits_for_it():
    background = Background(lambda: [].pop())
    with pytest.raises(IndexError):
        background.future.result(timeout=60)
    background.release()


def test_the_last_error_in_the_logs_is_found(tmp_path):
    assert last_words(tmp_path) == ""
    (tmp_path / "gcs_server.out").write_text("all is well\n")
    assert last_words(tmp_path) == ""
    (tmp_path / "dashboard_agent.err").write_text("Traceback\n  File x\nValueError: no\n")
    assert last_words(tmp_path) == "dashboard_agent says: ValueError: no"
    (tmp_path / "raylet.out").write_text(RAYLET_LOG)
    assert last_words(tmp_path).startswith("raylet says: [2026-11-26")
    assert last_words(tmp_path).endswith("mmap failed")


def test_the_reason_is_given_and_not_what_ray_says_before_every_reason(tmp_path):
    """A log of a machine whose processors all had other work."""
    reason = "Check failed: statussetor3576.has_value() Timed out waiting for file /tmp/ray/metrics_agent_port_d4"
    start = "[2026-11-26 14:55:58,513 C 32495 32495] (raylet) node_manager.cc:3576:  "
    general = (
        "An unexpected system state has occurred. You have likely discovered a bug in Ray. Please report this issue at "
        "https://github.com/ray-project/ray/issues and we'll work with you to fix it. "
    )
    (tmp_path / "raylet.out").write_text(f"{start}{general}{reason}\n*** StackTrace Information ***\n")
    busy = ": they have 15 s, and this machine is too busy or slow now, so try again."
    assert last_words(tmp_path) == f"raylet says: {start}{reason}{busy}"
