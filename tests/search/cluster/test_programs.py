"""Programs of users on a cluster of two nodes that have neither this project nor what its driver needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BARE = {"PYTHONPATH": str(Path(__file__).parent / "bare")}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(nodes):
    """Give a cluster of two bare nodes."""
    nodes.start_head("--num-cpus=1", "--include-dashboard=false", **BARE)
    nodes.start_node("--num-cpus=1", **BARE)
    return nodes


@pytest.mark.parametrize(
    ("order", "path"), [("theirs-first", None), pytest.param("ours-first", ".", marks=pytest.mark.long)]
)
def test_workers_find_the_users_modules_and_ours(cluster, installed, user_folder, assert_found, order, path):
    environment = cluster.environment | ({} if path is None else {"PYTHONPATH": path})
    command = [installed.bin / "python", "program.py", order, "run", "--trials", "2", "--epochs", "1"]
    done = subprocess.run(
        [*command, "--address", cluster.address],
        cwd=user_folder, env=environment, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert_found(user_folder, "driver", ours=installed.packages)
    assert_found(user_folder, "worker", ours="/py_modules_files/")


LOCAL_THEN_CLUSTER = """
import sys

import packtune

SMALL = {"hidden_units": [8, 16], "learning_rate": [0.1, 0.3]}
for address in ("local", sys.argv[1], "local"):
    result = packtune.search("digits", space=SMALL, epochs=1, lookahead=4, address=address)
    print(result.open_trials, hash(result.leaderboard["validation_accuracy"].to_csv()))
"""


@pytest.mark.long
def test_a_program_searches_here_then_on_a_cluster_then_here_again(cluster, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOCAL_THEN_CLUSTER, cluster.address],
        cwd=tmp_path, env=cluster.environment, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    here, there, again = done.stdout.splitlines()
    assert here.startswith("0 ")
    assert here == there == again
