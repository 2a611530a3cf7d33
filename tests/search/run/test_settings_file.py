"""The file of settings: what it holds, what it leaves out, and what is wrong with a damaged one."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.data.catalog import DATASETS
from packtune.errors import RunError, SettingsError
from packtune.models.hardware.device import Device
from packtune.run.settings_file import read_settings, write_settings
from packtune.settings import Resources, SearchPlan, Settings

NAMES = ["name", "run_id", *(f.name for record in (SearchPlan, Resources) for f in dataclasses.fields(record))]

texts = st.text(max_size=30)
anywhere = st.builds(
    Settings,
    name=st.just("x"),
    plan=st.builds(
        SearchPlan,
        data=st.sampled_from(list(DATASETS)),
        space=st.sampled_from(["wide", "my spaces/größe.toml", 'a"b\\c.toml']) | texts,
        replicates=st.integers(1, 10**6),
    ),
    resources=st.builds(
        Resources,
        data_dir=st.none() | texts.filter(lambda text: "\0" not in text).map(Path),
        device=st.none() | st.sampled_from(Device),
        address=st.none() | st.sampled_from(["auto", "local", "10.0.0.1:6379"]) | texts,
        storage=st.none() | st.sampled_from(["sqlite:///studies.db", "postgresql://me@host:5432/db"]),
    ),
)


@given(anywhere)
def test_places_and_words_are_read_as_they_were_written(tmp_path_factory, settings):
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    write_settings(settings, path)
    assert read_settings(path) == settings


@given(st.text(min_size=1, max_size=20).map(lambda text: text.replace("/", "").replace("@", "") + "hunter2"))
def test_no_password_reaches_the_file_nor_is_any_other_part_lost(tmp_path_factory, password):
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    resources = Resources(storage=f"postgresql://me:{password}@host:5432/db")
    write_settings(Settings(name="x", resources=resources), path)
    assert b"hunter2" not in path.read_bytes()
    assert read_settings(path).resources.storage == "postgresql://me:***@host:5432/db"


def test_the_file_is_toml_that_leaves_out_what_is_none(tmp_path):
    write_settings(Settings(name="x", resources=Resources(data_dir=Path("my data"))), tmp_path / "settings.toml")
    values = tomllib.loads((tmp_path / "settings.toml").read_text())
    assert values.keys() == set(NAMES) - {
        "own", "finalists", "report_trainings", "pack_size", "workers", "gpus_per_worker", "address", "storage",
        "time_budget_s", "changes", "narrowed", "version", "stop_at", "patience", "stops_from", "ended_by",
        "asked_trials", "network",
    }  # fmt: skip
    assert (values["data_dir"], values["protocol"], values["halving"]) == ("my data", "search", True)


def test_what_is_left_open_is_written_as_auto(tmp_path):
    settings = Settings(name="x", plan=SearchPlan(precision=None, lookahead=None))
    write_settings(settings, tmp_path / "settings.toml")
    values = tomllib.loads((tmp_path / "settings.toml").read_text())
    assert (values["precision"], values["lookahead"], values["device"]) == ("auto", "auto", "auto")
    assert read_settings(tmp_path / "settings.toml") == settings


def test_a_file_from_before_a_setting_existed_gets_its_default(tmp_path):
    (tmp_path / "settings.toml").write_text("name = 'x'\nepochs = 3\nmeasure_packs = true\n")
    assert read_settings(tmp_path / "settings.toml") == Settings(name="x", plan=SearchPlan(epochs=3, lookahead=4))


@pytest.mark.parametrize("name", [name for name in NAMES if len(name) > 3])
def test_a_misspelt_setting_gets_the_right_one(tmp_path, name):
    path = tmp_path / "settings.toml"
    path.write_text(f"name = 'x'\n{name[:-2]}{name[-1]}{name[-2]}x = 1\n")
    with pytest.raises(SettingsError, match=f"settings .*settings.toml: unknown setting .*Did you mean '{name}'"):
        read_settings(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("trials = 'many'", "trials = 'many' is not allowed: give a whole number; correct it"),
        ("trials = 3.0", "trials = 3.0 is not allowed: give a whole number"),
        ("trials = true", "trials = True is not allowed: give a whole number"),
        ("lookahead = 'many'", "lookahead = 'many' is not allowed: give a whole number"),
        ("halving = 1", "halving = 1 is not allowed: give true or false"),
        ("data = []", r"data = \[\] is not allowed: give a text"),
        ("data_dir = false", "data_dir = False is not allowed: give a text"),
        ("protocol = 3", "protocol = 3 is not allowed: give a text"),
        ("protocol = 'serch'", "unknown protocol.*'search'"),
        ("cpus_per_worker = 'one'", "cpus_per_worker = 'one' is not allowed: give a number"),
        ("time_budget_s = inf", "time_budget = inf is not allowed"),
        ("epochs = 0", "epochs = 0 is not allowed"),
        ("storage = 3", "storage = 3 is not allowed: give a text"),
        ("storage = '//me:hunter2@host'", "no database URL"),
        ("time_budget_s = nan", "time_budget = nan is not allowed"),
        ("device = 'gpu'", "unknown device 'gpu'.* Allowed: auto, cpu, cuda"),
        ("precision = 'float16'", "unknown precision 'float16'.*Did you mean 'bfloat16'"),
    ],
)
def test_values_of_a_wrong_kind_are_refused(tmp_path, line, message):
    (tmp_path / "settings.toml").write_text(f"name = 'x'\n{line}\n")
    with pytest.raises(SettingsError, match=message):
        read_settings(tmp_path / "settings.toml")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"name = ", b"name = 'x'\nname = 'y'\n"])
def test_a_file_that_is_no_toml_is_named(tmp_path, content):
    (tmp_path / "settings.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"cannot read the settings .*/settings\.toml: .*restore the file"):
        read_settings(tmp_path / "settings.toml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"cannot read the settings .*/none\.toml: .*No such file"):
        read_settings(tmp_path / "none.toml")


def test_settings_that_cannot_be_written_name_the_path(tmp_path):
    with pytest.raises(RunError, match=r"cannot write .*/gone/settings\.toml: No such file or directory"):
        write_settings(Settings(name="x"), tmp_path / "gone" / "settings.toml")


@given(
    path=st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name)
    | st.text(max_size=20).map(os.fsencode)
)
def test_paths_of_any_bytes_are_read_as_they_were_written(tmp_path_factory, path):
    name = os.fsdecode(path)
    data_dir = Path("/data", name)
    settings = Settings(name="x", plan=SearchPlan(space=f"{name}.toml"), resources=Resources(data_dir=data_dir))
    file = tmp_path_factory.mktemp("settings") / "settings.toml"
    write_settings(settings, file)
    assert read_settings(file) == settings
