"""How many members packs have: by rule or measured, said once, and the same after a crash."""

from __future__ import annotations

import pytest
from optuna.storages import InMemoryStorage

from data.digits import load
from models.calibration import Calibration
from models.configuration import Configuration
from search.capacities import Capacities, capacities_of, check_measurable
from search.connection import Placement
from search.dispatcher import Dispatcher
from search.errors import RunError, SettingsError
from search.options import parse_pack_size
from search.packing import pack_capacity
from search.settings import Settings
from search.spaces import load_space
from search.study import CAPACITY, create_study, load_study

ON_CPU = Placement(device="cpu", workers=1, at_hand=1, cpus_per_worker=1, gpus_per_worker=0)
NARROW, WIDE = Configuration(hidden_units=10), Configuration(hidden_units=100)


@pytest.fixture
def storage():
    return InMemoryStorage()


def study_of(storage, opening=create_study):
    return opening(storage, "s", space=load_space("wide"), sampler="random", search_seed=0)


def test_by_rule_nothing_is_measured_or_noted(storage):
    said = []
    capacities = Capacities(study_of(storage), "cpu", None, said.append)
    assert [capacities(c) for c in (NARROW, WIDE, WIDE)] == [pack_capacity(c, "cpu") for c in (NARROW, WIDE, WIDE)]
    assert said == [
        "Packs of mlp, depth 1, batch_size 32, hidden_units 9 to 16: up to 32 members (by rule).",
        "Packs of mlp, depth 1, batch_size 32, hidden_units 65 to 128: up to 5 members (by rule).",
    ]
    assert study_of(storage, load_study).capacities() == {}


def test_a_shape_is_measured_once_at_its_widest_and_kept_for_the_run(storage):
    measured, said = [], []

    def measure(configuration, most):
        measured.append((configuration.hidden_units, most))
        return Calibration(step_s={1: 3e-6, 2: 2e-6, 4: 2.5e-6}, members=2)

    capacities = Capacities(study_of(storage), "cpu", measure, said.append)
    assert [capacities(c) for c in (NARROW, Configuration(hidden_units=16), NARROW)] == [2, 2, 2]
    assert measured == [(16, 32)]
    assert said == [
        "Packs of mlp, depth 1, batch_size 32, hidden_units 9 to 16: up to 2 members "
        "(measured: µs of a step and member 3 with 1, 2 with 2, 2 with 4)."
    ]
    later = Capacities(study_of(storage, load_study), "cpu", measure, said.append)
    assert later(NARROW) == 2
    assert len(measured) == 1
    assert said[-1].endswith("up to 2 members (measured before).")


def test_a_real_measurement_gives_packs_that_the_dispatcher_makes(storage):
    settings = Settings(name="s", sampler="random", trials=64, epochs=1, measure_packs=True)
    study = study_of(storage)
    capacities = capacities_of(study, settings, load(), ON_CPU, lambda text: None)
    task = Dispatcher(study, settings, device="cpu", capacity=capacities).next_pack()
    noted = study.capacities()
    assert task is not None
    assert len(noted) == 1
    assert 1 <= len(task.pack.proposals) <= next(iter(noted.values()))


def test_a_size_that_was_given_is_neither_measured_nor_bounded(storage):
    settings = Settings(name="s", sampler="random", trials=64, epochs=1, pack_size=3)

    def measure(configuration):
        raise AssertionError("measured")

    task = Dispatcher(study_of(storage), settings, device="cpu", capacity=measure).next_pack()
    assert task is not None
    assert len(task.pack.proposals) == 3


@pytest.mark.parametrize("damage", [0, -1, "two", 1.5, None, True])
def test_a_damaged_note_is_refused(storage, damage):
    study = study_of(storage)
    study._study.set_user_attr(f"{CAPACITY}mlp", damage)
    with pytest.raises(RunError, match="capacities of the study 's' are damaged"):
        study.capacities()


def test_packs_for_a_gpu_are_measured_only_where_one_is(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    check_measurable(Settings(name="s", measure_packs=True), "cpu")
    check_measurable(Settings(name="s"), "cuda")
    with pytest.raises(SettingsError, match="this one has no GPU"):
        check_measurable(Settings(name="s", measure_packs=True), "cuda")


def test_the_option_is_a_number_or_how_one_is_found():
    assert parse_pack_size("auto") == {"measure_packs": False}
    assert parse_pack_size("measured") == {"measure_packs": True}
    assert parse_pack_size("7") == {"pack_size": 7}
    with pytest.raises(SettingsError, match="give auto, measured, or a whole number from 1"):
        parse_pack_size("many")
