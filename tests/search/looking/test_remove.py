"""Runs are removed: all of a run or nothing, with their studies, and never one that a process holds."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from packtune.run.ending import read_ending
from packtune.run.find import find_run
from packtune.run.overview.listing import list_runs
from packtune.run.overview.removal import REMOVING
from packtune.run.records import open_study
from packtune.study.storage import open_storage

REMOVE = """
import sys
from packtune.cli.main import main
sys.argv = ["packtune", "remove", *sys.argv[1:]]
main()
"""
KILLED = """
import os, signal, sys
from packtune.run.overview import removal
from packtune.cli.main import main

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

place = sys.argv.pop(1)
if place == "between":
    calls = []
    unlink = os.unlink
    def die_later(path, *arguments, **options):
        calls.append(path)
        if len(calls) > 2:
            die()
        unlink(path, *arguments, **options)
    os.unlink = die_later
else:
    setattr(removal, place, die)
sys.argv = ["packtune", "remove", *sys.argv[1:]]
main()
"""


def names(results):
    return {run.name for run in list_runs(results, datetime.now(UTC)).runs}


def studies(database):
    with sqlite3.connect(database) as opened:
        return {name for (name,) in opened.execute("select study_name from studies")}


def leftovers(results):
    return [path.name for path in (results / "runs").iterdir() if path.name.startswith(".")]


@pytest.fixture
def in_database(make_run, tmp_path):
    """Give a folder with two runs whose studies share a database."""
    storage = f"sqlite:///{tmp_path}/studies.db"
    for name, seed in (("one", 0), ("two", 1)):
        make_run(tmp_path / "results", name, storage=storage, seed=seed, trials=4, confirm=True)
    return tmp_path / "results"


def test_a_run_is_removed_and_all_others_stay(results, packtune, files_of):
    known = {path: state for path, state in files_of(results).items() if path.is_file()}
    others = {path: state for path, state in known.items() if "runs/first" not in str(path)}
    n_bytes = sum(path.stat().st_size for path in (results / "runs/first").rglob("*") if path.is_file())
    before = names(results)
    code, out, err = packtune("remove", "first", "--results", results, "--yes")
    assert (code, out) == (0, "Removed first\n")
    assert f"{n_bytes // 1000} kB" in err or f"{round(n_bytes / 1000)} kB" in err
    assert str(results / "runs/first") in "".join(err.split("\n"))
    assert names(results) == before - {"first"}
    assert leftovers(results) == []
    after = files_of(results)
    assert all(after[path] == state for path, state in others.items())


def test_several_runs_are_removed_by_name_or_folder(results, packtune):
    code, out, err = packtune("remove", "first", results / "runs/second", "new", "--results", results, "--yes")
    assert (code, out.splitlines()) == (0, ["Removed first", "Removed second", "Removed new"])
    assert "In all" in err
    assert names(results) & {"first", "second", "new"} == set()


def test_without_a_terminal_it_wants_yes_and_removes_nothing(results, packtune):
    before = names(results)
    code, out, err = packtune("remove", "first", "--results", results)
    assert (code, out) == (2, "")
    assert "--yes" in err
    code, out, err = packtune("remove", "first", "nowhere", "--results", results, "--yes")
    assert code == 2 and "no run named 'nowhere'" in err
    assert names(results) == before


@pytest.mark.parametrize(("answer", "removed"), [("n", False), ("y", True)])
def test_it_asks_in_a_terminal(results, answer, removed):
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", REMOVE, "first", "--results", results], stdin=terminal, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(terminal)
    os.write(controller, f"{answer}\n".encode())
    out, err = process.communicate(timeout=240)
    os.close(controller)
    assert "Remove for good?" in err
    assert process.returncode == (0 if removed else 1), err
    assert ("first" in names(results)) is not removed
    assert ("Nothing was removed." in err) is not removed
    assert out == ("Removed first\n" if removed else "")


def test_a_run_that_a_process_holds_stays_with_all_others_of_the_command(results, packtune):
    before = names(results)
    with find_run("stopped", results).folder.locked():
        code, out, err = packtune("remove", "first", "stopped", "--results", results, "--yes")
    assert (code, out) == (2, "")
    assert "'stopped' is in use by another process" in " ".join(err.split())
    assert names(results) == before


def test_a_link_is_left_alone(results, packtune):
    (results / "runs/link").symlink_to(results / "runs/first")
    code, _, err = packtune("remove", "link", "--results", results, "--yes")
    assert code == 2
    assert "is a link to" in err
    assert (results / "runs/first/settings.toml").is_file()


def test_studies_in_a_database_are_removed_with_their_run_alone(in_database, packtune):
    database = in_database.parent / "studies.db"
    known = studies(database)
    assert {name.partition(":")[0] for name in known} == {"one", "two"}
    assert len(known) == 4
    code, _, err = packtune("remove", "one", "--results", in_database, "--yes")
    assert code == 0, err
    assert "2 studies in sqlite:///" in err and "one:confirmed-" in err
    assert studies(database) == {name for name in known if name.startswith("two")}
    assert read_ending(find_run("two", in_database)).winner
    assert packtune("remove", "two", "--results", in_database, "--yes")[0] == 0
    assert studies(database) == set()


def test_the_copy_of_a_run_leaves_the_study_to_the_original(in_database, packtune):
    shutil.copytree(in_database / "runs/one", in_database / "runs/copy")
    known = studies(in_database.parent / "studies.db")
    run = find_run("one", in_database)
    with open_storage(run.folder.journal, run.settings.resources.storage) as storage:
        open_study(run, storage)  # which notes the folder
    code, _, err = packtune("remove", "copy", "--results", in_database, "--yes")
    assert code == 0
    assert "Its study stays in sqlite:///" in " ".join(err.split())
    assert studies(in_database.parent / "studies.db") == known
    assert read_ending(find_run("one", in_database)).winner


def test_a_study_that_cannot_be_reached_stays_and_it_is_said_how_to_remove_it(in_database, packtune):
    settings = in_database / "runs/one/settings.toml"
    lines = [line for line in settings.read_text().splitlines() if not line.startswith("storage")]
    settings.write_text("\n".join([*lines, 'storage = "postgresql+psycopg://me:***@127.0.0.1:1/x"']) + "\n")
    code, out, err = packtune("remove", "one", "--results", in_database, "--yes")
    assert (code, out) == (0, "Removed one\n")
    told = " ".join(err.split())
    assert "Its study 'one'" in told and "stay in postgresql+psycopg://me:***@127.0.0.1:1/x" in told
    assert "optuna delete-study --storage URL --study-name one" in told
    assert names(in_database) == {"two"}


@pytest.mark.parametrize("place", ["delete_studies", "_delete", "between"])
def test_a_removal_that_is_killed_leaves_no_half_and_the_next_one_finishes_it(in_database, packtune, place):
    database = in_database.parent / "studies.db"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, place, "one", "--results", in_database, "--yes"],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert names(in_database) == {"two"}
    (left,) = leftovers(in_database)
    assert left.startswith(REMOVING)
    assert packtune("show", "one", "--results", in_database)[0] == 2
    code, _, err = packtune("remove", "two", "--results", in_database, "--yes")
    assert code == 0, err
    assert "Finished a removal that was killed" in err
    assert leftovers(in_database) == []
    assert studies(database) == set()


def test_a_run_whose_settings_are_broken_can_be_removed(results, packtune):
    (results / "runs/first/settings.toml").write_text("name = [")
    code, out, err = packtune("remove", "first", "--results", results, "--yes")
    assert (code, out) == (0, "Removed first\n")
    assert "Its settings cannot be read" in err
