"""Stops and what is given to begin with, through the console command and a real local Ray."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PACKTUNE = str(Path(sys.executable).parent / "packtune")
WAIT_S = 280
SMALL = ("--set", "architecture=mlp", "--set", "hidden_units=4..32", "--set", "batch_size=32", "--pack-size", "2")
SEARCH = (*SMALL, "--trials", "100", "--epochs", "2", "--seed", "4", "--lookahead", "4")
CONFIRMED = ("--finalists", "3", "--replicates", "2")
PATIENCE = (
    *SEARCH,
    *CONFIRMED,
    "--patience",
    "8",
    "--try",
    "hidden_units=16,learning_rate=0.2",
    "--try",
    "learning_rate=5",
)


def packtune(folder, *arguments):
    command = [PACKTUNE, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=WAIT_S, check=False)


def board(folder, name):
    return (folder / f"results/runs/{name}/leaderboard.csv").read_bytes()


def rows_of(folder, name):
    with (folder / f"results/runs/{name}/trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Give a folder with a run that patience ended, and what was printed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = packtune(folder, "run", *PATIENCE, "--workers", "1", "--name", "whole")
    assert done.returncode == 0, done.stderr
    return folder, " ".join(done.stderr.split())


def test_a_search_without_progress_ends_in_words_and_resume_says_what_to_do(undisturbed):
    folder, said = undisturbed
    n = len(rows_of(folder, "whole"))
    assert 8 < n < 100
    stopped = f"Stopped after {n} of 100 trials: no better trial in the last 8. To try more: "
    assert stopped in said
    assert "Tried first, although the space wide never proposes it: learning_rate 5.0." in said
    assert "trainings" in board(folder, "whole").decode().splitlines()[0]
    again = packtune(folder, "resume", "whole")
    assert again.returncode == 0, again.stderr
    assert stopped in " ".join(again.stderr.split())
    assert "--trials +N, or --patience N" in " ".join(again.stderr.split())


def test_two_workers_and_a_kill_end_at_the_same_trial_with_the_same_leaderboard(undisturbed, tmp_path):
    folder, _ = undisturbed
    command = [PACKTUNE, "run", *PATIENCE, "--workers", "2", "--name", "whole"]
    journal = tmp_path / "results/runs/whole/study.journal"
    with (tmp_path / "log").open("w") as log:
        driver = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        deadline_s = time.monotonic() + WAIT_S
        while driver.poll() is None and time.monotonic() < deadline_s:
            if journal.exists() and "COMPLETE" in journal.read_text():
                break
            time.sleep(0.05)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    resumed = packtune(tmp_path, "resume", "whole")
    assert resumed.returncode == 0, resumed.stderr
    assert board(tmp_path, "whole") == board(folder, "whole")


def test_a_ctrl_c_in_the_confirmation_after_patience_changes_nothing(undisturbed, tmp_path):
    folder, _ = undisturbed
    log = tmp_path / "log"
    with log.open("w") as out:
        driver = subprocess.Popen([PACKTUNE, "run", *PATIENCE, "--name", "whole"], cwd=tmp_path, stdout=out, stderr=out)
        deadline_s = time.monotonic() + WAIT_S
        while driver.poll() is None and time.monotonic() < deadline_s and "Selecting among" not in log.read_text():
            time.sleep(0.02)
        driver.send_signal(signal.SIGINT)
        assert driver.wait(WAIT_S) == 130, log.read_text()
    resumed = packtune(tmp_path, "resume", "whole")
    assert resumed.returncode == 0, resumed.stderr
    assert board(tmp_path, "whole") == board(folder, "whole")


def test_time_budgets_and_patience_end_at_the_same_trial_together(undisturbed, tmp_path):
    folder, _ = undisturbed
    done = packtune(tmp_path, "run", *PATIENCE, "--time-budget", "8s", "--name", "whole")
    for _ in range(6):
        if "The time budget is spent" not in done.stderr:
            break
        done = packtune(tmp_path, "resume", "whole", "--time-budget", "12s")
    else:
        done = packtune(tmp_path, "resume", "whole", "--time-budget", "200s")
    assert done.returncode == 0, done.stderr
    assert board(tmp_path, "whole") == board(folder, "whole")


def test_a_run_goes_on_in_a_part_of_its_space_and_another_starts_from_it(undisturbed):
    folder, _ = undisturbed
    n = len(rows_of(folder, "whole"))
    own = ("--no-confirm", "--from", "whole", "--seed", "9", "--trials", "4", "--name", "next")
    more = packtune(folder, "run", *SEARCH, *own)
    assert more.returncode == 0, more.stderr
    assert "From the run whole: 3 finalists tried first; the sampler knows" in " ".join(more.stderr.split())
    known, tried = ([row["learning_rate"] for row in rows_of(folder, name)] for name in ("whole", "next"))
    assert set(tried[:3]) <= set(known)
    refused = packtune(folder, "resume", "next", "--set", "learning_rate=50", "--trials", "+2")
    assert refused.returncode == 2
    assert "give a part of that" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
    narrowed = packtune(folder, "resume", "next", "--set", "hidden_units=8..12", "--trials", "+2")
    assert narrowed.returncode == 0, narrowed.stderr
    assert all(8 <= int(row["hidden_units"]) <= 12 for row in rows_of(folder, "next")[4:])
    assert len(rows_of(folder, "whole")) == n


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--try", "learning_rat=1"), "Did you mean 'learning_rate'"),
        (("--try", "nosuch.csv"), "nosuch.csv: cannot be read"),
        (("--trials", "1", "--try", "depth=1", "--try", "depth=2"), "with 2 configurations to try first"),
        (("--from", "nosuch"), "no run named 'nosuch'"),
        (("--stop-at", "1.5"), "stop_at = 1.5 is not allowed: give 0 to 1"),
        (("--patience", "0"), "patience = 0 is not allowed: give 1 or more"),
    ],
)
def test_what_is_wrong_ends_in_words_and_leaves_no_run(tmp_path, options, words):
    done = packtune(tmp_path, "run", *options)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
