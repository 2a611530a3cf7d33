"""Searches on Ray with other people's tools: told as they go on, and the leaderboard is the same to the byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PACKTUNE = str(Path(sys.executable).parent / "packtune")
SEARCH = ("--trials", "8", "--epochs", "1", "--set", "architecture=mlp", "--set", "hidden_units=8..32", "--no-confirm")
TIMEOUT_S = 580


def search(folder, name, *options):
    command = [PACKTUNE, "run", *SEARCH, "--workers", "1", "--address", "local", "--name", name, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "results/runs" / name, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(2 * TIMEOUT_S)
def test_tools_get_the_whole_search_and_change_nothing_of_it(tmp_path):
    pytest.importorskip("tensorboard")
    pytest.importorskip("mlflow")
    plain, _ = search(tmp_path, "plain")
    told, said = search(tmp_path, "told", "--tensorboard", "--mlflow", "http://127.0.0.1:9")
    for table in ("leaderboard.csv", "winner.toml"):
        assert (told / table).read_bytes().replace(b"told", b"plain") == (plain / table).read_bytes()
    assert not (plain / "tensorboard").exists()
    assert sorted(folder.name for folder in (told / "tensorboard").iterdir() if folder.is_dir()) == [
        f"trial-{number:04}" for number in range(8)
    ]
    lines = said.splitlines()
    assert "TensorBoard: tensorboard --logdir results/runs/told/tensorboard" in lines
    assert "MLflow cannot be reached: Connection refused. The search goes on without it" in lines
    assert any(
        line.startswith("MLflow did not get 8 of 8 trials (Connection refused). Send them later with: ")
        and line.endswith("packtune resume told --mlflow http://127.0.0.1:9")
        for line in lines
    )
