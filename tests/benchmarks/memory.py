"""Row 11: the peak memory of a worker at K = 32, hidden 128, against one plain PyTorch trial in a process.

Both are looked at from outside, in /proc of Linux: the peak of all memory that is mapped in (VmHWM), that shared with
other processes included, and the part of it that lies in Ray's object store, which holds the data set.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from search_speed import HERE, data_arguments, folder_arguments, packtune
from table import Held, Options, Row, judge

from packtune.machine import describe_machine

SPACE = """
architecture = "mlp"
batch_size = 32
hidden_units = 128
learning_rate = { low = 0.001, high = 0.1, log = true }
momentum = { low = 0.0, high = 0.9 }
"""
MEMBERS = 32
POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What was seen of one process, in MB.

    Attributes:
        peak: VmHWM.
        shared: the most of it that lay in shared memory at once (RssShmem).
    """

    peak: float
    shared: float


def rows(options: Options) -> list[Row]:
    """Measure the row, where there is a /proc."""
    if not Path("/proc/self/status").exists():
        return [_row((), options, context="", remark="the system has no /proc")]
    repeats = 1 if options.quick else 3
    ours = [worker_memory(options) for _ in range(repeats)]
    plain = [plain_memory(options) for _ in range(repeats)]
    ratios = tuple(a.peak / b.peak for a, b in zip(ours, plain, strict=True))
    worker, alone = (max(side, key=lambda memory: memory.peak) for side in (ours, plain))
    context = (
        f"{worker.peak:.0f} MB, {worker.shared:.0f} of them in Ray's shared object store, against {alone.peak:.0f} MB"
    )
    remark = "peak of all that is mapped into the process; the data set lies in the object store, once a node"
    return [_row(ratios, options, context=context, remark=remark)]


def _row(values: tuple[float, ...], options: Options, *, context: str, remark: str) -> Row:
    return Row(
        number=11,
        what=f"peak memory of a worker at K = {MEMBERS}, hidden 128, {options.data}",
        against="one plain PyTorch trial in a process",
        reach="<= 1.5x",
        values=values,
        unit="x",
        held=judge(values, at_most=1.5) if values else Held.NOT_RUN,
        context=context,
        remark=remark,
        machine=describe_machine(),
    )


def worker_memory(options: Options) -> Memory:
    """Search with one worker and one pack, and watch the process that trains it."""
    how = ["--space", "space.toml", "--sampler", "random", "--no-halving", "--workers", "1", "--epochs", "2"]
    size = ["--trials", str(MEMBERS), "--pack-size", str(MEMBERS)]
    return watch(
        packtune("run", *data_arguments(options), *how, *size), lambda title: title.startswith("ray::ResourceTrainable")
    )


def plain_memory(options: Options) -> Memory:
    """Train the first configuration of hidden 128 by plain PyTorch, and watch."""
    command = [sys.executable, str(HERE / "plain_grid.py"), *folder_arguments(options)]
    return watch([*command, "--epochs", "2", "--threads", "1", "--only", "5"], lambda title: "plain_grid" in title)


def watch(command: list[str], wanted: Callable[[str], bool]) -> Memory:
    """Run a command, and give the peaks of the process of it that has the wanted title."""
    peak = shared = 0.0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "space.toml").write_text(SPACE, encoding="utf-8")
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            for pid in descendants(process.pid):
                status = status_of(pid) if wanted(title_of(pid)) else {}
                peak = max(peak, status.get("VmHWM", 0.0))
                shared = max(shared, status.get("RssShmem", 0.0))
            time.sleep(POLL_S)
    if process.returncode != 0 or not peak:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}, its process was seen at {peak} MB")
    return Memory(peak=peak, shared=shared)


def descendants(root: int) -> set[int]:
    """List a process and all that it started, directly or not."""
    parents = {pid: parent for pid, parent in map(_parent_of, _pids()) if parent is not None}
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def _parent_of(pid: int) -> tuple[int, int | None]:
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return pid, int(fields[1]) if fields else None


def title_of(pid: int) -> str:
    """Give the command line of a process, or what it calls itself."""
    return _read(pid, "cmdline").replace("\0", " ")


def status_of(pid: int) -> dict[str, float]:
    """Give the sizes that /proc/PID/status lists, in MB."""
    rows = [line.split() for line in _read(pid, "status").splitlines() if line.endswith(" kB")]
    return {name.rstrip(":"): int(kilobytes) / 1024 for name, kilobytes, _ in rows}


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended
        return ""
