"""Runs are watched from other processes: while they go on, when they are killed, and when they have ended."""

from __future__ import annotations

import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from fcntl import ioctl
from pathlib import Path

import pyte
import pytest

from packtune.run.watching.note import NAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PACKTUNE = str(Path(sys.executable).parent / "packtune")
WAIT_S = 280
SEARCH = (
    *("run", "--workers", "1", "--epochs", "2", "--lookahead", "4", "--pack-size", "2", "--name", "seen"),
    *("--set", "architecture=mlp", "--set", "hidden_units=4..32", "--set", "batch_size=32"),
)
LONG = (*SEARCH, "--trials", "2000")
SHORT = (*SEARCH, "--trials", "8", "--finalists", "2", "--replicates", "2")


class InTerminal:
    """A command in a real pseudo-terminal, whose screen an emulator shows."""

    def __init__(self, folder, *arguments, columns=100, rows=30):
        self.controller, terminal = pty.openpty()
        self._size(terminal, columns, rows)
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self.everything = b""
        self.process = subprocess.Popen(
            [PACKTUNE, *arguments],
            cwd=folder,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=os.environ | {"TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(terminal)
        self._using = threading.Lock()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _size(self, terminal, columns, rows):
        ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self):
        stream = pyte.ByteStream(self.screen)
        while True:
            try:
                content = os.read(self.controller, 65536)
            except OSError:  # how Linux says that nobody holds the terminal any more
                return
            with self._using:
                self.everything += content
                stream.feed(content)

    def resize(self, columns, rows):
        with self._using:
            self.screen.resize(rows, columns)
        self._size(self.controller, columns, rows)
        self.process.send_signal(signal.SIGWINCH)

    @property
    def lines(self):
        with self._using:
            return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")

    def wait(self):
        code = self.process.wait(timeout=WAIT_S)
        self._reader.join(timeout=WAIT_S)
        os.close(self.controller)
        return code


def until(is_so, *processes):
    """Wait until something is so; not for ever, and not when a process has ended."""
    deadline_s = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline_s
        assert all(process.poll() is None for process in processes)
        time.sleep(0.1)


def packtune(folder, *arguments):
    command = [PACKTUNE, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=WAIT_S, check=False)


def started(folder, *arguments):
    with (folder / "log").open("w") as log:
        return subprocess.Popen([PACKTUNE, *arguments], cwd=folder, stdout=log, stderr=log, start_new_session=True)


def snapshot(folder):
    """Give every file of the run, with its content and when it was written."""
    files = sorted(path for path in (folder / "results/runs/seen").rglob("*") if path.is_file())
    return [(path, path.stat().st_mtime_ns, path.read_bytes()) for path in files]


def test_two_watch_a_search_that_is_killed_and_one_watches_it_resumed(tmp_path):
    driver = started(tmp_path, *LONG)
    run = tmp_path / "results/runs/seen"
    until(lambda: (run / "settings.toml").exists(), driver)
    plain = subprocess.Popen(
        [PACKTUNE, "watch", "seen"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    live = InTerminal(tmp_path, "watch", "seen")
    until(lambda: any("best 0." in line for line in live.lines), driver, plain, live.process)
    lines = live.lines
    assert sum(line.startswith("Exploration  ") for line in lines) == 1
    assert any(line.startswith("trial  accuracy  architecture") for line in lines)
    for columns, rows in ((60, 24), (60, 12), (110, 30)):
        live.resize(columns, rows)
        until(lambda: sum("/2000 trials" in line for line in live.lines) == 1, driver, live.process)
    once = packtune(tmp_path, "watch", "seen", "--once")
    assert once.returncode == 0, once.stderr
    assert "/2000 trials" in once.stdout.splitlines()[0]
    assert "The run seen goes on. To watch it: " in once.stdout.splitlines()[-1]
    facts = json.loads(packtune(tmp_path, "watch", "seen", "--json").stdout)
    assert (facts["run"], facts["goes_on"], facts["trials"], facts["stage"]) == ("seen", True, 2000, "exploration")

    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    out, _ = plain.communicate(timeout=WAIT_S)
    assert (plain.returncode, live.wait()) == (0, 0)
    assert "\x1b" not in out
    assert "/2000 trials" in out
    for shown in (" ".join(out.split()), " ".join(" ".join(live.lines).split())):
        assert "The run seen is not going on, with " in shown
        assert "of 2000 trials open. Continue it with: " in shown
        assert shown.endswith("resume seen")
    assert (run / NAME).exists()  # as a process leaves it that is killed
    left = packtune(tmp_path, "watch", "seen", "--once")
    assert "is not going on" in left.stdout

    resumed = started(tmp_path, "resume", "seen")
    until(lambda: json.loads(packtune(tmp_path, "watch", "seen", "--json").stdout)["goes_on"], resumed)
    again = subprocess.Popen([PACKTUNE, "watch", "seen"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert "trials" in again.stdout.readline() + again.stdout.readline()
    resumed.send_signal(signal.SIGTERM)
    assert resumed.wait(timeout=WAIT_S) == 128 + signal.SIGTERM
    out, _ = again.communicate(timeout=WAIT_S)
    assert again.returncode == 0
    assert "The run seen is not going on" in out
    assert not (run / NAME).exists()


@pytest.mark.parametrize("storage", [(), ("--storage", "sqlite:///studies.db")], ids=["journal", "database"])
def test_watching_changes_nothing_of_a_run_that_has_ended(tmp_path, storage):
    driver = started(tmp_path, *SHORT, *storage)
    until(lambda: (tmp_path / "results/runs/seen/settings.toml").exists(), driver)
    watched = packtune(tmp_path, "watch", "seen")
    assert driver.wait(timeout=WAIT_S) == 0
    assert watched.returncode == 0, watched.stderr
    assert "8/8 trials" in watched.stdout
    assert "The run seen has ended. Its winner: " in watched.stdout
    assert watched.stdout.rstrip().endswith("best seen")
    before = snapshot(tmp_path)
    for options in ((), ("--once",), ("--json",)):
        after = packtune(tmp_path, "watch", "seen", *options)
        assert after.returncode == 0, after.stderr
    assert json.loads(after.stdout)["goes_on"] is False
    assert snapshot(tmp_path) == before


def test_ctrl_c_leaves_the_run_alone_and_says_so(tmp_path):
    driver = started(tmp_path, *LONG)
    until(lambda: (tmp_path / "results/runs/seen/settings.toml").exists(), driver)
    live = InTerminal(tmp_path, "watch", "seen")
    until(lambda: any("/2000 trials" in line for line in live.lines), driver, live.process)
    live.process.send_signal(signal.SIGINT)
    assert live.wait() == 130
    assert driver.poll() is None
    assert "The run seen goes on. Look at it again with: " in " ".join(live.lines)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()


def test_a_run_that_is_not_there_is_named(tmp_path):
    done = packtune(tmp_path, "watch", "nosuch")
    assert done.returncode == 2
    assert "no run named 'nosuch'" in done.stderr
