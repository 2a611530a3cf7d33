"""The processor time of a command and of all processes that it starts, detached ones included. Linux only.

Ray's workers are no children of the command: what the system counts for its children lacks them.
"""

from __future__ import annotations

import os
import subprocess
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path

READ_EVERY_S = 0.5
MARK = "PACKTUNE_BENCHMARK"


class ProcessorTime:
    """Adds up the processor time of processes.

    They are known by a variable in their environment. What a process computes in its last half second may be missed.
    """

    def __init__(self) -> None:
        self._value = uuid.uuid4().hex
        self._ticks: dict[tuple[str, str], int] = {}

    @property
    def environment(self) -> dict[str, str]:
        """The environment that the processes must have or inherit."""
        return os.environ | {MARK: self._value}

    @property
    def seconds(self) -> float:
        """The processor time that was seen so far."""
        return sum(self._ticks.values()) / os.sysconf("SC_CLK_TCK")

    def run(self, command: Sequence[str], folder: Path) -> None:
        """Run a command in a folder, to its end.

        Raises:
            CalledProcessError: the command failed.
        """
        done = threading.Event()
        reader = threading.Thread(target=self._watch, args=(done,))
        reader.start()
        try:
            subprocess.run(command, check=True, cwd=folder, env=self.environment)
        finally:
            done.set()
            reader.join()

    def read(self) -> None:
        """Look at all processes once."""
        for folder in Path("/proc").glob("[0-9]*"):
            self._read(folder)

    def _watch(self, done: threading.Event) -> None:
        while not done.wait(READ_EVERY_S):
            self.read()

    def _read(self, folder: Path) -> None:
        try:
            if f"{MARK}={self._value}".encode() not in (folder / "environ").read_bytes():
                return
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended, or is another user's
            return
        # As in proc(5), from the state on: user and system time in ticks, and the start, as numbers are used again.
        self._ticks[folder.name, fields[19]] = int(fields[11]) + int(fields[12])
