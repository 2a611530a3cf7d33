"""A search sent to a Ray cluster as a job, as the manifest for Kubernetes does it; all on loopback."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

READY_S = 120
RAYJOB = Path(__file__).parents[3] / "search/execution/templates/rayjob.yaml"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("aiohttp_cors") is None, reason="Ray's job server is not installed: ray[default]"
    ),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def submit(command, environment):
    """Submit a job; a node that has just started answers before it can take one, by a minute on a busy machine."""
    last_try_s = time.monotonic() + READY_S
    while True:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150)
        if "No available agent" not in done.stderr or time.monotonic() > last_try_s:
            return done
        time.sleep(1)


def test_the_manifests_entrypoint_runs_as_a_job(lone_node, search, leaderboard, tmp_path):
    port = free_port()
    # The agent takes the job. On Ray's own port for it, it would not start beside the node of another test.
    lone_node.start_head(
        "--num-cpus=2", "--include-dashboard=true", "--dashboard-host=127.0.0.1", f"--dashboard-port={port}",
        f"--dashboard-agent-listen-port={free_port()}",
    )  # fmt: skip
    # A working directory may have a folder named as one of our packages, and a job may bring modules of its own.
    (tmp_path / "here/data").mkdir(parents=True)
    (tmp_path / "here/data/notes.txt").touch()
    (tmp_path / "brought").mkdir()
    (tmp_path / "brought/__init__.py").touch()
    entrypoint = next(yaml.safe_load_all(RAYJOB.read_text()))["spec"]["entrypoint"].split()
    modules = json.dumps({"py_modules": [str(tmp_path / "brought")]})
    command = [
        Path(sys.executable).parent / "ray", "job", "submit", "--address", f"http://127.0.0.1:{port}",
        "--working-dir", str(tmp_path / "here"), "--runtime-env-json", modules, "--",
        *entrypoint, *search, "--name", "same", "--results", str(tmp_path / "results"),
    ]  # fmt: skip
    done = submit(command, lone_node.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10/10 trials" in done.stdout
    assert f'address = "{lone_node.address}"' in (tmp_path / "results/runs/same/settings.toml").read_text()
    assert (tmp_path / "results/runs/same/leaderboard.csv").read_bytes() == leaderboard
