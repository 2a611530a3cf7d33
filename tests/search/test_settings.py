"""Settings: what their file holds, what it leaves out, and what is wrong with a damaged one."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.cli.options import check_replicates
from packtune.data.catalog import DATASETS
from packtune.dispatch.lookahead import lookahead_for
from packtune.errors import RunError, SettingsError
from packtune.protocol import Protocol
from packtune.run.settings_file import read_settings, write_settings
from packtune.settings import DEVICES, Settings

COUNTS = ("trials", "replicates", "epochs", "lookahead", "pack_size", "workers")
NAMES = [field.name for field in dataclasses.fields(Settings)]

texts = st.text(max_size=30)
where_it_runs = st.builds(
    Settings,
    name=st.just("x"),
    data=st.sampled_from(list(DATASETS)),
    data_dir=st.none() | texts.filter(lambda text: "\0" not in text).map(Path),
    space=st.sampled_from(["wide", "my spaces/größe.toml", 'a"b\\c.toml']) | texts,
    replicates=st.integers(1, 10**6),
    device=st.sampled_from(DEVICES),
    address=st.none() | st.sampled_from(["auto", "local", "10.0.0.1:6379"]) | texts,
    storage=st.none() | st.sampled_from(["sqlite:///studies.db", "postgresql://me@host:5432/db"]),
)


@given(where_it_runs)
def test_places_and_words_are_read_as_they_were_written(tmp_path_factory, settings):
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    write_settings(settings, path)
    assert read_settings(path) == settings


@given(st.text(min_size=1, max_size=20).map(lambda text: text.replace("/", "").replace("@", "") + "hunter2"))
def test_no_password_reaches_the_file_nor_is_any_other_part_lost(tmp_path_factory, password):
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    write_settings(Settings(name="x", storage=f"postgresql://me:{password}@host:5432/db"), path)
    assert b"hunter2" not in path.read_bytes()
    assert read_settings(path).storage == "postgresql://me:***@host:5432/db"


def test_the_file_is_toml_that_leaves_out_what_is_none(tmp_path):
    write_settings(Settings(name="x", data_dir=Path("my data")), tmp_path / "settings.toml")
    values = tomllib.loads((tmp_path / "settings.toml").read_text())
    assert values.keys() == set(NAMES) - {
        "pack_size", "workers", "gpus_per_worker", "address", "storage", "time_budget_s",
    }  # fmt: skip
    assert (values["data_dir"], values["protocol"], values["halving"]) == ("my data", "search", True)


def test_a_file_from_before_a_setting_existed_gets_its_default(tmp_path):
    (tmp_path / "settings.toml").write_text("name = 'x'\nepochs = 3\n")
    assert read_settings(tmp_path / "settings.toml") == Settings(name="x", epochs=3)


@pytest.mark.parametrize("name", COUNTS)
def test_counts_start_at_one(name):
    assert getattr(Settings(name="x", **{name: 1}), name) == 1
    with pytest.raises(SettingsError, match=f"^{name} = 0 is not allowed: give 1 or more$"):
        Settings(name="x", **{name: 0})


@pytest.mark.parametrize(
    ("at_hand", "trials", "lookahead"), [(1, 32, 4), (4, 32, 4), (6, 32, 6), (64, 32, 8), (64, 500, 64), (64, 3, 4)]
)
def test_a_lookahead_covers_the_workers_where_a_search_is_long_enough(at_hand, trials, lookahead):
    assert lookahead_for(Settings(name="x", trials=trials), at_hand, learns=True) == lookahead
    assert lookahead_for(Settings(name="x", trials=trials), at_hand, learns=False) == max(4, at_hand)


def test_a_lookahead_covers_the_workers_that_were_asked_for_and_are_there():
    assert lookahead_for(Settings(name="x", trials=8, workers=16), 16, learns=True) == 16
    assert lookahead_for(Settings(name="x", trials=8, workers=16), 2, learns=True) == 4


def test_a_lookahead_may_be_found_later_but_is_no_other_word(tmp_path):
    write_settings(Settings(name="x", lookahead="auto"), tmp_path / "settings.toml")
    assert read_settings(tmp_path / "settings.toml").lookahead == "auto"
    with pytest.raises(SettingsError, match="lookahead = 'many' is not allowed: give auto, or a whole number from 1"):
        Settings(name="x", lookahead="many")


def test_a_seed_has_63_bits():
    assert Settings(name="x", seed=2**63 - 1).seed == 2**63 - 1
    with pytest.raises(SettingsError, match=f"seed = {2**63} is not allowed: give 0 to"):
        Settings(name="x", seed=2**63)


@given(st.text(max_size=120))
def test_any_name_is_one_plain_folder_or_refused(name):
    try:
        Settings(name=name)
    except SettingsError as error:
        assert str(error).startswith(f"the name {name!r} is not allowed: use letters, digits")
    else:
        assert Path("runs", name).parts == ("runs", name)
        assert name not in (".", "..")
        assert len(name) <= 100


@pytest.mark.parametrize("name", ["a", "7", "digits-wide-001", "a.b_c-D", "x" * 100])
def test_plain_names_are_allowed(name):
    assert Settings(name=name).name == name


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


def test_a_run_keeps_the_threads_of_its_workers_which_round_what_they_sum():
    settings = Settings(name="x", cpus_per_worker=2)
    assert (settings.threads, Settings(name="x", cpus_per_worker=0.5).threads) == (2, 1)
    assert settings.on_workers(cpus_per_worker=2.5, workers=3).workers == 3
    with pytest.raises(
        SettingsError, match=r"cpus_per_worker = 1 .* trained with 2 threads each.* with 1\. Give 2, or"
    ):
        settings.on_workers(cpus_per_worker=1)


def test_replicates_are_of_a_list_and_all_of_them_are_trained_to_the_end():
    check_replicates(3, "grid", halving=False)
    check_replicates(1, "tpe", halving=True)
    with pytest.raises(SettingsError, match="replicates = 0 is not allowed: give 1 or more"):
        check_replicates(0, "grid", halving=False)
    with pytest.raises(SettingsError, match="not allowed with the sampler tpe: they are of a list"):
        check_replicates(3, "tpe", halving=False)
    with pytest.raises(SettingsError, match="leave --halving out"):
        check_replicates(3, "grid", halving=True)


def test_a_seed_is_one_that_the_protocols_generator_takes():
    assert Settings(name="x", seed=2**63 - 1).seed
    assert Settings(name="x", seed=2**32 - 1, protocol=Protocol.NOTEBOOK).seed
    with pytest.raises(SettingsError, match="seed = 4294967296 is not allowed: give 0 to 4294967295"):
        Settings(name="x", seed=2**32, protocol=Protocol.NOTEBOOK)
