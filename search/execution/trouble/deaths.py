"""Why a worker died, and whether the machine was to blame. Knows the words that Ray has for it, but not Ray."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_MEMORY = re.compile(r"was ([\d.]+)GB used / ([\d.]+)GB limit")
# What Ray says where the machine was to blame, in the order in which it counts.
_OF_MACHINE = {
    "running low on memory": "memory ran low on its node",
    "node has died": "its node is gone",
    "not schedulable": "no node can take it",
    "disk's utilization is over capacity": "the disk of its node is full",
    "object store is full": "the object store of its node is full",
    "No space left on device": "the disk of its node is full",
    "untime environment": "its node cannot set up the environment of a worker",
    "untime env failed": "its node cannot set up the environment of a worker",
}
_VMSTAT = Path("/proc/vmstat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How a worker died.

    Attributes:
        cause: in a few words.
        of_machine: whether the machine was to blame, and not the pack.
    """

    cause: str
    of_machine: bool = False


def read_death(text: str, was_memory_full: Callable[[], bool] = lambda: False) -> Death:
    """Put in a few words what Ray says about a worker that died.

    Args:
        was_memory_full: asked where Ray does not know the cause: tells whether the system may have killed the worker.
    """
    for words, cause in _OF_MACHINE.items():
        if words in text:
            return Death(cause=cause + _memory_used(text), of_machine=True)
    if "Worker unexpectedly exits" in text:
        if was_memory_full():
            return Death(cause="the system killed it, since memory had run out", of_machine=True)
        return Death(cause="it was killed, ran out of memory, or crashed")
    if found := re.search(r"Worker exit detail: (.*?)\.(?:\s|$)", text):
        return Death(cause=found.group(1))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return Death(cause=lines[-1] if lines else "")


def _memory_used(text: str) -> str:
    found = _MEMORY.search(text)
    return f" ({found.group(1)} of {found.group(2)} GB were in use)" if found else ""


class MemoryKills:
    """Notices that the system has killed processes of this machine because memory had run out, where it is Linux."""

    def __init__(self, vmstat: Path = _VMSTAT) -> None:
        self._vmstat = vmstat
        self._seen = self._count()

    def are_new(self) -> bool:
        """Tell whether there was one since this was last asked."""
        before, self._seen = self._seen, self._count()
        return self._seen > before

    def _count(self) -> int:
        try:
            text = self._vmstat.read_text(encoding="utf-8")
        except OSError:
            return 0
        found = re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)
        return int(found.group(1)) if found else 0
