"""Ray nodes on this machine: each a `ray start --block` of its own, stopped by its process id."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from packtune.data.sets import digits
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.settings import Resources
from packtune.space.source import find_space

BIN = Path(sys.executable).parent
START_TIMEOUT_S = 180


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RayNodes:
    """The nodes of one cluster, the head first, which share a secret with their clients.

    Ray's processes listen on loopback only if the cluster is `alone`: of one node. Others cannot join it then.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(16),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0" if alone else "1",
            "RAY_health_check_period_ms": "300",  # by default a lost node is missed after a quarter of a minute
            "RAY_raylet_start_wait_time_s": "150",  # beside much other work
        }
        self._nodes: list[subprocess.Popen[bytes]] = []
        self._temporary = tempfile.TemporaryDirectory(prefix="packtune-", ignore_cleanup_errors=True)

    def start_head(self, *options: str, **environment: str) -> None:
        port = self.address.rpartition(":")[2]
        self._start("--head", "--port", port, "--temp-dir", self._temporary.name, *options, **environment)

    def start_node(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        return self._start("--address", self.address, *options, **environment)

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """Kill all processes of a node at once, as when a machine is switched off."""
        self._nodes.remove(node)
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.killpg(node.pid, signal.SIGKILL)
        node.wait()

    def stop(self) -> None:
        while self._nodes:
            self.kill(self._nodes[-1])
        self._temporary.cleanup()

    def packtune(self, *arguments: str) -> list[str]:
        return [str(BIN / "packtune"), *arguments, "--address", self.address]

    def _start(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        log = Path(self._temporary.name, f"node{secrets.token_hex(4)}.log")
        with log.open("wb") as output:
            node = subprocess.Popen(
                [BIN / "ray", "start", "--block", "--node-ip-address=127.0.0.1", "--disable-usage-stats", *options],
                env=self.environment | environment, start_new_session=True, stdout=output, stderr=output,
            )  # fmt: skip
        self._nodes.append(node)
        wait_until(lambda: b"Ray runtime started" in log.read_bytes(), node, log)
        return node


def wait_until(condition, process, log=None, timeout_s=START_TIMEOUT_S):
    """Wait for what a process is to bring about.

    Raises:
        RuntimeError: it ended, or took too long; with what the log says.
    """
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise RuntimeError(f"what was waited for did not come: {log.read_text() if log else ''}")
        time.sleep(0.05)


@pytest.fixture(scope="module")
def nodes():
    """Give a cluster to be started, which is stopped at the end."""
    cluster = RayNodes()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def lone_node():
    """Give a cluster of one node to be started, on loopback only, which is stopped at the end."""
    cluster = RayNodes(alone=True)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def waiting():
    """Give the function that waits."""
    return wait_until


# A learning sampler and several shapes: what depended on the nodes would change here.
SEARCH = (
    "--space", "sgd", "--trials", "10", "--epochs", "1", "--pack-size", "2", "--seed", "4", "--lookahead", "4",
)  # fmt: skip


@pytest.fixture(scope="session")
def search():
    """Give the options of a small search, for a run on whatever cluster."""
    return SEARCH


@pytest.fixture(scope="session")
def leaderboard(tmp_path_factory, carry_out_alone):
    """Give the leaderboard of that search, one pack after another and without Ray."""
    source = find_space("sgd")
    plan = plan_search("digits", source, PlanOptions(trials=10, epochs=1, pack_size=2, seed=4, lookahead=4))
    run = create_run(plan, Resources(), source, results=tmp_path_factory.mktemp("alone"), name="same")
    with _as_a_worker():
        carry_out_alone(run, digits.load())
    return run.folder.leaderboard_csv.read_bytes()


@contextmanager
def _as_a_worker():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)
