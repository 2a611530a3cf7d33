"""Conditions that hang on conditions: what is proposed and listed, and which ones are refused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.errors import SpaceError
from packtune.models.configuration import ARCHITECTURE_NAMES, HYPERPARAMETERS, Configuration
from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
from packtune.space.space import Space

DOMAINS = {
    "architecture": Choices(values=ARCHITECTURE_NAMES),
    "depth": IntRange(low=1, high=2),
    "activation": Choices(values=("relu", "tanh")),
    "nesterov": Choices(values=(False, True)),
    "momentum": Choices(values=(0.0, 0.5)),
    "batch_size": Choices(values=(16, 32)),
}


@st.composite
def spaces(draw):
    """Small spaces in which any hyperparameter may depend on any others placed before it, written in any order."""
    names = draw(st.permutations(list(DOMAINS)))[: draw(st.integers(1, len(DOMAINS)))]
    dimensions = []
    for place, name in enumerate(names):
        parents = draw(st.lists(st.sampled_from(names[:place]), unique=True, max_size=2)) if place else []
        when = {
            parent: tuple(draw(st.lists(st.sampled_from(list(DOMAINS[parent].enumerate())), min_size=1, unique=True)))
            for parent in parents
        }
        dimensions.append(Dimension(name=name, domain=DOMAINS[name], when=when))
    return Space(name="test", dimensions=tuple(draw(st.permutations(dimensions))))


def holds(space, values):
    """Tell whether exactly those dimensions have values whose conditions hold for these values."""
    return all(
        (d.name in values) == all(parent in values and values[parent] in allowed for parent, allowed in d.when.items())
        for d in space.dimensions
    )


def frozen(values):
    return tuple(sorted(values.items()))


@given(spaces())
def test_a_list_has_each_assignment_in_which_every_condition_is_kept_once(space):
    absent = object()
    names = [dimension.name for dimension in space.dimensions]
    expected = set()
    for combination in itertools.product(*([absent, *DOMAINS[name].enumerate()] for name in names)):
        values = {name: value for name, value in zip(names, combination, strict=True) if value is not absent}
        if holds(space, values):
            expected.add(frozen(values))
    listed = [frozen(values) for values in space.enumerate()]
    assert set(listed) == expected
    assert len(listed) == len(expected)


@given(spaces(), st.data())
def test_a_proposal_is_one_of_the_list_with_defaults_for_what_does_not_apply(space, data):
    asked = {}

    def suggest(dimension):
        assert dimension.name not in asked
        asked[dimension.name] = data.draw(st.sampled_from(list(dimension.domain.enumerate())))
        return asked[dimension.name]

    proposed = Configuration.from_dict(space.choose(suggest))
    assert holds(space, asked)
    assert proposed.as_dict() == Configuration().as_dict() | asked


def chain(*links, **wheres):
    return [Dimension(name=name, domain=DOMAINS[name], when=wheres.get(name, {})) for name in links]


def test_what_hangs_on_a_value_that_is_not_asked_for_is_not_asked_for_either():
    space = Space(
        name="test",
        dimensions=tuple(
            chain(
                "momentum",
                "nesterov",
                "architecture",
                nesterov={"architecture": ("mlp",)},
                momentum={"nesterov": (False,)},
            )
        ),
    )
    assert [dimension.name for dimension in space.dimensions] == ["architecture", "nesterov", "momentum"]
    for architecture, names in (("cnn", ["architecture"]), ("mlp", ["architecture", "nesterov", "momentum"])):
        asked = []
        values = {"architecture": architecture, "nesterov": False, "momentum": 0.5}
        space.choose(lambda dimension, asked=asked, values=values: asked.append(dimension.name) or values[asked[-1]])
        assert asked == names


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"depth": {"depth": (1,)}}, "conditions of depth go round in circles: remove one"),
        (
            {"depth": {"nesterov": (True,)}, "nesterov": {"momentum": (0.5,)}, "momentum": {"depth": (1,)}},
            "conditions of depth, momentum, nesterov go round in circles",
        ),
        ({"depth": {"momentun": (0.5,)}}, "'depth': its condition names 'momentun'.*Did you mean 'momentum'"),
        ({"depth": {"momentum": ()}}, "'depth': its condition on 'momentum' lists no value: give at least one"),
        ({"momentum": {"depth": (3,)}}, r"depth = 3, which the space never proposes \(1 to 2\)"),
        ({"depth": {"momentum": (0.5, 0.7)}}, r"momentum = 0.7, which the space never proposes \(0.0, 0.5\)"),
    ],
)
def test_conditions_that_cannot_be_met_are_refused(when, message):
    with pytest.raises(SpaceError, match=message):
        Space(name="test", dimensions=tuple(chain("depth", "momentum", "nesterov", **when)))


NUMBERS = [name for name, entry in HYPERPARAMETERS.items() if entry.kind in (int, float)]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("end", ["low", "high"])
def test_a_range_may_reach_the_ends_of_what_is_allowed_and_no_farther(name, end):
    entry = HYPERPARAMETERS[name]
    kind = IntRange if entry.kind is int else FloatRange
    bounds = {"low": entry.kind(entry.low), "high": entry.kind(entry.high)}
    assert Space(name="test", dimensions=(Dimension(name=name, domain=kind(**bounds)),))
    beyond = bounds[end] + (1 if end == "high" else -1)
    with pytest.raises(SpaceError, match=f"'{name}': {beyond!r} is not allowed: it must be {entry.allowed}"):
        Space(name="test", dimensions=(Dimension(name=name, domain=kind(**bounds | {end: beyond})),))
