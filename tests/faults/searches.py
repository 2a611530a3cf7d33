"""Real searches to be disturbed: started, killed, resumed, and compared with one that nothing disturbed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from packtune.run.folder import RunFolder
from packtune.run.records import read_records
from packtune.trial import TrialRecord, TrialState

PACKTUNE = str(Path(sys.executable).parent / "packtune")
FAULTY = str(Path(__file__).parent / "faulty.py")
# A learning sampler, halving, several shapes: whatever timing could change, it would change here.
SEARCH = (
    "run", "--space", "wide", "--sampler", "tpe", "--trials", "16", "--epochs", "3", "--pack-size", "2", "--seed", "3",
    "--checkpoint-interval", "0", "--replicates", "2",
)  # fmt: skip
# Packs that are trained in parts, since there are more workers than packs.
IN_PARTS = (
    "run", "--space", str(Path(__file__).parent / "list.toml"), "--sampler", "grid", "--no-halving", "--epochs", "3",
    "--seed", "3", "--checkpoint-interval", "0", "--workers", "4", "--cpus-per-worker", "0.5",
)  # fmt: skip
TIMEOUT_S = 300
Stream = int | IO[bytes]


@dataclass(frozen=True, slots=True)
class Search:
    """A search in a folder of its own, `folder/results/runs/NAME`.

    Attributes:
        url: of the database of its study; none for a journal.
        environment: of its processes; none for this one's.
        options: of the command that starts it.
    """

    folder: Path
    name: str
    url: str | None = None
    environment: Mapping[str, str] | None = None
    options: tuple[str, ...] = SEARCH

    @property
    def run_folder(self) -> RunFolder:
        return RunFolder(self.folder / "results", self.name)

    @property
    def begun(self) -> bool:
        return self.run_folder.settings.exists()

    def leaderboard(self) -> bytes:
        return self.run_folder.leaderboard_csv.read_bytes()

    def records(self) -> list[TrialRecord]:
        """Read the study, as another process may while it grows."""
        run = self.run_folder.load()
        resources = replace(run.settings.resources, storage=self.url)
        return read_records(replace(run, settings=run.settings.with_resources(resources)))

    def recorded(self) -> dict[int, dict]:
        """Read the outcomes that the study has, by trial."""
        if not self.begun or not (self.url or self.run_folder.journal.exists()):
            return {}
        return {r.proposal.number: r.outcome.to_json() for r in self.records() if r.outcome is not None}

    def outcomes_in_journal(self) -> int:
        """Count what was recorded so far, cheaply."""
        return _read(self.run_folder.journal).count(b'"outcome"')

    def trains(self, pid: int) -> bool:
        """Tell whether the driver has workers already."""
        return bool(workers_of(pid))

    def start(
        self,
        *extra: str,
        plan: dict | None = None,
        stdout: Stream = subprocess.DEVNULL,
        stderr: Stream = subprocess.PIPE,
    ) -> subprocess.Popen[str]:
        """Start the search, or go on with it; with a plan, its workers fail as it says."""
        arguments = ("resume", self.name) if self.begun else (*self.options, "--name", self.name)
        arguments += ("--storage", self.url) if self.url else ()
        program = [PACKTUNE] if plan is None else [sys.executable, FAULTY, json.dumps(plan)]
        return subprocess.Popen(
            [*program, *arguments, *extra],
            cwd=self.folder, stdout=stdout, stderr=stderr, text=True, start_new_session=True,
            env=self.environment,
        )  # fmt: skip

    def finish(self, *extra: str, plan: dict | None = None) -> None:
        """Run it to its end.

        Raises:
            AssertionError: it ended with an error.
        """
        process = self.start(*extra, plan=plan)
        _, talk = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, talk

    def check(self, undisturbed: bytes) -> None:
        """Hold it against the undisturbed one: the same bytes, no trial lost, none twice, none open.

        Raises:
            AssertionError: they differ.
        """
        assert self.leaderboard() == undisturbed, f"{self.run_folder.leaderboard_csv} differs"
        records = self.records()
        numbers = Counter(record.proposal.number for record in records)
        assert numbers == Counter(range(self.run_folder.load().settings.plan.trials)), numbers
        assert not [r for r in records if r.state in (TrialState.RUNNING, TrialState.WAITING)]


def undisturbed(folder: Path, options: tuple[str, ...] = SEARCH) -> bytes:
    """Give the leaderboard of the search that nothing disturbs."""
    search = Search(folder, "calm", options=options)
    if not search.begun:
        search.finish()
    return search.leaderboard()


def alive(pid: int) -> bool:
    """Tell whether a process runs, and is not only waiting for its parent to take note of its end."""
    return _read(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()[:1] not in ([], [b"Z"])


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a driver as the system does: without a word, and only it."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    if process.stderr:
        process.stderr.close()


def workers_of(pid: int) -> list[int]:
    """List the worker processes that Ray runs below a driver."""
    return [child for child in descendants(pid) if b"Trainable" in _read(Path(f"/proc/{child}/cmdline"))]


def is_agent(pid: int) -> bool:
    """Tell whether a process is one of Ray's agents: idle, and gone a minute after their node.

    They take their names some time after their start.
    """
    command = command_of(pid)
    return command.startswith(("ray::DashboardAgent", "ray::RuntimeEnvAgent")) or any(
        script in command for script in ("/dashboard/agent.py", "/runtime_env/agent/main.py")
    )


def command_of(pid: int) -> str:
    """Give the command line of a process, or nothing if there is none."""
    return _read(Path(f"/proc/{pid}/cmdline")).replace(b"\0", b" ").decode(errors="replace").strip()


def status_of(pid: int) -> str:
    """Give what the system says of a process in its `status` file, or nothing if there is none."""
    return _read(Path(f"/proc/{pid}/status")).decode(errors="replace")


def raylet_of(pid: int) -> int:
    """Find the raylet below a `ray start`."""
    return next(child for child in descendants(pid) if b"/raylet\0" in _read(Path(f"/proc/{child}/cmdline")))


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _read(stat).rpartition(b")")[2].split()
        if fields:
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        found += (below := children.get(todo.pop(), []))
        todo += below
    return found


def wait_until(condition, process: subprocess.Popen[str] | None = None, timeout_s: float = 120) -> bool:
    """Wait for a condition; false if the process ended before."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if condition():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(0.02)
    raise TimeoutError("what was waited for did not come")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
