"""Data of the user's own on a cluster: the nodes get them through the object store, and need no file of the driver."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_wine

from packtune.report.live.progress import SilentView
from packtune.run.own.keeping import load_data
from packtune.run.own.new_search import new_search
from packtune.space.source import find_space

HERE = Path(__file__).parent
BARE = {"PYTHONPATH": str(HERE / "bare")}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_nodes_get_the_examples_through_the_object_store(nodes, carry_out_alone, tmp_path):
    folder, records = tmp_path / "driver", tmp_path / "records"
    folder.mkdir()
    records.mkdir()
    load_wine(as_frame=True).frame.to_csv(folder / "wine.csv", index=False)
    nodes.start_head("--num-cpus=0", "--include-dashboard=false")
    nodes.start_node("--num-cpus=1", **BARE)
    command = [sys.executable, str(HERE / "watched.py"), str(folder), "run", "--data", "wine.csv", "--target", "target"]
    done = subprocess.run(
        [*command, "--trials", "4", "--epochs", "2", "--lookahead", "4", "--name", "same", "--address", nodes.address],
        env=nodes.environment, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    opened = [record.read_text() for record in records.iterdir()]
    assert opened
    assert set(opened) == {f"{folder}\n"}
    there = (folder / "results/runs/same/leaderboard.csv").read_bytes()
    assert there == _leaderboard_of(folder / "wine.csv", tmp_path / "alone", carry_out_alone)


def _leaderboard_of(table, results, carry_out_alone):
    """Search in the same way, one pack after another and without Ray."""
    options = {"target": "target", "trials": 4, "epochs": 2, "lookahead": 4}
    run = new_search(table, find_space("sgd"), options, SilentView()).create(results=results, name="same")
    torch.set_num_threads(1)
    carry_out_alone(run, load_data(run))
    return run.folder.leaderboard_csv.read_bytes()
