"""A run's folder from its first file to its last: what is kept, found, held and removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from packtune.errors import NameTaken, RunError, SettingsError
from packtune.run.find import with_storage
from packtune.run.folder import RunFolder, free_name
from packtune.settings import Settings
from packtune.space.file import EXAMPLE
from packtune.study.storage import open_storage
from packtune.study.study import has_study


@pytest.fixture
def made(make_folder):
    return make_folder


def test_a_run_that_never_began_leaves_nothing(tmp_path, made):
    space = tmp_path / "mine.toml"
    space.write_text(EXAMPLE)
    folder = made(tmp_path, "x", space=str(space))
    folder.journal.write_text("")
    with folder.locked():
        pass
    folder.discard()
    assert list((tmp_path / "runs").iterdir()) == []
    assert space.read_text() == EXAMPLE


def test_a_run_that_was_discarded_can_be_created_again(tmp_path, made):
    made(tmp_path, "x").discard()
    assert made(tmp_path, "x", epochs=3).load().settings.plan.epochs == 3


def test_discarding_twice_is_no_error(tmp_path, made):
    folder = made(tmp_path, "x")
    folder.discard()
    folder.discard()
    assert not folder.path.exists()


def test_a_runs_own_space_is_kept_byte_for_byte_whatever_becomes_of_the_users(tmp_path, made):
    space = tmp_path / "mine.toml"
    content = EXAMPLE.replace("\n", "\r\n").encode()
    space.write_bytes(content)
    folder = made(tmp_path, "x", space=str(space))
    space.write_text("depth = 1")
    assert folder.space.read_bytes() == content
    assert len(folder.load().space.dimensions) == 7


def test_a_built_in_space_is_not_copied(tmp_path, made):
    folder = made(tmp_path, "x", space="mini-grid")
    assert not folder.space.exists()
    assert folder.load().space.name == "mini-grid"


def test_a_run_that_is_loaded_is_not_new(tmp_path, made):
    run = made(tmp_path, "x", epochs=7).load()
    assert (run.new, run.settings.plan.epochs, run.folder.name) == (False, 7, "x")


def test_a_run_is_found_by_a_path_from_where_one_stands(tmp_path, monkeypatch, made):
    made(tmp_path / "results", "x")
    for place, given in (("results/runs", "x"), ("results/runs/x", "."), ("results", "runs/x/settings.toml")):
        monkeypatch.chdir(tmp_path / place)
        found = RunFolder.find(Path("results"), given)
        assert (found.name, found.load().settings.name) == ("x", "x")
    monkeypatch.chdir(tmp_path)
    found = RunFolder.find(tmp_path / "elsewhere", "results/runs/x")
    assert (found.name, found.load().settings.name) == ("x", "x")


def test_a_folder_without_settings_is_no_run(tmp_path, made):
    made(tmp_path, "first")
    (tmp_path / "runs" / "empty").mkdir()
    with pytest.raises(RunError, match=r"no run named 'empty' in .*runs\..* There are: first\."):
        RunFolder.find(tmp_path, "empty")


def test_the_runs_there_are_are_listed_in_order_and_not_without_end(tmp_path, made):
    for number in range(25):
        made(tmp_path, f"run-{24 - number:02}")
    with pytest.raises(RunError) as caught:
        RunFolder.find(tmp_path, "zzz")
    named = str(caught.value).partition("There are: ")[2].rstrip(".").split(", ")
    assert named == [f"run-{number:02}" for number in range(20)]


def test_a_free_name_passes_over_every_folder_that_is_there(tmp_path, made):
    for name in ("a-001", "a-002", "a-004"):
        made(tmp_path, name)
    assert free_name(tmp_path, "a") == "a-003"
    (tmp_path / "runs" / "a-003").mkdir()
    assert free_name(tmp_path, "a") == "a-005"
    assert free_name(tmp_path, "b") == "b-001"


def test_a_run_is_held_once_even_inside_one_process(tmp_path, made):
    folder = made(tmp_path, "x")
    with folder.locked():
        with (
            pytest.raises(RunError, match="the run 'x' is in use by another process: wait for it, or stop it"),
            RunFolder(tmp_path, "x").locked(),
        ):
            pass
        with made(tmp_path, "y").locked():
            pass


def test_a_run_is_free_again_after_an_error(tmp_path, made):
    folder = made(tmp_path, "x")
    with pytest.raises(ZeroDivisionError), folder.locked():
        _ = 1 / 0
    with folder.locked():
        pass


def test_a_run_that_cannot_be_held_is_named(tmp_path, made):
    folder = made(tmp_path, "x")
    (folder.path / ".lock").unlink()
    (folder.path / ".lock").mkdir()
    with pytest.raises(RunError, match=r"cannot hold the run with .*/runs/x/\.lock: Is a directory"), folder.locked():
        pass


def test_discarding_what_cannot_be_removed_is_no_error(tmp_path, made):
    folder = made(tmp_path, "x")
    folder.settings.unlink()
    folder.settings.mkdir()
    folder.discard()
    assert folder.settings.is_dir()


def test_what_a_killed_process_left_of_a_file_is_swept_away(tmp_path, made):
    folder = made(tmp_path, "x")
    (folder.path / ".leaderboard.csv.123.tmp").write_text("half a")
    (folder.path / "mine.tmp").write_text("mine")
    with folder.locked():
        assert {path.name for path in folder.path.iterdir()} == {"settings.toml", ".lock", "mine.tmp"}


@pytest.mark.parametrize(
    "run", ["../elsewhere", "..", ".", "", "a/../../elsewhere", "runs/../../elsewhere", "x" * 300, "nul\0", "a/" * 3000]
)
def test_no_name_leads_out_of_the_results(tmp_path, run, made):
    made(tmp_path, "a")
    (tmp_path / "elsewhere").mkdir()
    for folder in (tmp_path, tmp_path / "elsewhere", tmp_path / "runs"):
        (folder / "settings.toml").write_text((tmp_path / "runs" / "a" / "settings.toml").read_text())
    with pytest.raises(RunError, match="no run named"):
        RunFolder.find(tmp_path, run)


@pytest.mark.parametrize(
    ("stem", "name"),
    [("digits-my space", "digits-my-space-001"), ("../../x", "x-001"), ("ä/", "run-001"), ("d-" + "x" * 200, None)],
)
def test_a_free_name_is_one_that_is_allowed(tmp_path, stem, name, made):
    found = free_name(tmp_path, stem)
    assert name in (found, None)
    assert Settings(name=found)


def test_a_run_finds_its_study_where_it_was_made_whatever_the_environment_says(tmp_path, monkeypatch, made):
    monkeypatch.chdir(tmp_path)
    other = "postgresql://me:secret@host/other"
    journal = made(tmp_path, "journal").load()
    assert with_storage(journal, None, other).settings.resources.storage is None
    with pytest.raises(SettingsError, match=r"keeps its study in .*study\.journal, not in a database: leave --storage"):
        with_storage(journal, "sqlite:///x.db")
    sqlite = made(tmp_path, "sqlite", storage="sqlite:////a/b.db").load()
    assert with_storage(sqlite, None, other).settings.resources.storage == "sqlite:////a/b.db"
    assert with_storage(sqlite, "sqlite:///moved.db").settings.resources.storage == f"sqlite:///{tmp_path}/moved.db"
    hidden = made(tmp_path, "hidden", storage=other).load()
    assert with_storage(hidden, None, other).settings.resources.storage == other
    with pytest.raises(SettingsError, match=r"storage postgresql://me:\*\*\*@host/other needs its password"):
        with_storage(hidden, None)


def test_looking_into_a_database_that_is_not_there_makes_none(tmp_path, made):
    url = f"sqlite:///{tmp_path}/no.db"
    with open_storage(tmp_path / "journal", url, read_only=True) as storage:
        assert not has_study(storage, "x")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_of_an_earlier_run_is_not_taken_for_a_new_one(tmp_path, made):
    folder = made(tmp_path, "x")
    folder.settings.unlink()
    for file in (folder.journal, folder.trials_csv, folder.leaderboard_csv, folder.best_model, folder.winner_space):
        file.write_text("of before")
        with pytest.raises(
            NameTaken, match="has files of an earlier run: choose another --name, or remove that folder"
        ):
            made(tmp_path, "x")
        file.unlink()
    assert made(tmp_path, "x").load().settings.plan.epochs == 10


def test_a_run_killed_while_it_was_made_leaves_its_space_to_no_other(tmp_path, made):
    folder = RunFolder(tmp_path, "x")
    folder.path.mkdir(parents=True)
    folder.space.write_text(EXAMPLE)
    made(tmp_path, "x", space="mini-grid")
    assert not folder.space.exists()
    folder.space.write_text(EXAMPLE)
    assert folder.load().space.name == "mini-grid"
