"""Reports from the command line: at the end of a search of a table with hostile names, and of runs that are there."""

from __future__ import annotations

import csv
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKTUNE = Path(sys.executable).with_name("packtune")
WORDS = ("<script>alert(1)</script>", "yes\u202e")
FILES = ("report.html", "report.md", "report.json", "report-progress.svg", "report-leaders.svg")


def packtune(folder, *arguments):
    return subprocess.run([PACKTUNE, *arguments], cwd=folder, capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Give the folder of a run on a table of which the first column alone decides, and how the search ended."""
    folder, draw = tmp_path_factory.mktemp("user"), random.Random(0)
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["<b>age</b>", "=noise", "colour", "out|come"])
        for _ in range(300):
            age = draw.gauss(0, 1)
            writer.writerow([age, draw.gauss(0, 1), draw.choice(("red", "blue", "green")), WORDS[age > 0]])
    options = ["--data", "table.csv", "--target", "out|come", "--trials", "8", "--epochs", "8", "--name", "hostile"]
    done = packtune(folder, "run", *options, "--workers", "1", "--set", "architecture=mlp", "--no-halving")
    assert done.returncode == 0, done.stderr
    assert "for a browser: results/runs/hostile/report.html\n" in done.stdout
    return folder / "results/runs/hostile"


@pytest.mark.slow
def test_a_search_of_a_table_ends_with_a_report(searched):
    assert all((searched / name).is_file() for name in FILES)
    facts = json.loads((searched / "report.json").read_text(encoding="utf-8"))
    columns = facts["answers"]["columns"]
    assert {each["name"] for each in columns} == {"<b>age</b>", "=noise", "colour"}
    assert columns[0]["name"] == "<b>age</b>"
    assert columns[0]["loss"] > 0.2 > 0.1 > abs(columns[-1]["loss"])
    assert facts["answers"]["split"] == "test"
    assert [each["name"] for each in facts["data"]["baselines"]] == ["majority class", "logistic regression"]
    for worst in facts["answers"]["worst"]:
        assert not worst["picture"]
        assert worst["cells"][0][0] == "<b>age</b>"


@pytest.mark.slow
def test_no_name_of_a_table_is_markup_in_any_file(searched):
    for name in FILES:
        text = (searched / name).read_text(encoding="utf-8")
        assert "\u202e" not in text, name
        if name != "report.json":
            assert "<script>alert" not in text, name
            assert "<b>age" not in text, name


@pytest.mark.slow
def test_reports_are_written_anew_and_their_paths_printed(searched, tmp_path):
    copy = tmp_path / "results/runs/copy"
    shutil.copytree(searched, copy)
    for name in FILES:
        (copy / name).unlink()
    (copy / "winner-model.pt").unlink()
    done = packtune(searched.parents[2], "report", "hostile", str(copy))
    assert done.returncode == 0, done.stderr
    where = [Path("results/runs/hostile"), copy]
    assert done.stdout.splitlines() == [str(folder / name) for folder in where for name in FILES[:3]]
    facts, without = (json.loads((folder / "report.json").read_text()) for folder in (searched, copy))
    assert facts["answers"] is not None
    assert without["answers"] is None
    assert "kept no network" in "".join(note["text"] for note in without["notes"])
    assert facts["leaderboard"] == without["leaderboard"]


def test_a_report_of_a_run_that_is_not_there_is_refused(tmp_path):
    done = packtune(tmp_path, "report", "nothing")
    assert done.returncode == 2
    assert "no run named 'nothing'" in done.stderr
