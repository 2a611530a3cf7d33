"""Where Ray keeps its sockets and logs: the folder that the environment names, or one in which Ray can start."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from packtune.errors import ClusterError

ASKED_OF_RAY = "RAY_TMPDIR"
ASKED_OF_ALL = "TMPDIR"
USUAL = Path("/tmp")
RAY = "ray"
LONGEST_SOCKET = 107 if sys.platform == "linux" else 103
"""Bytes of the path of a socket, at most."""
INSIDE = "/ray/session_2026-01-01_00-00-00_000000_{pid}/sockets/plasma_store"
"""The longest path of a socket of Ray inside its folder."""
ROOM_BYTES = 1 << 20
"""What is written as a trial. The logs of one search take about as much."""


def choose_folder(variables: Mapping[str, str], usual: Path = USUAL) -> tuple[Path, str]:
    """Choose the folder for Ray's files.

    Args:
        variables: the environment. A relative path in it is one from the working directory.
        usual: what is taken where the environment names none.

    Returns:
        The folder, an absolute path; and a line for the user if it is not the one that TMPDIR names.

    Raises:
        ClusterError: Ray cannot start in the folder that RAY_TMPDIR names, or in any other.
    """
    name = next((name for name in (ASKED_OF_RAY, ASKED_OF_ALL) if variables.get(name)), "")
    asked = Path(os.path.abspath(variables[name])) if name else usual
    reason = why_not(asked)
    if not reason:
        return asked, ""
    advice = f"set {ASKED_OF_RAY} to a folder that can be written, with a short name in ASCII, such as /var/tmp"
    told = f"Ray cannot keep its files in {f'{name} = ' if name else ''}{asked}: {reason}"
    if name == ASKED_OF_RAY:
        raise ClusterError(f"{told}: {advice}")
    for other in (usual, usual / f"packtune-{_user()}"):
        if other != asked and not why_not(other):
            return other, f"{told}. They are in {other} instead; {ASKED_OF_RAY} chooses another folder."
    raise ClusterError(f"{told}, and not in {usual}: {advice}")


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a temporary folder, beside Ray's files if a folder was chosen for these."""
    beside = os.environ.get(ASKED_OF_RAY)
    return tempfile.TemporaryDirectory(
        prefix="packtune-", dir=beside if beside and os.path.isdir(beside) else None, ignore_cleanup_errors=True
    )


def why_not(folder: Path) -> str:
    """Say why Ray cannot start with its files in a folder, by trying; nothing if it can.

    The folder is made if it is not there, as Ray does.
    """
    name = str(folder)
    if not name.isascii():
        return "the name is not all ASCII"
    longest = LONGEST_SOCKET - len(INSIDE.format(pid=os.getpid()))
    if len(name) > longest:
        return f"the name has more than {longest} characters, so that the paths of sockets in it would be too long"
    try:
        _make(folder)
        _try_out(folder / RAY if (folder / RAY).exists() else folder)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _make(folder: Path) -> None:
    """Make a folder for this user alone. One that another user has made is refused if it lies where all may write."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.name == f"packtune-{_user()}" and (folder.is_symlink() or folder.stat().st_uid != _user()):
        raise PermissionError(0, "it belongs to another user")


def _try_out(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="try-", dir=folder) as trial, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{trial}/s")
        Path(trial, "file").write_bytes(bytes(ROOM_BYTES))


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
