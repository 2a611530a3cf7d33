"""Real searches to be disturbed: started, killed, resumed, and compared with one that nothing disturbed."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from packtune.run.confirming import Confirmation, confirmation_of, open_confirmation
from packtune.run.ending import read_ending, read_outcomes
from packtune.run.folder import Run, RunFolder
from packtune.run.records import read_records
from packtune.signals import SIGNALS
from packtune.study.storage import open_storage
from packtune.trial import TrialRecord, TrialState

PACKTUNE = str(Path(sys.executable).parent / "packtune")
FAULTY = str(Path(__file__).parent / "faulty.py")
# A learning sampler, halving, several shapes: whatever timing could change, it would change here.
SEARCH = (
    "run", "--space", "sgd", "--sampler", "tpe", "--trials", "16", "--epochs", "3", "--pack-size", "2", "--seed", "3",
    "--checkpoint-interval", "0", "--replicates", "2",
)  # fmt: skip
# Packs that are trained in parts, since there are more workers than packs.
IN_PARTS = (
    "run", "--space", str(Path(__file__).parent / "list.toml"), "--sampler", "grid", "--no-halving", "--epochs", "3",
    "--seed", "3", "--checkpoint-interval", "0", "--workers", "4", "--cpus-per-worker", "0.5",
)  # fmt: skip
TIMEOUT_S = 600
_CALM: dict[tuple[str, ...], Path] = {}
"""Where undisturbed searches are kept, by their options."""
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

    def load(self) -> Run:
        """Read its settings."""
        run = self.run_folder.load()
        resources = replace(run.settings.resources, storage=self.url)
        return replace(run, settings=run.settings.with_resources(resources))

    def records(self) -> list[TrialRecord]:
        """Read the trials, as another process may while they grow."""
        return read_records(self.load())

    @property
    def confirmation(self) -> Confirmation | None:
        """How it is confirmed, by its trials so far; none if it is not."""
        return confirmation_of(self.load(), self.records())

    def trainings(self) -> list[TrialRecord]:
        """Read the trainings of the finalists, once all trials are done."""
        assert self.confirmation is not None
        run = self.load()
        with open_storage(run.folder.journal, self.url, read_only=True) as storage:
            return open_confirmation(run, self.confirmation, storage, read_only=True).records()

    def recorded(self) -> dict[str, dict]:
        """Read the outcomes so far, of the trials and of the trainings of finalists, by name: "trial 3"."""
        if not self.begun or not (self.url or self.run_folder.journal.exists()):
            return {}
        trials, trainings = read_outcomes(self.load())
        found = {f"trial {r.proposal.number}": r.outcome.to_json() for r in trials if r.outcome is not None}
        return found | {f"training {n}": outcome.to_json() for n, outcome in (trainings or {}).items()}

    def outcomes(self) -> int:
        """Count what was recorded so far, of all stages; cheaply if it is in a journal."""
        return len(self.recorded()) if self.url else _read(self.run_folder.journal).count(b'"outcome"')

    def is_finished(self) -> bool:
        """Tell whether nothing is left to be trained."""
        return not read_ending(self.load()).is_open

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
            env=self.environment, preexec_fn=listen_to_signals,
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
        """Hold it against the undisturbed one: the same bytes, no trial or training lost, none twice, none open.

        Raises:
            AssertionError: they differ.
        """
        assert self.leaderboard() == undisturbed, f"{self.run_folder.leaderboard_csv} differs"
        _check_all_there(self.records(), self.load().settings.plan.trials)
        if self.confirmation is not None:
            _check_all_there(self.trainings(), self.confirmation.layout.report.end)


def undisturbed(folder: Path, options: tuple[str, ...] = SEARCH) -> bytes:
    """Give the leaderboard of the search that nothing disturbs, which lies in the folder as the run `calm`.

    It is searched once for all faults of a suite.
    """
    search = Search(folder, "calm", options=options)
    if not search.begun:
        if options not in _CALM:
            search.finish()
            _CALM[options] = Path(tempfile.mkdtemp(prefix="packtune-calm-"), "calm")
            atexit.register(shutil.rmtree, _CALM[options].parent, ignore_errors=True)
            shutil.copytree(search.run_folder.path, _CALM[options])
        else:
            shutil.copytree(_CALM[options], search.run_folder.path)
    return search.leaderboard()


def listen_to_signals() -> None:
    """Ignore no signal that this process ignores: `nohup`, and shells in the background, have some ignored."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def _check_all_there(records: Sequence[TrialRecord], number: int) -> None:
    """Make sure that no trial of a stage is lost, none twice, and none open."""
    numbers = Counter(record.proposal.number for record in records)
    assert numbers == Counter(range(number)), numbers
    assert not [r for r in records if r.state in (TrialState.RUNNING, TrialState.WAITING)]


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


def wait_until(
    condition, process: subprocess.Popen[str] | None = None, timeout_s: float = 120, pause_s: float = 0.02
) -> bool:
    """Wait for a condition; false if the process ended before."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if condition():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(pause_s)
    raise TimeoutError("what was waited for did not come")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
