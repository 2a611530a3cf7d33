"""A search on a cluster whose nodes come and go, and have neither this project nor what its driver needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BARE = {"PYTHONPATH": str(HERE / "bare")}
NO_ROOM = "No node of the cluster can hold a worker (2 CPUs and 0 GPUs): waiting for one to join."

pytestmark = pytest.mark.slow


def test_nodes_that_join_are_used_and_nodes_that_leave_are_survived(nodes, search, leaderboard, waiting, tmp_path):
    records, log = tmp_path / "records", tmp_path / "stderr"
    records.mkdir()

    def trained():
        return {tuple(record.name.split("-")) for record in records.iterdir() if "-" in record.name}

    nodes.start_head("--num-cpus=1", "--include-dashboard=false")
    first = nodes.start_node("--num-cpus=2", **BARE)
    command = [sys.executable, str(HERE / "recorded.py"), str(records), "run", *search, "--name", "same"]
    with log.open("w") as stderr:
        driver = subprocess.Popen(
            [*command, "--results", str(tmp_path / "results"), "--cpus-per-worker", "2", "--address", nodes.address],
            env=nodes.environment, stdout=subprocess.DEVNULL, stderr=stderr,
        )  # fmt: skip
    try:
        # The only worker trains the second pack, which waits.
        waiting(lambda: "1" in {pack for _, pack in trained()}, driver, log)
        assert len({node for node, _ in trained()}) == 1
        second = nodes.start_node("--num-cpus=2", **BARE)
        waiting(lambda: len({node for node, _ in trained()}) == 2, driver, log)
        nodes.kill(first)
        nodes.kill(second)
        waiting(lambda: NO_ROOM in log.read_text(), driver, log)
        (records / "go").touch()
        nodes.start_node("--num-cpus=2", **BARE)
        assert driver.wait(timeout=100) == 0, log.read_text()
    finally:
        driver.kill()
        driver.wait()
    assert len({node for node, _ in trained()}) == 3
    assert "There is room again." in log.read_text()
    sources = {record.read_text() for record in records.iterdir() if record.name != "go"}
    assert sources
    assert all("py_modules_files" in source for source in sources), sources
    assert (tmp_path / "results/runs/same/leaderboard.csv").read_bytes() == leaderboard
