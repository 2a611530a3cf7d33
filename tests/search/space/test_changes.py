"""Changes of a space in a few words: read, written again, and what becomes of a space."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.errors import SpaceError
from packtune.models.configuration import HYPERPARAMETERS, Configuration
from packtune.protocol import Protocol
from packtune.space.catalog import SPACES
from packtune.space.change_words import Change, read_changes
from packtune.space.changes import change_space, describe_change
from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
from packtune.space.space import Space


def values_of(name):
    allowed = HYPERPARAMETERS[name]
    if allowed.kind is bool:
        return st.booleans()
    if allowed.kind is str:
        return st.sampled_from(allowed.choices)
    kind = st.integers if allowed.kind is int else st.floats
    return kind(allowed.kind(allowed.low), allowed.kind(allowed.high))


@st.composite
def changes(draw):
    name = draw(st.sampled_from(list(HYPERPARAMETERS)))
    values = values_of(name)
    kind = HYPERPARAMETERS[name].kind
    if kind in (bool, str) or draw(st.booleans()):
        return Change(name=name, domain=Choices(values=tuple(draw(st.lists(values, min_size=1, unique_by=repr)))))
    low, high = sorted([draw(values), draw(values)])
    scaled = draw(st.booleans())
    made = IntRange if kind is int else FloatRange
    return Change(
        name=name, domain=made(low=low, high=high, log=scaled and low > 0 and draw(st.booleans())), scaled=scaled
    )


@given(changes())
def test_a_change_is_read_as_it_was_written(change):
    assert read_changes([str(change)]) == (change,)
    assert read_changes({change.name: str(change).partition("=")[2]}) == (change,)


@given(st.text(max_size=30) | st.tuples(st.sampled_from(list(HYPERPARAMETERS)), st.text(max_size=12)).map("=".join))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        (change,) = read_changes([text])
    except SpaceError as error:
        assert str(error).startswith("set ")
    else:
        assert read_changes([str(change)]) == (change,)


def test_a_program_may_give_values_lists_tables_or_texts():
    given = {
        "learning_rate": {"low": 0.01, "high": 1, "log": True},
        "batch_size": [32, 64],
        "hidden_units": "16..64",
        "activation": "relu",
        "momentum": 0,
    }
    assert [str(change) for change in read_changes(given)] == [
        "activation=relu",
        "batch_size=32,64",
        "hidden_units=16..64",
        "learning_rate=0.01..1.0:log",
        "momentum=0.0",
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["learning_rate"], "set 'learning_rate' is not understood: give NAME=VALUE"),
        (["=3"], "is not understood"),
        (["learning_rat=1"], "unknown hyperparameter 'learning_rat'. Did you mean 'learning_rate'"),
        ({"learning_rat": 1}, "Did you mean 'learning_rate'"),
        (
            ["learning_rate=1000"],
            "learning_rate=1000.0 is not allowed: .* must be a number from 1e-08 to 100",
        ),
        (["batch_size=32.5"], "batch_size=32.5 is not allowed: batch_size must be a whole number from 1 to 8192"),
        (["batch_size=32,,64"], "batch_size= is not allowed"),
        (["activation=rellu"], "Did you mean 'relu'"),
        (["nesterov=maybe"], "nesterov must be true or false"),
        (["learning_rate=1..2:lgo"], "'lgo' is no scale: write :log or :linear"),
        (["momentum=0..0.9:log"], "log = true needs low above 0"),
        (["hidden_units=64..8"], "low = 64 is above high = 8: swap them"),
        (["batch_size=32,32"], "has a value twice"),
        (
            ["learning_rate=1", "learning_rate=2"],
            "learning_rate=1.0 and set learning_rate=2.0 contradict",
        ),
        ({"filters": {"choices": [8], "when": {"architecture": "cnn"}}}, "a condition is not allowed here"),
        ({"learning_rate": None}, "is not a single value"),
    ],
)
def test_what_is_wrong_is_named(given, message):
    with pytest.raises(SpaceError, match=message):
        read_changes(given)


def changed(space, *texts):
    return change_space(SPACES[space], read_changes(texts))


def domain(space, name):
    return next(each.domain for each in space.dimensions if each.name == name)


def test_a_range_of_a_space_is_narrowed_and_keeps_its_scale():
    assert domain(changed("sgd", "learning_rate=0.01..0.1"), "learning_rate") == FloatRange(
        low=0.01, high=0.1, log=True
    )
    linear = domain(changed("sgd", "learning_rate=0.01..0.1:linear"), "learning_rate")
    assert linear == FloatRange(low=0.01, high=0.1)
    assert domain(changed("sgd", "weight_decay=0..0.1"), "weight_decay") == FloatRange(low=0.0, high=0.1)


def test_a_range_keeps_the_choices_inside_it():
    assert domain(changed("sgd", "batch_size=32..128"), "batch_size") == Choices(values=(32, 64, 128))
    with pytest.raises(SpaceError, match="none of its values between: 16, 32, .*such as batch_size=20"):
        changed("sgd", "batch_size=20..30")


def test_what_can_never_apply_is_left_out_and_said():
    space = changed("sgd", "architecture=mlp", "batch_size=48")
    assert {"filters", "kernel_size"}.isdisjoint(each.name for each in space.dimensions)
    assert describe_change(SPACES["sgd"], space) == [
        "Space sgd with architecture mlp; batch_size 48. Left out, as they never apply now: filters, kernel_size."
    ]
    assert describe_change(SPACES["sgd"], SPACES["sgd"]) == []


def test_a_hyperparameter_that_the_space_left_at_its_default_is_added_where_it_counts():
    added = {each.name: each for each in changed("sgd", "blocks=1..3", "pooling=2").dimensions}
    assert (added["blocks"].domain, added["blocks"].when) == (IntRange(low=1, high=3), {"architecture": ("cnn",)})
    assert added["pooling"].when == {"architecture": ("cnn",)}
    alone = {each.name: each for each in changed("sgd", "blocks=1..3", "architecture=cnn").dimensions}
    assert alone["blocks"].when == {}


@pytest.mark.parametrize(
    ("space", "texts", "message"),
    [
        ("sgd", ["filters=8", "architecture=mlp"], "filters counts only where architecture = cnn, which is never"),
        ("sgd", ["blocks=1", "architecture=mlp"], "blocks counts only where architecture = cnn, which is never"),
        ("grid", ["filters=8"], "filters counts only where architecture = cnn or overlap-cnn"),
        (
            "mini-grid",
            ["hidden_units=64"],
            "a list of configurations, and has none with that: hidden_units is 10, 128",
        ),
        ("mini-grid", ["hidden_units=200..300"], "has none with that"),
        ("mini-grid", ["dropout=0,0.2"], "all with the default of dropout: give it one value"),
        ("mini-grid", ["filters=8"], "no configuration of the space 'mini-grid' uses filters"),
    ],
)
def test_a_change_that_can_have_no_effect_is_refused(space, texts, message):
    with pytest.raises(SpaceError, match=message):
        changed(space, *texts)


def test_of_a_list_those_with_the_values_are_left_and_all_get_what_it_leaves_at_its_default():
    space = changed("mini-grid", "hidden_units=10", "dropout=0.2")
    assert len(space.listed) == 5
    assert {row["dropout"] for row in space.listed} == {0.2}
    assert space.protocol is Protocol.NOTEBOOK
    assert space.listed[0] == {**SPACES["mini-grid"].listed[0], "dropout": 0.2}
    (line,) = describe_change(SPACES["mini-grid"], space)
    assert line == "Space mini-grid with hidden_units 10; dropout 0.2. 5 of its 10 configurations are left."


def test_the_order_of_changes_does_not_matter():
    assert changed("sgd", "dropout=0.1", "blocks=2") == changed("sgd", "blocks=2", "dropout=0.1")


def test_every_hyperparameter_of_every_changed_space_makes_a_configuration():
    for name in HYPERPARAMETERS:
        value = Configuration().as_dict()[name]
        own = Space(name="own", dimensions=(Dimension(name="architecture", domain=Choices(values=("mlp", "cnn"))),))
        parents = {parent: list(users) for parent, users in HYPERPARAMETERS[name].only_for.items()}
        parents.pop("architecture", None)
        space = change_space(own, read_changes({name: [value], **parents}))
        first = space.choose(lambda dimension: dimension.domain.bounds()[0])
        assert space.configuration_of(first)
