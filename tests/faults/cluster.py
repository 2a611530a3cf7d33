"""A Ray cluster of several nodes on this machine: each a `ray start` of its own, on loopback."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from postgres import free_port
from searches import raylet_of, workers_of

RAY = str(Path(sys.executable).parent / "ray")
START_TIMEOUT_S = 90
START_TRIES = 4


class Cluster:
    """Lifecycle: enter, `add_node` and `kill_node` any number of times, exit.

    Attributes:
        nodes: their `ray start --block` processes, the head first.
        environment: what a driver needs to get in.
    """

    def __init__(self) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.environment = {
            **os.environ,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(16),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",  # several nodes on one machine
        }
        self.nodes: list[subprocess.Popen[bytes]] = []
        self._temporary = tempfile.TemporaryDirectory(prefix="packtune-ray-", ignore_cleanup_errors=True)

    def __enter__(self) -> Self:
        port = self.address.rpartition(":")[2]
        try:
            self._start("--head", "--port", port, "--include-dashboard=false", "--temp-dir", self._temporary.name)
            self.add_node()
            self.add_node()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        while self.nodes:
            self.kill_node(len(self.nodes) - 1)
        self._temporary.cleanup()

    def add_node(self) -> None:
        self._start("--address", self.address)

    def workers(self) -> list[int]:
        """List the worker processes of all nodes."""
        return [worker for node in self.nodes for worker in workers_of(node.pid)]

    def kill_node(self, place: int, *, raylet_only: bool = False) -> None:
        """Kill all processes of a node at once, as when a machine is switched off; or its raylet, which ends it."""
        process = self.nodes.pop(place)
        if raylet_only:
            os.kill(raylet_of(process.pid), signal.SIGKILL)
            process.wait(timeout=START_TIMEOUT_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _start(self, *arguments: str) -> None:
        """Start a node; again if it fails, as Ray gives its agents 15 s, which may be short beside much other work."""
        for tries_left in reversed(range(START_TRIES)):
            self.nodes.append(self._begin(*arguments))
            if said := self._why_not_started(self.nodes[-1]):
                self.kill_node(len(self.nodes) - 1)
                if not tries_left:
                    raise RuntimeError(f"a node did not start: {said}")
            else:
                return

    def _begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [RAY, "start", "--block", "--node-ip-address", "127.0.0.1", "--num-cpus", "1", "--disable-usage-stats",
             *arguments],
            env=self.environment, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    @staticmethod
    def _why_not_started(process: subprocess.Popen[bytes]) -> str:
        """Wait until a node has started, and give nothing; or what it said if it does not start."""
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        said, deadline_s = b"", time.monotonic() + START_TIMEOUT_S
        while b"Ray runtime started" not in said:
            said += process.stdout.read() or b""
            if time.monotonic() > deadline_s or process.poll() is not None:
                return said.decode() or "nothing was said"
            time.sleep(0.05)
        return ""
