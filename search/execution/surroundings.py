"""What a local Ray needs of the machine: looked after before it starts, so that it starts, or fails at once.

Knows nothing of Ray but its variables and what its processes need. All of it takes a few milliseconds.
"""

from __future__ import annotations

import functools
import os
import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packtune.errors import ClusterError
from packtune.execution.environment import NOT_FOR_RAY
from packtune.execution.temporary_folder import ASKED_OF_RAY, choose_folder
from packtune.limits import address_space_limit, free_threads, open_files_limit, usable_cpus

SHARED_MEMORY = Path("/dev/shm")
LEAST_ADDRESS_SPACE = 4 << 30
"""Bytes of virtual memory for a process, at least: PyTorch, Ray's threads, and the object store made small by this."""
LEAST_OPEN_FILES, OPEN_FILES_OF_WORKER = 48, 8
"""Files that Ray's node has open, at least, and more for each worker: 59 were counted with two."""
LEAST_THREADS, THREADS_OF_WORKER = 150, 25
"""Threads of Ray's processes and of this one, and of each worker: 169 were counted with one."""
LOOPBACK_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where and with what a local Ray starts.

    Attributes:
        folder: of its sockets and logs.
        object_store: the folder of its shared memory, where the usual one cannot be used; none for the usual one.
        variables: of the environment; none for those that Ray must not see.
    """

    folder: Path
    object_store: Path | None
    variables: Mapping[str, str | None]


def look_after(say: Callable[[str], None], variables: Mapping[str, str] = os.environ) -> Surroundings:
    """Check what a local Ray needs, and choose what it may have instead of what it lacks.

    Args:
        say: told what is chosen instead.

    Raises:
        ClusterError: Ray cannot start.
    """
    check_loopback()
    check_address_space()
    check_counts(workers=usable_cpus())
    folder, told = choose_folder(variables)
    if told:
        say(told)
    shared = folder if sys.platform == "linux" and not os.access(SHARED_MEMORY, os.W_OK | os.X_OK) else None
    if shared is not None:
        say(f"{SHARED_MEMORY} cannot be written, so the workers share the data through files in {folder}.")
    chosen = {ASKED_OF_RAY: str(folder), **token_variables(variables), **home_variables(folder)}
    return Surroundings(folder=folder, object_store=shared, variables={**NOT_FOR_RAY, **chosen})


def check_loopback() -> None:
    """Make sure that processes of this machine can connect to one another.

    Raises:
        ClusterError: they cannot.
    """
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=LOOPBACK_TIMEOUT_S).close()
    except OSError as error:
        raise ClusterError(
            f"cannot start Ray on this machine: its processes talk over 127.0.0.1, which cannot be reached "
            f"({error.strerror or error}): bring the loopback network up (`ip link set lo up`), or allow it in the "
            "sandbox or container"
        ) from error


def check_address_space() -> None:
    """Make sure that a process may have the virtual memory that Ray and PyTorch need.

    Raises:
        ClusterError: it may not.
    """
    limit = address_space_limit()
    if limit is not None and limit < LEAST_ADDRESS_SPACE:
        raise ClusterError(
            f"cannot start Ray on this machine: a process may have {limit / 2**30:.1f} GiB of virtual memory, and "
            f"needs {LEAST_ADDRESS_SPACE / 2**30:.0f}, most of which is never used: lift the limit with "
            "`ulimit -v unlimited`, and limit the memory of a container or a job instead"
        )


def check_counts(*, workers: int) -> None:
    """Make sure that a search may open as many files, and start as many threads, as Ray and its workers need.

    Raises:
        ClusterError: it may not. Ray's library would end this process without a word.
    """
    files, threads = open_files_limit(), free_threads()
    least_files = LEAST_OPEN_FILES + OPEN_FILES_OF_WORKER * workers
    least_threads = LEAST_THREADS + THREADS_OF_WORKER * workers
    if files is not None and files < least_files:
        raise ClusterError(
            f"cannot start Ray on this machine: a process may have {files} files open, and needs {least_files}: lift "
            "the limit with `ulimit -n 4096`, or have it lifted by whoever set it"
        )
    if threads is not None and threads < least_threads:
        raise ClusterError(
            f"cannot start Ray on this machine: this user may start {threads} more threads, and a search needs "
            f"{least_threads}: lift the limit with `ulimit -u 4096`, have it lifted by whoever set it, or end other "
            "programs of this user"
        )


def token_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Give Ray a token for its own processes, unless the user has one. Ray would write it to the home folder."""
    asked = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
    if any(variables.get(name) for name in asked) or _has_token(variables.get("HOME", "")):
        return {}
    return {"RAY_AUTH_TOKEN": _own_token()}


def home_variables(folder: Path) -> dict[str, str]:
    """Give Ray a home folder where this user has none: it looks for one as it is imported, and writes nothing there.

    Containers may run under a user id that the system has no entry for.
    """
    try:
        Path.home()
    except RuntimeError:
        return {"HOME": str(folder)}
    return {}


@functools.cache
def _own_token() -> str:
    return secrets.token_hex(32)


def _has_token(home: str) -> bool:
    try:
        return bool(home) and bool(Path(home, ".ray", "auth_token").read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return False
