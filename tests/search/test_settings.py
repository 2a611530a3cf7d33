"""The settings of a search by stage: what is checked when they are made, and how they are settled."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.errors import SettingsError
from packtune.models.hardware.precision import Precision
from packtune.protocol import Protocol
from packtune.settings import Resources, SearchPlan, Settings


@pytest.mark.parametrize("name", ["trials", "replicates", "epochs", "lookahead", "pack_size"])
def test_counts_of_a_plan_start_at_one(name):
    assert getattr(SearchPlan(**{name: 1}), name) == 1
    with pytest.raises(SettingsError, match=f"^{name} = 0 is not allowed: give 1 or more$"):
        SearchPlan(**{name: 0})


def test_workers_start_at_one():
    assert Resources(workers=1).workers == 1
    with pytest.raises(SettingsError, match="^workers = 0 is not allowed: give 1 or more$"):
        Resources(workers=0)


def test_a_seed_is_one_that_the_generator_of_the_protocol_takes():
    assert SearchPlan(seed=2**63 - 1).seed == 2**63 - 1
    with pytest.raises(SettingsError, match=f"seed = {2**63} is not allowed: give 0 to"):
        SearchPlan(seed=2**63)
    assert SearchPlan(seed=2**32 - 1, protocol=Protocol.NOTEBOOK).seed
    with pytest.raises(SettingsError, match="seed = 4294967296 is not allowed: give 0 to 4294967295"):
        SearchPlan(seed=2**32, protocol=Protocol.NOTEBOOK)


def test_settling_fills_in_what_is_open_and_leaves_the_rest():
    plan = SearchPlan(trials=7, seed=3, halving=False, precision=None)
    settled = plan.settle(precision=Precision.BFLOAT16, lookahead=5)
    assert (settled.precision, settled.lookahead, settled.trials, settled.seed) == (Precision.BFLOAT16, 5, 7, 3)
    assert not settled.halving
    given = SearchPlan(lookahead=9).settle(precision=Precision.BFLOAT16, lookahead=5)
    assert (given.precision, given.lookahead) == (Precision.FLOAT32, 9)


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


def test_a_run_keeps_the_threads_of_its_workers_which_round_what_they_sum():
    settings = Settings(name="x", resources=Resources(cpus_per_worker=2))
    assert (settings.resources.threads, Resources(cpus_per_worker=0.5).threads) == (2, 1)
    assert settings.with_resources(Resources(cpus_per_worker=2.5, workers=3)).resources.workers == 3
    with pytest.raises(SettingsError, match=r"cpus_per_worker = 1 .* with 2 threads each, and 1 would.* Give 2, or"):
        settings.with_resources(Resources(cpus_per_worker=1))
