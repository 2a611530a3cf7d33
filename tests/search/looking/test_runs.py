"""All runs at a glance: how they stand, read-only, quickly, and whatever else lies there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

import packtune as api
from packtune.models.training.metrics.catalog import Metric
from packtune.report.looking.records import Best, Measured, RunState
from packtune.report.looking.runs import best_in_words, runs_in_words
from packtune.report.looking.times import age_in_words, size_in_words
from packtune.run.ending import read_ending
from packtune.run.find import find_run
from packtune.run.overview.listing import list_runs

HOSTILE = "a<b>&\"'`$(x)\n=1\u202e| name"

LIST = """
import sys
from packtune.cli.main import main
sys.argv = ["packtune", "runs", "--results", sys.argv[1]]
try:
    main()
finally:
    print(*sorted({"torch", "pandas", "ray", "scipy", "sklearn"} & set(sys.modules)), file=sys.stderr)
"""

HOLD = """
import sys
from pathlib import Path
from packtune.run.folder import RunFolder

with RunFolder.find(Path(sys.argv[1]), sys.argv[2]).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def by_name(results):
    found = list_runs(results, datetime.now(UTC))
    assert found.passed_over == ()
    return {run.name: run for run in found.runs}


def test_each_run_stands_as_its_study_says(trained):
    runs = by_name(trained)
    states = {name: run.state for name, run in runs.items()}
    assert states == {
        **dict.fromkeys(("first", "second", "other-seed", "unconfirmed", "by-loss"), RunState.FINISHED),
        "stopped": RunState.STOPPED,
        "new": RunState.NEW,
    }
    for name in ("first", "second", "other-seed"):
        ending = read_ending(find_run(name, trained))
        test, best = ending.verdict.test, runs[name].best
        assert (best.trial, best.measured) == (ending.winner.row.trial, Measured.EXPECTED)
        assert (best.score, best.low, best.high) == pytest.approx((test.mean, test.low, test.high), abs=1e-15)
    for name in ("unconfirmed", "by-loss"):
        winner, best = read_ending(find_run(name, trained)).winner, runs[name].best
        assert (best.trial, best.measured) == (winner.row.trial, Measured.VALIDATION)
        assert (best.score, best.low, best.high) == pytest.approx((winner.row.score, *winner.interval), abs=1e-15)
    assert (runs["stopped"].finished, runs["stopped"].trials) == (2, 8)
    assert runs["new"].best is None


def test_a_run_that_was_killed_before_its_tables_were_written_is_read_from_its_study(results):
    for table in ("leaderboard.csv", "trials.csv", "curves.csv"):
        (results / "runs/unconfirmed" / table).unlink()
    expected = read_ending(find_run("unconfirmed", results)).winner
    run = by_name(results)["unconfirmed"]
    assert (run.finished, run.state) == (3, RunState.FINISHED)
    assert (run.best.trial, run.best.score) == (expected.row.trial, expected.row.score)
    assert (run.best.low, run.best.high) == expected.interval


def test_listing_writes_nothing_and_imports_nothing_large(results, files_of):
    (results / "runs/new/study.journal").unlink(missing_ok=True)
    before = files_of(results)
    done = subprocess.run(
        [sys.executable, "-c", LIST, results], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == ""
    assert len(done.stdout.split("\n\n")[0].splitlines()) == 2 + 7
    assert files_of(results) == before


def test_a_run_that_a_process_holds_is_running(results):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, results, "stopped"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        run = by_name(results)["stopped"]
        assert run.state is RunState.RUNNING
        assert {"resume", "remove"}.isdisjoint(run.commands)
        assert run.commands["watch"].endswith(f"watch stopped --results {results}")
        assert "Watch one that is running: " in runs_in_words(list_runs(results, datetime.now(UTC)), None)
    finally:
        holder.communicate()
    assert by_name(results)["stopped"].state is RunState.STOPPED


def test_what_is_no_run_is_named_and_passed_over(results, packtune):
    (results / "runs/notes").mkdir()
    (results / "runs/.hidden").mkdir()
    (results / "runs/file.txt").write_text("no folder")
    (results / "runs/second/settings.toml").write_text("name = [")
    (results / "runs/first/study.journal").write_text("no journal\n" * 2)
    os.utime(results / "runs/first/study.journal")
    code, out, err = packtune("runs", "--results", results)
    assert code == 0
    assert [line.split(": ")[1].rpartition("/")[2] for line in err.splitlines()] == ["first", "notes", "second"]
    assert "is damaged" in err
    assert "no settings.toml" in err
    assert "cannot read the settings" in err
    assert {"unconfirmed", "stopped"} <= set(out.split())
    found = json.loads(packtune("runs", "--results", results, "--json")[1])
    assert len(found["passed_over"]) == 3
    assert len(found["runs"]) == 5


def test_hostile_names_are_shown_as_text(results, packtune):
    (results / "runs/first").rename(results / "runs" / HOSTILE)
    _, out, _ = packtune("runs", "--results", results)
    (line,) = [line for line in out.splitlines() if line.startswith("a<b>")]
    assert "\\n=1\\u202e| name" in line
    found = json.loads(packtune("runs", "--results", results, "--json")[1])
    (run,) = [run for run in found["runs"] if run["name"].startswith("a<b>")]
    shown = subprocess.run(["bash", "-c", f"printf %s {run['commands']['show'].partition(' show ')[2]}"],
                           capture_output=True, text=True, timeout=60, check=True)  # fmt: skip
    assert shown.stdout == str(results / "runs" / HOSTILE)


def test_a_narrow_terminal_loses_columns_and_is_told_which(trained):
    found = list_runs(trained, datetime.now(UTC))
    wide, narrow = runs_in_words(found, None), runs_in_words(found, 80)
    assert wide.split()[:7] == ["run", "data", "space", "state", "trials", "best", "age"]
    assert "No room" not in wide
    assert narrow.split()[:4] == ["run", "state", "trials", "best"]
    assert "No room here for: data, space, age" in narrow
    assert max(map(len, narrow.split("\n\n")[0].splitlines())) <= 80


def test_many_runs_are_listed_those_that_wrote_last_first(trained, tmp_path, packtune):
    for number in range(200):
        shutil.copytree(trained / "runs/first", tmp_path / f"results/runs/run-{number:03}")
    code, out, err = packtune("runs", "--results", tmp_path / "results", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)["runs"]
    assert len(found) == 200
    assert [run["age_s"] for run in found] == sorted(run["age_s"] for run in found)


def test_no_runs_yet(tmp_path, packtune):
    code, out, err = packtune("runs", "--results", tmp_path)
    assert (code, out) == (0, "")
    assert "No runs in" in err and "packtune run" in err
    assert json.loads(packtune("runs", "--results", tmp_path, "--json")[1])["runs"] == []


def test_a_python_program_gets_the_same_records(trained):
    assert {run.name for run in api.runs(trained)} == set(by_name(trained))
    assert api.runs(results=str(trained))[0].age_s >= 0


def test_a_database_without_its_password_leaves_the_tables(results):
    settings = results / "runs/first/settings.toml"
    settings.write_text(settings.read_text() + 'storage = "postgresql+psycopg://me:***@localhost/x"\n')
    (results / "runs/first/trials.csv").unlink()
    run = by_name(results)["first"]
    assert "needs its password" in run.note and "--storage URL" in run.note
    assert run.state is RunState.STOPPED
    assert run.best is not None


def test_times_and_sizes_are_short():
    ages = {0: "0 s", 59.9: "59 s", 60: "1 min", 3599: "59 min", 7200: "2 h", 86400: "1 day", 2.5 * 86400: "2 days"}
    assert {seconds: age_in_words(seconds) for seconds in ages} == ages
    assert age_in_words(timedelta(days=400).total_seconds()) == "400 days"
    sizes = {0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1.0 kB", 354_000: "354 kB", 2_340_000: "2.3 MB"}
    assert {n: size_in_words(n) for n in sizes} == sizes


def test_a_best_score_says_what_it_is():
    best = Best(trial=1, score=0.98765, low=0.9, high=0.99, measured=Measured.EXPECTED)
    assert best_in_words(best, Metric.ACCURACY) == "0.9877 (0.9000 to 0.9900)"
    seen = Best(trial=1, score=0.98765, low=0.9, high=0.99, measured=Measured.VALIDATION)
    assert best_in_words(seen, Metric.AUC) == "AUC 0.9877 (0.9000 to 0.9900) on validation"
    assert best_in_words(None, Metric.AUC) == ""
