"""A real search by log-loss with a real local Ray, through the console command: one worker, two, and resumed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from packtune.interface.search import load

pytestmark = pytest.mark.slow

PACKTUNE = str(Path(sys.executable).parent / "packtune")
OPTIONS = ("--metric", "log-loss", "--trials", "8", "--epochs", "3", "--finalists", "2", "--replicates", "2")
SPACE = "hidden_units = { low = 6, high = 24 }\nlearning_rate = { low = 0.02, high = 1.0, log = true }\n"


def packtune(folder: Path, *arguments: str, timeout_s: float = 400) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PACKTUNE, *arguments], cwd=folder, capture_output=True, text=True, timeout=timeout_s)


def run(folder: Path, name: str, workers: int) -> subprocess.CompletedProcess[str]:
    shared = ("--space", "small.toml", "--lookahead", "4", "--workers", str(workers), "--name", name)
    done = packtune(folder, "run", *OPTIONS, *shared)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    (folder / "small.toml").write_text(SPACE)
    return folder, run(folder, "one", 1)


def test_a_search_shows_its_score_and_accuracy_beside_it(searched):
    folder, done = searched
    table = pd.read_csv(folder / "results/runs/one/leaderboard.csv")
    assert table["validation_log_loss"].between(0, 37).all()
    assert "expected log-loss" in done.stdout
    assert "expected accuracy" in done.stdout
    assert "best log-loss" in done.stderr
    assert "ordered by their log-loss" in (folder / "results/runs/one/leaderboard.md").read_text()


def test_two_workers_write_the_same_leaderboard(searched):
    folder, _ = searched
    run(folder, "two", 2)
    boards = [(folder / f"results/runs/{name}/leaderboard.csv").read_bytes() for name in ("one", "two")]
    assert boards[0] == boards[1]


def test_python_gets_the_estimates_of_score_and_of_accuracy(searched):
    result = load("one", results=searched[0] / "results")
    winner = result.winner
    assert winner.score.low < winner.score.mean < winner.score.high
    assert winner.accuracy.low < winner.accuracy.mean < winner.accuracy.high
    assert winner.test.score == pytest.approx(winner.score.mean, abs=1e-6)
    assert list(result.curves) == ["trial", "epoch", "log_loss"]
    assert result.leaderboard["validation_log_loss"].dtype == "float64"


def test_a_run_goes_on_by_its_metric_alone(searched):
    folder, _ = searched
    refused = packtune(folder, "resume", "one", "--metric", "auc")
    assert refused.returncode == 2
    assert "compares its trials by log-loss" in " ".join(refused.stderr.split())
    longer = packtune(folder, "resume", "one", "--metric", "log-loss", "--trials", "+2")
    assert longer.returncode == 0, longer.stderr
    assert len(pd.read_csv(folder / "results/runs/one/trials.csv")) == 10


def test_best_names_the_command_that_trains_it_again_by_the_same_metric(searched):
    shown = packtune(searched[0], "best", "one")
    assert shown.returncode == 0
    assert "--metric log-loss" in shown.stdout
    assert "# Trial" in shown.stdout
    assert "validation log-loss 0." in shown.stdout


def test_an_unknown_metric_ends_with_the_nearest_name(searched):
    unknown = packtune(searched[0], "run", "--metric", "logloss")
    assert unknown.returncode == 2
    assert "Did you mean 'log-loss'?" in unknown.stderr
