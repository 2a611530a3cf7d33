"""A search on an existing Ray cluster of two nodes, started with `ray start` on loopback."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, deadline_s: float) -> None:
    while time.monotonic() < deadline_s:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(port)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    # A cluster's nodes and its clients share one secret.
    environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
    port, folder = free_port(), tmp_path_factory.mktemp("cluster")
    node = [str(BIN / "ray"), "start", "--block", "--node-ip-address=127.0.0.1", "--num-cpus=1"]
    head = ["--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir=/tmp/pt{port}"]
    started = []
    for arguments in (head, [f"--address=127.0.0.1:{port}"]):
        with (folder / f"node{len(started)}.log").open("w") as log:
            started.append(subprocess.Popen([*node, *arguments], env=environment, stdout=log, stderr=log))
        wait_for(port, time.monotonic() + 60)
    yield f"127.0.0.1:{port}", environment
    for process in reversed(started):
        process.terminate()
        process.wait(timeout=60)


def test_a_search_on_a_cluster(cluster, tmp_path):
    address, environment = cluster
    done = subprocess.run(
        [str(BIN / "packtune"), "run", "--space", "mini-grid", "--epochs", "1", "--address", address, "--name", "far"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(tmp_path / "results/runs/far/leaderboard.csv")) == 10
