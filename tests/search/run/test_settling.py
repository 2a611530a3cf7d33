"""What a plan leaves open, settled on the hardware."""

from __future__ import annotations

from dataclasses import replace

import pytest

from packtune.errors import SettingsError
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision, fastest_precision
from packtune.run.settling import advise, settle
from packtune.settings import Placement, Resources, SearchPlan


def placement(at_hand):
    return Placement(device=Device.CPU, workers=None, at_hand=at_hand, cpus_per_worker=1, gpus_per_worker=0)


@pytest.fixture
def new_run(tmp_path, make_folder):
    return lambda **values: make_folder(tmp_path, "x", **values).load()


def test_what_is_left_open_is_settled_once_and_kept_in_the_file(new_run):
    run = new_run(trials=64, lookahead=None, precision=None)
    settled, plan = settle(run, placement(9))
    assert plan.lookahead == 9
    assert plan.precision is fastest_precision(Device.CPU)
    assert settled.settings.plan == plan
    kept = run.folder.load()
    assert (kept.settings.plan.lookahead, kept.settings.plan.precision) == (9, plan.precision)
    assert settle(kept, placement(2))[1] == plan


def test_what_is_of_one_sitting_only_does_not_get_into_the_file(new_run):
    run = new_run(lookahead=None)
    here = replace(run, settings=run.settings.with_resources(Resources(workers=7, time_budget_s=5.0)))
    settle(here, placement(7))
    kept = run.folder.load().settings.resources
    assert (kept.workers, kept.time_budget_s) == (None, None)


@pytest.mark.parametrize(
    ("sampler", "halving", "lookahead"),
    [("grid", False, 9), ("random", False, 9), ("random", True, 4), ("tpe", False, 4)],
)
def test_a_search_in_which_nothing_is_learnt_uses_all_workers(new_run, sampler, halving, lookahead):
    run = new_run(trials=10, lookahead=None, sampler=sampler, halving=halving)
    assert settle(run, placement(9))[1].lookahead == lookahead


def test_workers_that_stay_idle_are_spoken_of_with_what_would_use_them():
    def plan(trials):
        return SearchPlan(trials=trials).settle(precision=Precision.FLOAT32, lookahead=4)

    said = []
    advise([plan(64)], Resources(), placement(4), said.append)
    advise([plan(16)], Resources(), placement(16), said.append)
    assert not said
    advise([plan(64)], Resources(), placement(16), said.append)
    assert said == [
        "There is room for 16 workers, but no more than 4 packs train at once (lookahead, which the leaderboard "
        "depends on): a new run with --lookahead 16 uses them all."
    ]


def test_numbers_that_a_processor_does_not_have_are_refused(new_run):
    begun_elsewhere = new_run(precision=Precision.TF32)
    run = replace(begun_elsewhere, new=True)
    with pytest.raises(SettingsError, match="precision = tf32 is not allowed on a CPU.*give float32, bfloat16 or auto"):
        settle(run, placement(2))
    assert settle(begun_elsewhere, placement(2))[1].precision is Precision.TF32
    assert settle(run, replace(placement(2), device=Device.CUDA))[1].precision is Precision.TF32
