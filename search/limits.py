"""What this process may use of the machine. A container or a scheduler often allows less than there is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
PROCESSES = Path("/proc")
UNLIMITED = 1 << 21 | 1 << 24
"""The capabilities that lift `ulimit -u`: CAP_SYS_ADMIN and CAP_SYS_RESOURCE, see capabilities(7)."""


def usable_cpus(control_groups: Path = CONTROL_GROUPS, membership: Path = MEMBERSHIP) -> int:
    """Count the processors that this process may use: 1 or more.

    They are the processors that it may run on, or fewer where a control group has a quota of processor time. A quota of
    2.5 processors counts as 2, so that no worker waits for its share.

    Args:
        control_groups: where the system shows its control groups, of version 1 or 2.
        membership: the file that names those of this process.
    """
    quotas = map(_cpu_quota, _groups("cpu", control_groups, membership))
    return max(1, int(min([float(count_processors()), *(quota for quota in quotas if quota is not None)])))


def count_processors() -> int:
    """Count the processors that this process may run on, whatever its share of their time."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_limit(control_groups: Path = CONTROL_GROUPS, membership: Path = MEMBERSHIP) -> int | None:
    """Give the bytes that this process and those beside it may use; none if nothing limits them.

    The limits are those of its control groups, and of its own address space (`ulimit -v`).

    Args:
        control_groups, membership: see `usable_cpus`.
    """
    limits = [*map(_group_memory, _groups("memory", control_groups, membership)), address_space_limit()]
    return min((limit for limit in limits if limit is not None), default=None)


def address_space_limit() -> int | None:
    """Give the bytes of virtual memory that a process may have (`ulimit -v`); none for no limit."""
    return _limits("RLIMIT_AS")[0]


def open_files_limit() -> int | None:
    """Give how many files a process may have open (`ulimit -Hn`); none for no limit. It may raise its own to that."""
    return _limits("RLIMIT_NOFILE")[1]


def free_threads(processes: Path = PROCESSES) -> int | None:
    """Give how many threads this user may still start (`ulimit -u`); none for no limit, as for root.

    Each process counts as one or more. See RLIMIT_NPROC in getrlimit(2).

    Args:
        processes: where the system shows its processes.
    """
    limit, own = _limits("RLIMIT_NPROC")[0], _status(processes / "self")
    is_free = own.get("Uid") == "0" or int(own.get("CapEff", "0"), 16) & UNLIMITED
    if limit is None or not own or is_free:
        return None
    others = (_status(path) for path in processes.glob("[0-9]*"))
    return max(0, limit - sum(int(each["Threads"]) for each in others if each.get("Uid") == own["Uid"]))


def _status(process: Path) -> dict[str, str]:
    """Read what the system says of a process: of several words, the first. Nothing if it has ended."""
    lines = [line.split() for line in _lines(process / "status")]
    return {words[0].rstrip(":"): words[1] for words in lines if len(words) > 1}


def _limits(name: str) -> tuple[int | None, int | None]:
    """Give a soft and a hard limit of this process; none for no limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None, None
    soft, hard = (
        None if limit == resource.RLIM_INFINITY else limit for limit in resource.getrlimit(getattr(resource, name))
    )
    return soft, hard


def _groups(controller: str, control_groups: Path, membership: Path) -> Iterator[Path]:
    """List the folders of the control groups that hold this process: its own, and those around it.

    Inside a container, the name of its own group may be that of the host, which is not to be seen there; the outermost
    folder is the container's then. See cgroups(7).
    """
    for line in _lines(membership):
        _, controllers, name = line.split(":", 2)
        for mount in _mounts(controller, controllers, control_groups):
            inner = Path(*(part for part in Path(name).parts if part not in ("/", "..")))
            yield from (mount / each for each in (inner, *inner.parents))


def _mounts(controller: str, controllers: str, control_groups: Path) -> Iterable[Path]:
    if not controllers:  # version 2, alone or beside version 1
        return control_groups, control_groups / "unified"
    return (control_groups / controllers, control_groups / controller) if controller in controllers.split(",") else ()


def _cpu_quota(group: Path) -> float | None:
    """Read the processors' worth of time that a group may use; none for no limit, which is written as max or -1."""
    words = " ".join(_lines(group / "cpu.max")).split()
    if not words:
        words = [*_lines(group / "cpu.cfs_quota_us"), *_lines(group / "cpu.cfs_period_us")]
    if len(words) != 2 or not all(word.isdecimal() for word in words) or int(words[1]) == 0:
        return None
    return int(words[0]) / int(words[1])


def _group_memory(group: Path) -> int | None:
    """Read the bytes that a group may use; none for no limit, which version 1 writes as nearly 2**63."""
    words = [*_lines(group / "memory.max"), *_lines(group / "memory.limit_in_bytes")]
    numbers = [int(word) for word in words if word.isdecimal()]
    return min((number for number in numbers if number < 2**60), default=None)


def _lines(path: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return path.read_text().splitlines()
    return []
