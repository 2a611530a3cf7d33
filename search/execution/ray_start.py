"""The start of a local Ray: watched, so that it fails as soon as it cannot succeed, and can be broken off."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from packtune.errors import ClusterError

PAUSE_S = 0.02
LOGS_OF = ("raylet", "gcs_server", "runtime_env_agent", "dashboard_agent")
"""The processes of a local Ray, and the beginnings of the names of their log files; the likeliest culprit first."""
SLOW = "Timed out waiting for file"
"""What the raylet says where its agents have not told their ports after 15 s, for which Ray 2.60 has no option."""
SLOW_WORDS = ": they have 15 s, and this machine is too busy or slow now, so try again."
MOST_SHOWN = 300
WORDS_OF_ERRORS = (" E ", " C ", " F ", "Error", "rror:")
NO_REASON = (
    "An unexpected system state has occurred. You have likely discovered a bug in Ray. Please report this issue at "
    "https://github.com/ray-project/ray/issues and we'll work with you to fix it. "
)
"""Stands before every reason that Ray's processes give for ending, also where a machine is just too busy."""


class RayStart:
    """The processes that a starting Ray has started so far."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._broken_off = threading.Event()
        self._is_up = False

    def open(
        self, popen: Callable[..., subprocess.Popen[bytes]], command: list[str], **wishes: object
    ) -> subprocess.Popen[bytes]:
        """Start a process of Ray, in the place of `Popen`."""
        self._check_wanted()
        process = popen(command, **wishes)
        self._processes.append(process)
        return process

    def wait_until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for a condition; false if it does not come in time.

        Raises:
            ClusterError: a process of Ray has ended, or the start was broken off.
        """
        end_s = time.monotonic() + timeout_s
        while not condition():
            self._check_wanted()
            self._check_processes()
            if time.monotonic() >= end_s:
                return False
            time.sleep(PAUSE_S)
        return True

    def note_up(self) -> None:
        """Take note that all processes run, and that the node has registered."""
        self._is_up = True

    def break_off(self) -> None:
        """Let the start fail soon, unless it has nearly succeeded."""
        self._broken_off.set()
        if not self._is_up:
            for process in self._processes:
                process.kill()
            for process in self._processes:
                process.wait()

    def _check_wanted(self) -> None:
        if self._broken_off.is_set():
            raise ClusterError("its start was broken off")

    def _check_processes(self) -> None:
        for process in self._processes:
            code = process.poll()
            if code is not None:
                how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
                raise ClusterError(f"its process {Path(str(_program(process))).name} {how} as it started")


class Background:
    """A call in a thread that lives until it is released, and that no end of the program waits for.

    Ray's processes die with the thread that started them, so that it must outlive them.
    """

    def __init__(self, call: Callable[[], None]) -> None:
        self.future: Future[None] = Future()
        self._released = threading.Event()
        threading.Thread(target=self._run, args=(call,), daemon=True, name="ray-start").start()

    def release(self) -> None:
        """Let the thread end."""
        self._released.set()

    def _run(self, call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(None)
        self._released.wait()


def last_words(logs: Path) -> str:
    """Give the last error in the log files of a Ray that did not start; nothing if there is none."""
    for process in LOGS_OF:
        for suffix in ("err", "out", "log"):
            if line := _last_error(logs / f"{process}.{suffix}"):
                return f"{process} says: {line[:MOST_SHOWN]}{SLOW_WORDS if SLOW in line else ''}"
    return ""


def _last_error(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    last = next((line for line in reversed(lines) if any(word in line for word in WORDS_OF_ERRORS)), "")
    return last.replace(NO_REASON, "").strip()


def _program(process: subprocess.Popen[bytes]) -> object:
    return process.args[0] if isinstance(process.args, (list, tuple)) else process.args
