"""A run's settings and its folder: kept whole, without secrets, for one process at a time."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.errors import RunError, SettingsError, UnknownDataset
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.proposals.catalog import SAMPLERS
from packtune.protocol import Protocol
from packtune.run.folder import RunFolder, free_name
from packtune.run.planning import create_run
from packtune.run.settings_file import read_settings, write_settings
from packtune.settings import Resources, SearchPlan, Settings
from packtune.space.catalog import load_space
from packtune.space.file import EXAMPLE
from packtune.space.source import find_space

counts = st.integers(1, 10**6)
plans = st.builds(
    SearchPlan,
    sampler=st.sampled_from(list(SAMPLERS)),
    trials=counts,
    epochs=counts,
    seed=st.integers(0, 2**32 - 1),
    protocol=st.sampled_from(Protocol),
    pack_size=st.none() | counts,
    halving=st.booleans(),
    precision=st.none() | st.sampled_from(Precision),
    lookahead=st.none() | counts,
)
resources_of_any_kind = st.builds(
    Resources,
    data_dir=st.none() | st.just(Path("/some where/mnist")),
    workers=st.none() | counts,
    cpus_per_worker=st.floats(0.01, 64),
    gpus_per_worker=st.none() | st.floats(0, 8),
    device=st.none() | st.sampled_from(Device),
    time_budget_s=st.none() | st.floats(0, 1e6),
)
settings_of_any_kind = st.builds(
    Settings,
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    plan=plans,
    resources=resources_of_any_kind,
)


@given(settings_of_any_kind)
def test_settings_are_read_as_they_were_written(tmp_path_factory, settings):
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    write_settings(settings, path)
    assert read_settings(path) == settings


def test_the_password_of_a_storage_is_not_kept(tmp_path):
    write_settings(
        Settings(name="x", resources=Resources(storage="postgresql://me:hunter2@host/db")), tmp_path / "s.toml"
    )
    text = (tmp_path / "s.toml").read_text()
    assert "hunter2" not in text
    assert "postgresql://me:***@host/db" in text


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "x" * 101, "nul\0"])
def test_a_name_cannot_leave_the_folder_of_runs(name):
    with pytest.raises(SettingsError, match="is not allowed: use letters"):
        Settings(name=name)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"data": "minst"}, UnknownDataset, "Did you mean 'mnist'"),
        ({"epochs": 0}, SettingsError, "epochs = 0 is not allowed: give 1 or more"),
        ({"seed": -1}, SettingsError, "seed = -1"),
        ({"cpus_per_worker": 0}, SettingsError, "cpus_per_worker = 0"),
        ({"cpus_per_worker": float("nan")}, SettingsError, "cpus_per_worker = nan"),
        ({"gpus_per_worker": -0.5}, SettingsError, "gpus_per_worker = -0.5"),
        ({"time_budget_s": -1}, SettingsError, "time_budget = -1"),
        ({"replicates": 0}, SettingsError, "replicates = 0"),
    ],
)
def test_settings_that_are_not_allowed_are_named(make_settings, changes, error, message):
    with pytest.raises(error, match=message):
        make_settings(**changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'x'\nepoch = 3", "unknown setting 'epoch'. Did you mean 'epochs'"),
        ("name = ", "cannot read the settings"),
        ("trials = 3", "name"),
        ("name = 'x'\nprotocol = 'notebok'", "Did you mean 'notebook'"),
    ],
)
def test_a_damaged_settings_file_is_named(tmp_path, text, message):
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        read_settings(tmp_path / "settings.toml")


def test_a_run_is_found_by_name_or_folder_with_its_space_as_it_was(tmp_path):
    space = tmp_path / "mine.toml"
    space.write_text(EXAMPLE)
    folder = RunFolder(tmp_path / "results", "first")
    folder.create(Settings(name="first", plan=SearchPlan(space=str(space))), space.read_bytes())
    space.unlink()
    found = RunFolder.find(tmp_path / "results", "first").load()
    assert {dimension.name for dimension in found.space.dimensions} >= {"architecture", "filters"}
    by_path = RunFolder.find(Path("elsewhere"), str(folder.path)).load()
    assert replace(by_path, folder=found.folder) == found


@pytest.mark.parametrize(("version", "kept"), [("", "sgd"), ("0.1.0", "sgd"), ("0.2.0", "wide")])
def test_a_run_keeps_its_space_when_a_later_version_gives_the_name_to_another(tmp_path, version, kept):
    folder = RunFolder(tmp_path, "old")
    folder.create(Settings(name="old", plan=SearchPlan(space="wide")))
    write_settings(replace(read_settings(folder.settings), version=version), folder.settings)
    found = folder.load().space
    assert found.name == kept
    assert [d.name for d in found.dimensions] == [d.name for d in load_space(kept).dimensions]


def test_a_missing_run_gets_the_nearest_name(tmp_path):
    with pytest.raises(RunError, match="There are no runs yet"):
        RunFolder.find(tmp_path, "frist")
    RunFolder(tmp_path, "first").create(Settings(name="first"))
    with pytest.raises(RunError, match="Did you mean 'first'"):
        RunFolder.find(tmp_path, "frist")


def test_a_run_without_its_settings_is_not_taken_for_another(tmp_path):
    folder = RunFolder(tmp_path, "first")
    folder.create(Settings(name="first"))
    folder.journal.write_text("")
    folder.settings.unlink()
    with pytest.raises(RunError, match=r"the run 'first' has no .*first/settings\.toml: restore that file"):
        RunFolder.find(tmp_path, "first")


def test_an_existing_run_is_not_overwritten(tmp_path):
    RunFolder(tmp_path, "x").create(Settings(name="x"))
    with pytest.raises(RunError, match="packtune resume x"):
        RunFolder(tmp_path, "x").create(Settings(name="x", plan=SearchPlan(epochs=3)))
    assert RunFolder(tmp_path, "x").load().settings.plan.epochs == 10


def test_free_names_count_up(tmp_path):
    assert free_name(tmp_path, "digits-wide") == "digits-wide-001"
    RunFolder(tmp_path, "digits-wide-001").create(Settings(name="digits-wide-001"))
    assert free_name(tmp_path, "digits-wide") == "digits-wide-002"


def create_some(results, start, made):
    wide = find_space("wide")
    start.wait()
    made.put([create_run(SearchPlan(), Resources(), wide, results=results).settings.name for _ in range(8)])


def test_runs_that_begin_at_once_get_names_and_settings_of_their_own(tmp_path):
    context = multiprocessing.get_context("fork")
    start, made = context.Barrier(4), context.Queue()
    processes = [context.Process(target=create_some, args=(tmp_path, start, made)) for _ in range(4)]
    for process in processes:
        process.start()
    names = [name for _ in processes for name in made.get(timeout=60)]
    for process in processes:
        process.join()
    assert sorted(names) == [f"digits-wide-{number:03}" for number in range(1, 33)]
    runs = [RunFolder(tmp_path, name).load().settings for name in names]
    assert [settings.name for settings in runs] == names
    assert len({settings.run_id for settings in runs}) == 32


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "results").write_text("a file in the way")
    with pytest.raises(RunError, match=r"cannot make the folder .*results/runs/x: Not a directory"):
        RunFolder(tmp_path / "results", "x").create(Settings(name="x"))


def test_discarding_leaves_what_is_not_the_runs(tmp_path):
    folder = RunFolder(tmp_path, "x")
    folder.create(Settings(name="x"))
    (folder.path / "notes.txt").write_text("mine")
    folder.discard()
    assert [path.name for path in folder.path.iterdir()] == ["notes.txt"]


def hold(results, held, release):
    with RunFolder(results, "x").locked():
        held.set()
        release.wait(30)


def test_a_run_is_held_by_one_process_until_it_ends(tmp_path):
    folder = RunFolder(tmp_path, "x")
    folder.create(Settings(name="x"))
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path, held, release))
    process.start()
    assert held.wait(30)
    with pytest.raises(RunError, match="in use by another process"), folder.locked():
        pass
    process.kill()
    process.join()
    with folder.locked():
        pass
