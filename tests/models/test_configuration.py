"""What a configuration accepts, refuses and says when it refuses."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.models.configuration import HYPERPARAMETERS, Configuration

NUMBERS = {name: entry for name, entry in HYPERPARAMETERS.items() if entry.kind in (int, float)}
WORDS = {name: entry for name, entry in HYPERPARAMETERS.items() if entry.kind is str}
BOOLEANS = [name for name, entry in HYPERPARAMETERS.items() if entry.kind is bool]


def allowed_values(entry):
    """Draw what a hyperparameter allows."""
    if entry.kind is bool:
        return st.booleans()
    if entry.kind is str:
        return st.sampled_from(entry.choices)
    if entry.kind is int:
        return st.integers(int(entry.low), int(entry.high))
    return st.floats(entry.low, entry.high)


def outside(entry):
    """Draw numbers beyond the bounds, infinities and whole numbers too large for a float among them."""
    below = st.floats(max_value=entry.low, exclude_max=True)
    above = st.floats(min_value=entry.high, exclude_min=True)
    if entry.kind is int:
        below, above = st.integers(max_value=int(entry.low) - 1), st.integers(min_value=int(entry.high) + 1)
    return below | above | st.sampled_from([10**400, -(10**400)])


any_values = st.fixed_dictionaries({name: allowed_values(entry) for name, entry in HYPERPARAMETERS.items()})


def test_every_field_is_a_hyperparameter_in_the_same_order():
    assert [field.name for field in dataclasses.fields(Configuration)] == [*HYPERPARAMETERS, "own"]


def test_the_default_is_the_baseline_of_the_reference():
    baseline = Configuration()
    assert (baseline.architecture, baseline.depth, baseline.hidden_units) == ("mlp", 1, 10)
    assert (baseline.activation, baseline.dropout) == ("relu", 0.0)
    assert (baseline.batch_size, baseline.learning_rate, baseline.momentum) == (32, 0.1, 0.0)
    assert (baseline.nesterov, baseline.weight_decay) == (False, 0.0)


@given(any_values)
def test_values_survive_the_way_to_a_dict_and_back(values):
    configuration = Configuration(**values)
    assert configuration.as_dict() == values
    assert list(configuration.as_dict()) == list(HYPERPARAMETERS)
    assert Configuration.from_dict(configuration.as_dict()) == configuration
    assert hash(Configuration.from_dict(values)) == hash(configuration)


@given(st.data())
def test_names_left_out_get_the_defaults(data):
    names = data.draw(st.sets(st.sampled_from(list(HYPERPARAMETERS))))
    values = {name: data.draw(allowed_values(HYPERPARAMETERS[name])) for name in names}
    assert Configuration.from_dict(values).as_dict() == Configuration().as_dict() | values


@pytest.mark.parametrize("name", NUMBERS)
def test_both_bounds_are_allowed(name):
    entry = NUMBERS[name]
    for bound in (entry.low, entry.high):
        assert getattr(Configuration(**{name: entry.kind(bound)}), name) == bound


@pytest.mark.parametrize("name", NUMBERS)
@given(data=st.data())
def test_numbers_out_of_range_are_refused(name, data):
    value = data.draw(outside(NUMBERS[name]))
    with pytest.raises(ValueError) as caught:
        Configuration(**{name: value})
    article = "a whole number" if NUMBERS[name].kind is int else "a number"
    bounds = f"from {NUMBERS[name].low:g} to {NUMBERS[name].high:g}"
    assert str(caught.value) == f"{name} = {value!r} is not allowed: it must be {article} {bounds}"


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [True, False, math.nan, math.inf, -math.inf, "1", None, [1], 1j], ids=repr)
def test_what_is_no_number_is_refused(name, value):
    with pytest.raises(ValueError, match=rf"^{name} = .* is not allowed: it must be a (whole )?number from"):
        Configuration(**{name: value})


@pytest.mark.parametrize("name", [name for name, entry in NUMBERS.items() if entry.kind is int])
def test_a_float_is_no_whole_number(name):
    with pytest.raises(ValueError, match=f"{name} = 2.0 is not allowed: it must be a whole number"):
        Configuration(**{name: 2.0})


@pytest.mark.parametrize("name", [name for name, entry in NUMBERS.items() if entry.kind is float and entry.high > 1])
def test_a_whole_number_is_a_number(name):
    assert getattr(Configuration(**{name: 1}), name) == 1


@pytest.mark.parametrize("name", BOOLEANS)
@pytest.mark.parametrize("value", [0, 1, 0.0, "true", None], ids=repr)
def test_only_a_bool_is_a_bool(name, value):
    with pytest.raises(ValueError, match=f"{name} = .* is not allowed: it must be true or false"):
        Configuration(**{name: value})


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("value", ["", "reLU", "mlp ", 0, None, True, ["mlp"]], ids=repr)
def test_other_words_are_refused_with_the_allowed_ones(name, value):
    words = ", ".join(WORDS[name].choices)
    with pytest.raises(ValueError, match=f"{name} = .* is not allowed: it must be one of {words}"):
        Configuration(**{name: value})


def test_unknown_names_are_refused():
    with pytest.raises(TypeError, match="learning_rte"):
        Configuration.from_dict({"learning_rte": 0.1})


def test_configurations_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Configuration().depth = 2
    with pytest.raises(ValueError, match="depth = 9 is not allowed"):
        dataclasses.replace(Configuration(), depth=9)


@given(any_values)
def test_values_count_where_their_conditions_hold(values):
    configuration = Configuration(**values)
    idle = {
        name
        for name, entry in HYPERPARAMETERS.items()
        if any(values[parent] not in allowed for parent, allowed in entry.only_for.items())
    }
    assert configuration.counting() == {name: value for name, value in values.items() if name not in idle}


@given(any_values)
def test_the_values_used_are_enough_to_train_alike(values):
    configuration = Configuration(**values)
    used = configuration.used()
    assert Configuration(**used).counting() == configuration.counting()
    left_out = configuration.counting().keys() - used.keys()
    assert all(HYPERPARAMETERS[name].optional for name in left_out)
    assert all(values[name] == getattr(Configuration(), name) for name in left_out)


def test_optional_hyperparameters_are_told_only_where_they_are_used():
    assert list(Configuration().used())[-1] == "weight_decay"
    used = Configuration(optimizer="adamw", schedule="cosine", beta2=0.99).used()
    assert {"optimizer": "adamw", "schedule": "cosine", "beta2": 0.99}.items() <= used.items()
    assert not {"momentum", "nesterov", "beta1", "alpha", "drops", "warmup"} & used.keys()


def test_conditions_are_on_words_that_count_always():
    for entry in HYPERPARAMETERS.values():
        for parent, allowed in entry.only_for.items():
            assert set(allowed) <= set(HYPERPARAMETERS[parent].choices)
            assert not HYPERPARAMETERS[parent].only_for
