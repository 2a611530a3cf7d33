"""Data and networks of the user's own on a cluster: the nodes get both from Ray, and need no file of the driver."""

from __future__ import annotations

import shutil
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


TABLE = ("--data", "wine.csv", "--target", "target")
SEARCH = ("--trials", "4", "--epochs", "2", "--lookahead", "4", "--name", "same")
NETWORK = """
from blocks import Block
from torch import nn

HYPERPARAMETERS = {"width": [8, 16], "norm": [False, True]}


def build(configuration, *, input_shape, outputs):
    (columns,), width = input_shape, configuration.width
    return nn.Sequential(nn.Linear(columns, width), Block(width, norm=configuration["norm"]), nn.Linear(width, outputs))
"""
OWN = ("--model", "net.py", "--set", "learning_rate=0.002..0.02:log", "--set", "batch_size=32", "--pack-size", "2")


@pytest.fixture(scope="module")
def cluster(nodes):
    """Start a head that trains nothing, and a node of one CPU without the paths of the driver."""
    nodes.start_head("--num-cpus=0", "--include-dashboard=false")
    nodes.start_node("--num-cpus=1", **BARE)
    return nodes


@pytest.fixture
def folder(tmp_path):
    """Give the folder of a driver, with a table, a network and the module that it imports."""
    folder = tmp_path / "driver"
    folder.mkdir()
    (tmp_path / "records").mkdir()
    load_wine(as_frame=True).frame.to_csv(folder / "wine.csv", index=False)
    (folder / "net.py").write_text(NETWORK)
    shutil.copy(HERE.parent / "run/network/example/blocks.py", folder)
    return folder


def search(cluster, folder, *options):
    """Search on the cluster: the leaderboard. No process but the driver opens a file of its folder."""
    done = subprocess.run(
        [sys.executable, str(HERE / "watched.py"), str(folder), "run", *TABLE, *SEARCH, *options,
         "--address", cluster.address],
        env=cluster.environment, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    opened = [record.read_text() for record in (folder.parent / "records").iterdir()]
    assert opened
    assert set(opened) == {f"{folder}\n"}
    return (folder / "results/runs/same/leaderboard.csv").read_bytes()


def test_nodes_get_the_examples_through_the_object_store(cluster, folder, carry_out_alone, tmp_path):
    there = search(cluster, folder)
    assert there == _leaderboard_of(folder / "wine.csv", tmp_path / "alone", carry_out_alone)


def test_a_table_a_narrowed_space_and_a_network_of_the_users_own_go_together(cluster, folder, tmp_path):
    there = search(cluster, folder, *OWN)
    assert len(there.splitlines()) == 5
    alone = subprocess.run(
        [sys.executable, "-m", "packtune", "run", *TABLE, *SEARCH, *OWN, "--address", "local", "--workers", "1",
         "--results", str(tmp_path / "alone")],
        cwd=folder, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stderr
    assert (tmp_path / "alone/runs/same/leaderboard.csv").read_bytes() == there


def _leaderboard_of(table, results, carry_out_alone):
    """Search in the same way, one pack after another and without Ray."""
    options = {"target": "target", "trials": 4, "epochs": 2, "lookahead": 4}
    run = new_search(table, find_space("wide"), options, SilentView()).create(results=results, name="same")
    torch.set_num_threads(1)
    carry_out_alone(run, load_data(run))
    return run.folder.leaderboard_csv.read_bytes()
