"""Searches on data of the user's own with a real local Ray, through the console command: killed, resumed and shown."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from packtune.data.own.facts import ARRAYS, FACTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PACKTUNE = str(Path(sys.executable).parent / "packtune")
# A learning sampler and packs of two: what depended on workers, or on a crash, would change here.
SEARCH = (
    "--target", "target", "--trials", "10", "--epochs", "20", "--pack-size", "2", "--seed", "4", "--lookahead", "4",
    "--no-confirm",
)  # fmt: skip
WAIT_S = 250


def packtune(folder, *arguments):
    return subprocess.run([PACKTUNE, *arguments], cwd=folder, capture_output=True, text=True, timeout=WAIT_S)


def board(folder, name):
    return (folder / f"results/runs/{name}/leaderboard.csv").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, wine):
    """Give a folder with a table, and a run on it with one worker, and what was printed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copy(wine, folder / "wine.csv")
    done = packtune(folder, "run", "--data", "wine.csv", *SEARCH, "--workers", "1", "--name", "whole")
    assert done.returncode == 0, done.stderr
    return folder, done


def test_baselines_are_shown_wherever_the_leaderboard_is(undisturbed):
    folder, done = undisturbed
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("For comparison")]
    known = json.loads((folder / "results/runs/whole/baselines.json").read_text())
    assert [each["name"] for each in known] == ["majority class", "logistic regression"]
    assert f"{known[1]['test']:.4f} on test" in done.stdout.replace("\n", " ")
    for shown in (("leaderboard", "whole"), ("leaderboard", "whole", "--format", "markdown")):
        assert line in packtune(folder, *shown).stdout
    assert "For comparison" not in packtune(folder, "leaderboard", "whole", "--format", "csv").stdout


def test_two_workers_a_kill_and_a_lost_copy_give_the_same_leaderboard(undisturbed, tmp_path):
    folder, _ = undisturbed
    shutil.copy(folder / "wine.csv", tmp_path / "wine.csv")
    command = [PACKTUNE, "run", "--data", "wine.csv", *SEARCH, "--workers", "2", "--name", "whole"]
    run = tmp_path / "results/runs/whole"
    with (tmp_path / "log").open("w") as log:
        driver = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        deadline_s = time.monotonic() + WAIT_S
        while driver.poll() is None and time.monotonic() < deadline_s and "COMPLETE" not in _journal(run):
            time.sleep(0.05)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    assert "COMPLETE" in _journal(run), (tmp_path / "log").read_text()
    shutil.rmtree(run / ARRAYS)
    text = (tmp_path / "wine.csv").read_text()
    (tmp_path / "wine.csv").write_text(text.replace("barbera", "barolo", 1))
    refused = packtune(tmp_path, "resume", "whole")
    assert refused.returncode == 2
    assert "has other examples than when the run 'whole' began" in refused.stderr.replace("\n", " ")
    assert "Traceback" not in refused.stderr
    (tmp_path / "wine.csv").write_text(text)
    resumed = packtune(tmp_path, "resume", "whole")
    assert resumed.returncode == 0, resumed.stderr
    assert board(tmp_path, "whole") == board(folder, "whole")
    assert (run / FACTS).read_bytes() == (folder / "results/runs/whole" / FACTS).read_bytes()


def _journal(run):
    """Read the study of a run, in which a complete trial has its outcome."""
    journal = run / "study.journal"
    return journal.read_text() if journal.exists() else ""
