"""How the options of a new run are completed, and which are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from packtune.errors import SettingsError, SpaceError, UnknownDataset
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.protocol import NOTEBOOK_SEED, Protocol
from packtune.run.folder import RunFolder
from packtune.run.planning import (
    PlanOptions,
    ResourceOptions,
    change_resources,
    check_options,
    choose_resources,
    create_run,
    plan_search,
)
from packtune.settings import Resources, SearchPlan
from packtune.space.source import find_space


def plan(space="wide", data="digits", **options):
    return plan_search(data, find_space(space), PlanOptions(**options))


def test_nothing_said_is_a_search_of_32_trials():
    assert plan() == SearchPlan(trials=32, sampler="tpe", halving=True, confirm=True, epochs=10, seed=0, space="wide")


def test_a_list_is_tried_in_full_without_early_stopping_in_its_own_protocol():
    listed = plan("mini-grid")
    assert (listed.sampler, listed.trials, listed.halving) == ("grid", 10, False)
    assert (listed.protocol, listed.seed) == (Protocol.NOTEBOOK, NOTEBOOK_SEED)
    assert plan("mini-grid", replicates=3).trials == 30
    assert plan("mini-grid", trials=4).trials == 4
    assert plan("mini-grid", trials=40).trials == 10
    assert plan("mini-grid", protocol="search").seed == 0


def test_what_is_said_is_done():
    said = plan(sampler="random", trials=7, epochs=3, seed=5, halving=False, pack_size=2, precision="auto", lookahead=6)
    assert said == SearchPlan(
        sampler="random", trials=7, epochs=3, seed=5, halving=False, pack_size=2, precision=None, lookahead=6
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sampler": "tpee"}, SettingsError, "unknown sampler 'tpee'. Did you mean 'tpe'"),
        ({"sampler": "grid"}, SpaceError, "cannot be tried in full"),
        ({"protocol": "notebok"}, SettingsError, "unknown protocol 'notebok'. Did you mean 'notebook'"),
        ({"precision": "float16"}, SettingsError, "unknown precision 'float16'.*bfloat16"),
        ({"data": "minst"}, UnknownDataset, "Did you mean 'mnist'"),
        ({"replicates": 0}, SettingsError, "replicates = 0 is not allowed: give 1 or more"),
        ({"space": "mini-grid", "replicates": 0}, SettingsError, "replicates = 0 is not allowed: give 1 or more"),
        ({"finalists": 0}, SettingsError, "finalists = 0 is not allowed: give 1 or more"),
        ({"finalists": 3, "confirm": False}, SettingsError, "finalists = 3 is not allowed without confirm"),
        ({"space": "mini-grid", "confirm": True}, SettingsError, "confirm is not allowed in the protocol notebook"),
        ({"prefer": "smal"}, SettingsError, "unknown preference 'smal'. Did you mean 'small'?"),
        ({"space": "mini-grid", "replicates": 3, "halving": True}, SettingsError, "leave --halving out"),
        ({"epochs": 0}, SettingsError, "epochs = 0 is not allowed"),
    ],
)
def test_options_that_are_not_allowed_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        plan(**options)


@pytest.mark.parametrize(
    ("options", "confirm"),
    [({"trials": 7}, False), ({"trials": 8}, True), ({"trials": 7, "finalists": 2}, True), ({"confirm": False}, False)],
)
def test_searches_with_something_to_choose_from_are_confirmed(options, confirm):
    assert plan(**options).confirm is confirm


def test_replicates_of_a_space_with_ranges_are_the_reports():
    assert (plan(replicates=3).replicates, plan(replicates=3).report_trainings) == (1, 3)


def test_replicates_of_a_list_are_all_trained_to_the_end():
    assert plan("mini-grid", replicates=3).halving is False


def test_a_misspelt_option_gets_the_right_name():
    check_options({"trials": 3, "workers": 2})
    with pytest.raises(SettingsError, match="unknown option 'trails'. Did you mean 'trials'"):
        check_options({"trails": 3})


def test_resources_have_defaults_and_whole_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert choose_resources(ResourceOptions()) == Resources()
    said = choose_resources(
        ResourceOptions(data_dir="mnist", storage="sqlite:///x.db", device="cuda", workers=2, checkpoint_interval_s=5)
    )
    assert said == Resources(
        data_dir=tmp_path / "mnist",
        storage=f"sqlite:///{tmp_path}/x.db",
        device=Device.CUDA,
        workers=2,
        checkpoint_interval_s=5,
    )
    with pytest.raises(SettingsError, match="unknown device 'gpu'.*cuda'.* Allowed: auto, cpu, cuda"):
        choose_resources(ResourceOptions(device="gpu"))


def test_a_sitting_takes_over_all_but_the_cluster_and_the_time_budget():
    known = Resources(data_dir=Path("/mnist"), workers=4, address="auto", time_budget_s=9.0, storage="sqlite:////x.db")
    later = change_resources(known, ResourceOptions(workers=2))
    assert later == Resources(data_dir=Path("/mnist"), workers=2, storage="sqlite:////x.db")


def test_a_run_of_a_space_given_in_python_keeps_that_space(tmp_path):
    source = find_space({"hidden_units": {"low": 8, "high": 64}, "learning_rate": [0.1, 0.2]})
    run = create_run(plan_search("digits", source, PlanOptions()), Resources(), source, results=tmp_path)
    assert run.new
    assert run.folder.name == "digits-my-space-001"
    found = RunFolder.find(tmp_path, run.folder.name).load()
    assert found.space.dimensions == run.space.dimensions
    assert found.settings.plan.precision is Precision.FLOAT32
