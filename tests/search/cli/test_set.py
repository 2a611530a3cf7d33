"""`--set` through the console command: what is wrong ends in words, and a search goes on with what was set."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

PACKTUNE = str(Path(sys.executable).parent / "packtune")


def packtune(folder, *arguments):
    return subprocess.run([PACKTUNE, *arguments], cwd=folder, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--set", "learning_rat=1"), "Did you mean 'learning_rate'?"),
        (("--set", "learning_rate=1000"), "must be a number from 1e-08 to 100"),
        (("--set", "momentum=0", "--set", "momentum=0.9"), "contradict each other: give one of the two"),
        (("--set", "filters=8", "--set", "architecture=mlp"), "filters counts only where architecture = cnn"),
        (("--space", "mini-grid", "--set", "hidden_units=64"), "hidden_units is 10, 128"),
    ],
)
def test_what_is_wrong_ends_in_words_and_leaves_no_run(tmp_path, options, words):
    done = packtune(tmp_path, "run", *options)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_has_the_values_that_were_set_and_goes_on_with_them(tmp_path):
    set_ = ("--set", "architecture=mlp", "--set", "hidden_units=8..16", "--set", "nesterov=true")
    begun = packtune(
        tmp_path, "run", "--space", "sgd", *set_, "--trials", "4", "--epochs", "1", "--workers", "1", "--name", "small"
    )
    assert begun.returncode == 0, begun.stderr
    assert "Left out, as they never apply now: filters, kernel_size" in " ".join(begun.stderr.split())
    more = packtune(tmp_path, "resume", "small", "--trials", "+3")
    assert more.returncode == 0, more.stderr
    with (tmp_path / "results/runs/small/trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7
    assert {(row["architecture"], row["nesterov"]) for row in rows} == {("mlp", "true")}
    assert all(8 <= int(row["hidden_units"]) <= 16 for row in rows)
