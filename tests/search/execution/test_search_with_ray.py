"""Real searches on the digits with a real local Ray, through the console command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from packtune.data.sets.digits import load
from packtune.models.model_file import model_from_bytes

pytestmark = pytest.mark.slow

PACKTUNE = str(Path(sys.executable).parent / "packtune")


def packtune(folder: Path, *arguments: str, timeout_s: float = 200) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PACKTUNE, *arguments], cwd=folder, capture_output=True, text=True, timeout=timeout_s)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    done = packtune(folder, "run", "--space", "mini-grid", "--epochs", "2", "--name", "ten")
    assert done.returncode == 0, done.stderr
    return folder, done


def test_a_search_writes_ten_ordered_rows(searched):
    folder, done = searched
    table = pd.read_csv(folder / "results/runs/ten/leaderboard.csv")
    assert sorted(table["trial"]) == list(range(10))
    assert table["validation_accuracy"].is_monotonic_decreasing
    assert "Winner: trial" in done.stdout
    assert "10/10 trials" in done.stderr
    assert "trials," not in done.stdout


def test_an_existing_name_is_refused_and_resume_offered(searched):
    again = packtune(searched[0], "run", "--name", "ten")
    assert again.returncode == 2
    assert "packtune resume ten" in again.stderr


def test_the_exported_winner_has_its_accuracy(searched):
    folder, _ = searched
    assert packtune(folder, "best", "ten", "--export", "best.pt").returncode == 0
    assert "state_dict" in torch.load(folder / "best.pt", weights_only=True)
    model = model_from_bytes((folder / "best.pt").read_bytes(), source="best.pt")
    # The notebook's protocol evaluates full mini-batches: of 32 or 64, the first 256 images.
    validation = load().validation.first(256)
    right = (model.predict(validation.inputs) == validation.labels).all(1).double().mean().item()
    assert right == pytest.approx(model.validation_accuracy, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--data", "mnst"), "'mnist'"),
        (("run", "--space", "wid"), "'wide'"),
        (("run", "--sampler", "tp"), "'tpe'"),
        (("run", "--sampler", "grid"), "continuous"),
        (("run", "--name", "../x"), "not allowed"),
        (("run", "--trials", "0"), "trials = 0"),
        (("run", "--storage", "nonsense"), "database URL"),
        (("run", "--address", "127.0.0.1:1"), "nothing answers"),
        (("resume", "nothing"), "no run named"),
    ],
)
def test_bad_input_exits_with_2_and_leaves_nothing(tmp_path, arguments, words):
    done = packtune(tmp_path, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path).glob("results/runs/*"))
