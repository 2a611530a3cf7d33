"""Machines that lack something, and a Ray that does not start: a search or an error in words, and no run is left."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from losses import NotHere, fails_with
from searches import (
    PACKTUNE,
    SEARCH,
    Search,
    alive,
    command_of,
    descendants,
    listen_to_signals,
    undisturbed,
    wait_until,
)

MOST_S = 60.0
"""The longest time until an error."""
UNKNOWN_USER = (
    *("setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"),
    *("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"),
)


def in_shell(scene: str) -> tuple[str, ...]:
    return ("bash", "-c", f'{scene} && exec "$@"', "bash")


@dataclass(frozen=True, slots=True)
class Scene:
    """A machine that lacks something.

    Attributes:
        before: the command that makes it so, and runs another.
        variables: of the environment; none for those that are missing.
        words: of the error; none if the search works.
    """

    before: tuple[str, ...] = ()
    variables: Mapping[str, str | None] = field(default_factory=dict)
    words: tuple[str, ...] | None = None


SCENES = {
    "no loopback": Scene(("unshare", "--net"), words=("127.0.0.1", "ip link set lo up")),
    "2 GB of virtual memory": Scene(in_shell("ulimit -v 2000000"), words=("virtual memory", "ulimit -v unlimited")),
    "8 GB of virtual memory": Scene(in_shell("ulimit -v 8000000")),
    "48 open files": Scene(in_shell("ulimit -n 48"), words=("48 files open", "ulimit -n 4096")),
    "64 open files a core": Scene(in_shell(f"ulimit -n {64 * (os.cpu_count() or 1)}")),
    "100 processes and threads": Scene(
        (*UNKNOWN_USER, *in_shell("ulimit -u 100")), words=("more threads", "ulimit -u 4096")
    ),
    "/dev/shm read-only": Scene(
        ("unshare", "--mount", *in_shell("mount -t tmpfs -o ro none /dev/shm")),
    ),
    "no HOME": Scene(variables={"HOME": None}),
    "HOME that cannot be written": Scene(variables={"HOME": "/proc/nowhere"}),
    "a user without a name or a home": Scene(UNKNOWN_USER, {"HOME": None}),
    "TMPDIR relative": Scene(variables={"TMPDIR": "t"}),
    "TMPDIR too long": Scene(variables={"TMPDIR": f"/tmp/{'long' * 25}"}),
    "TMPDIR not ASCII": Scene(variables={"TMPDIR": "/tmp/tämp"}),
    "TMPDIR full": Scene(
        in_shell("mount -t tmpfs -o size=64k none /mnt; head -c 65536 /dev/zero > /mnt/x; true"), {"TMPDIR": "/mnt"}
    ),
    "RAY_TMPDIR too long": Scene(variables={"RAY_TMPDIR": f"/tmp/{'long' * 25}"}, words=("RAY_TMPDIR", "more than")),
    "PYTHONWARNINGS=error": Scene(variables={"PYTHONWARNINGS": "error"}),
}


def poor_machines(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    slowest_s = 0.0
    left_out = []
    for n, (name, scene) in enumerate(list(SCENES.items())[:tries]):
        search = Search(folder / f"machine-{n}", "poor")
        before = _as_its_own(scene)
        if subprocess.run([*before, "true"], capture_output=True, check=False).returncode:
            left_out.append(name)
            continue
        search.folder.mkdir(mode=0o777)
        search.folder.chmod(0o777)
        started_s = time.monotonic()
        process = _start(search, before, scene.variables)
        if scene.words is None:
            _, talk = process.communicate(timeout=300)
            assert process.returncode == 0, (name, talk)
            search.check(calm)
        else:
            fails_with(process, "Error: ", *scene.words)
            slowest_s = max(slowest_s, time.monotonic() - started_s)
            assert slowest_s < MOST_S, (name, slowest_s)
            assert not search.run_folder.path.exists(), name
    return f"errors after {slowest_s:.0f} s at most; not to be made here: {', '.join(left_out) or 'none'}"


def broken_starts(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    for n in range(tries):
        search = Search(folder, f"start-{n}")
        process = search.start()
        victim = _process_of_ray(process, ("/gcs_server", "/raylet")[n % 2])
        if n % 6 < 2:
            os.kill(victim, signal.SIGKILL)
            fails_with(process, "cannot start Ray on this machine", "was killed by signal 9")
        else:
            os.kill(victim, signal.SIGSTOP)
            for _ in range(2 if n % 6 < 4 else 1):
                time.sleep(draws.uniform(0.2, 2))
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT)
            _, talk = process.communicate(timeout=MOST_S)
            assert process.returncode == 130, talk
        assert not alive(victim)
        assert not search.run_folder.path.exists()
        search.finish()
        search.check(calm)
    return (
        "its control service and its node, killed, or stopped and then Ctrl-C, twice and once; the name was free again"
    )


def _as_its_own(scene: Scene) -> tuple[str, ...]:
    """Give a scene that mounts something mounts of its own."""
    if not scene.before or shutil.which(scene.before[0]) is None:
        return scene.before
    mounts = any("mount " in word for word in scene.before) and scene.before[0] != "unshare"
    return (*(("unshare", "--mount") if mounts else ()), *scene.before)


def _start(search: Search, before: tuple[str, ...], variables: Mapping[str, str | None]) -> subprocess.Popen[str]:
    changed = {name: value for name, value in variables.items() if value is not None}
    return subprocess.Popen(
        [*before, PACKTUNE, *SEARCH, "--name", search.name],
        cwd=search.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=listen_to_signals,
        env={name: value for name, value in os.environ.items() if name not in variables} | changed,
    )  # fmt: skip


def _process_of_ray(driver: subprocess.Popen[str], program: str) -> int:
    found: list[int] = []

    def look() -> bool:
        found[:] = [pid for pid in descendants(driver.pid) if command_of(pid).partition(" ")[0].endswith(program)]
        return bool(found)

    if not wait_until(look, driver):
        raise NotHere(f"{program} was not seen")
    return found[0]
