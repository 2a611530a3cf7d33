"""Signals as terminals, schedulers and containers send them: to all of a search, and at any time."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PACKTUNE = str(Path(sys.executable).parent / "packtune")
SEARCH = ("run", "--space", "grid", "--epochs", "40", "--pack-size", "1", "--name", "long", "--workers", "1")


NEVER_DONE = """
import time

from packtune.cli.main import main
from packtune.worker.trainable import PackTrainable


class LongEpoch(PackTrainable):
    def next_message(self):
        if self._task.pack.number:
            time.sleep(3600)
        return super().next_message()


main(LongEpoch)
"""


def descendants(pid):
    """List the processes below a process."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found = []
    for parent in (todo := [pid]):
        found += children.get(parent, [])
        todo += children.get(parent, [])
    return found


def catches(pid, number):
    """Tell whether a process has a handler for a signal."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught, 16) >> (number - 1) & 1)
    return False


def wait_until(condition, timeout_s=120):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def start(folder, *command):
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, text=True
    )


def wait_for_outcomes(process, journal, timeout_s=120):
    deadline_s = time.monotonic() + timeout_s
    while not (journal.exists() and b'"outcome"' in journal.read_bytes()):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGTERM, marks=pytest.mark.long), signal.SIGHUP], ids=["SIGTERM", "SIGHUP"]
)
def test_a_signal_to_the_whole_group_ends_a_search_with_its_tables(tmp_path, number):
    process = start(tmp_path, PACKTUNE, *SEARCH)
    folder = tmp_path / "results/runs/long"
    wait_for_outcomes(process, folder / "study.journal")
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number, err
    assert "Winner: trial" in out
    assert "trials open. Continue with: " in err
    assert len((folder / "leaderboard.csv").read_text().splitlines()) > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)], ids=["SIGTERM", "SIGINT"]
)
def test_a_search_whose_every_process_gets_the_signal_ends_with_its_tables(tmp_path, number):
    process = start(tmp_path, PACKTUNE, *SEARCH, "--max-failures", "0")
    folder = tmp_path / "results/runs/long"
    wait_for_outcomes(process, folder / "study.journal")
    for pid in [*reversed(descendants(process.pid)), process.pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    out, err = process.communicate(timeout=50)  # of itself, Ray would end the process after 60 s, with exit code 1
    assert process.returncode == 128 + number, err
    assert "Winner: trial" in out
    assert "trials open. Continue with: " in err
    assert "FAIL" not in (folder / "trials.csv").read_text()


@pytest.mark.slow
def test_a_search_whose_ray_is_killed_says_so_and_keeps_its_tables(tmp_path):
    process = start(tmp_path, PACKTUNE, *SEARCH)
    folder = tmp_path / "results/runs/long"
    wait_for_outcomes(process, folder / "study.journal")
    for pid in descendants(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=50)
    assert process.returncode == 2, err
    assert "Error: Ray has ended on this machine: " in err
    assert "raylet (SIGKILL)" in err
    assert len((folder / "leaderboard.csv").read_text().splitlines()) > 1


@pytest.mark.long
def test_an_epoch_that_takes_hours_is_not_waited_for(tmp_path):
    (tmp_path / "program.py").write_text(NEVER_DONE)
    process = start(tmp_path, sys.executable, "program.py", *SEARCH, "--pack-size", "1")
    folder = tmp_path / "results/runs/long"
    wait_for_outcomes(process, folder / "study.journal")
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert "Winner: trial" in out
    assert len((folder / "leaderboard.csv").read_text().splitlines()) > 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=["SIGTERM", "SIGINT", "SIGHUP"])
@pytest.mark.parametrize("wait_for_run", [False, True], ids=["at once", "once it has a folder"])
def test_a_signal_while_a_search_starts_ends_it(tmp_path, number, wait_for_run):
    process = start(tmp_path, PACKTUNE, *SEARCH)
    settings = tmp_path / "results/runs/long/settings.toml"
    # Python has a handler of its own for SIGINT. The program's own handlers are there once the last of them is.
    wait_until(lambda: catches(process.pid, signal.SIGHUP) and (not wait_for_run or settings.exists()))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (128 + number, ""), err
    assert "Traceback" not in err
    assert not settings.parent.exists() or settings.exists()


@pytest.fixture
def container(tmp_path):
    """Give a function that starts a search as the first process of a container, and gives its process id out here."""
    unshare = ("unshare", "--pid", "--fork", "--mount-proc")
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no process have process ids of its own")
    started = []

    def start_in_container():
        started.append(start(tmp_path, *unshare, PACKTUNE, *SEARCH))
        wait_until(lambda: descendants(started[0].pid))
        return started[0], descendants(started[0].pid)[0]

    yield start_in_container
    if started and started[0].poll() is None:
        os.killpg(started[0].pid, signal.SIGKILL)


def test_the_first_process_of_a_container_is_stopped_while_it_starts(container):
    process, search = container()
    wait_until(lambda: catches(search, signal.SIGHUP))
    os.kill(search, signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143, err


@pytest.mark.slow
def test_the_first_process_of_a_container_is_stopped_in_training(container, tmp_path):
    process, search = container()
    wait_for_outcomes(process, tmp_path / "results/runs/long/study.journal")
    os.kill(search, signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert "Winner: trial" in out
