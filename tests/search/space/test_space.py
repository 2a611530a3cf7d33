"""Spaces: what they propose lies within bounds and conditions; what cannot be searched is refused with reasons."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.errors import SpaceError
from packtune.models.configuration import ACTIVATION_NAMES, HYPERPARAMETERS, Configuration
from packtune.space.builtin.notebook import NOTEBOOK_SPACES
from packtune.space.catalog import SPACES, load_space
from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
from packtune.space.space import Space


def space(*dimensions):
    return Space(name="test", dimensions=dimensions)


def choice(name, *values, when=None):
    return Dimension(name=name, domain=Choices(values=values), when=when or {})


def domains(name):
    hyperparameter = HYPERPARAMETERS[name]
    if hyperparameter.kind is bool:
        return st.sampled_from([(True,), (False,), (False, True)]).map(lambda v: Choices(values=v))
    if hyperparameter.kind is str:
        words = st.lists(st.sampled_from(hyperparameter.choices), min_size=1, unique=True)
        return words.map(lambda values: Choices(values=tuple(values)))
    low, high = hyperparameter.low, hyperparameter.high
    if hyperparameter.kind is int:
        bounds = st.tuples(st.integers(int(low), int(high)), st.integers(int(low), int(high))).map(sorted)
        return st.builds(lambda b, log: IntRange(low=b[0], high=b[1], log=log and b[0] > 0), bounds, st.booleans())
    bounds = st.tuples(st.floats(low, high), st.floats(low, high)).map(sorted)
    return st.builds(lambda b, log: FloatRange(low=b[0], high=b[1], log=log and b[0] > 0), bounds, st.booleans())


@st.composite
def spaces(draw):
    """Spaces of any hyperparameters; those of one architecture carry the condition, in any order."""
    names = draw(st.lists(st.sampled_from(list(HYPERPARAMETERS)), min_size=1, unique=True))
    made = {name: draw(domains(name)) for name in names}
    dimensions = []
    for name, domain in made.items():
        owners = HYPERPARAMETERS[name].only_for.get("architecture", ())
        if "architecture" in made:
            owners = tuple(owner for owner in owners if owner in made["architecture"].values)
        conditional = owners and "architecture" in made
        dimensions.append(Dimension(name=name, domain=domain, when={"architecture": owners} if conditional else {}))
    return space(*dimensions)


def draw_value(data, domain):
    if isinstance(domain, Choices):
        return data.draw(st.sampled_from(domain.values))
    numbers = st.integers if isinstance(domain, IntRange) else st.floats
    return data.draw(numbers(domain.low, domain.high))


@given(spaces(), st.data())
def test_a_proposal_asks_for_what_applies_and_for_nothing_else(proposed, data):
    asked = {}

    def suggest(dimension):
        assert all(asked.get(parent) in allowed for parent, allowed in dimension.when.items())
        asked[dimension.name] = draw_value(data, dimension.domain)
        return asked[dimension.name]

    configuration = Configuration.from_dict(proposed.choose(suggest))
    skipped = {dimension.name: dimension for dimension in proposed.dimensions if dimension.name not in asked}
    for name, value in asked.items():
        assert getattr(configuration, name) == value
    for name, dimension in skipped.items():
        assert not dimension.applies(asked)
        assert getattr(configuration, name) == getattr(Configuration(), name)


@given(spaces(), st.randoms(use_true_random=False))
def test_the_order_in_which_a_space_is_written_does_not_break_its_conditions(proposed, random):
    shuffled = list(proposed.dimensions)
    random.shuffle(shuffled)
    places = {dimension.name: place for place, dimension in enumerate(space(*shuffled).dimensions)}
    for dimension in proposed.dimensions:
        assert all(places[parent] < places[dimension.name] for parent in dimension.when)


@given(st.integers(1, 4), st.integers(1, 3), st.lists(st.sampled_from(ACTIVATION_NAMES), min_size=1, unique=True))
def test_enumeration_is_the_product_of_what_applies(depths, blocks, activations):
    listed = space(
        choice("blocks", *range(1, blocks + 1), when={"architecture": ("cnn",)}),
        choice("architecture", "mlp", "cnn"),
        Dimension(name="depth", domain=IntRange(low=1, high=depths), when={"architecture": ("mlp",)}),
        choice("activation", *activations),
    ).enumerate()
    assert len(listed) == (depths + blocks) * len(activations)
    assert len({tuple(sorted(values.items())) for values in listed}) == len(listed)
    assert all(("depth" in values) == (values["architecture"] == "mlp") for values in listed)


def test_the_mini_grid_changes_one_thing_at_a_time():
    listed = SPACES["mini-grid"].enumerate()
    assert len(listed) == 10
    for units, rows in ((10, listed[:5]), (128, listed[5:])):
        assert all(row["hidden_units"] == units for row in rows)
        assert [sum(row[name] != rows[0][name] for name in row) for row in rows] == [0, 1, 1, 1, 1]
    assert rows[0] | {"hidden_units": 10} == {
        "hidden_units": 10,
        "batch_size": 32,
        "learning_rate": 0.1,
        "momentum": 0.0,
        "activation": "relu",
    }


def test_the_grid_is_the_full_factorial_around_the_mini_grid():
    grid = [tuple(sorted(row.items())) for row in SPACES["grid"].enumerate()]
    assert len(set(grid)) == 32
    assert {tuple(sorted(row.items())) for row in SPACES["mini-grid"].enumerate()} <= set(grid)


@pytest.mark.parametrize("name", SPACES | NOTEBOOK_SPACES)
def test_every_listed_configuration_can_be_made(name):
    known = load_space(name)
    if known.is_enumerable:
        assert all(Configuration.from_dict(values) for values in known.enumerate())
    else:
        with pytest.raises(SpaceError, match="continuous"):
            known.enumerate()


@pytest.mark.parametrize(
    ("dimensions", "message"),
    [
        ([], "no hyperparameters: give at least one"),
        ([choice("learnin_rate", 0.1)], "unknown hyperparameter 'learnin_rate'.*Did you mean 'learning_rate'"),
        ([choice("momentum")], "choices is empty: give at least one"),
        ([choice("momentum", 0.5, 0.5)], "a value twice"),
        ([choice("batch_size", 0)], "0 is not allowed: it must be a whole number from 1 to 8192"),
        ([choice("activation", "rleu")], "'rleu' is not allowed: it must be one of identity, relu"),
        ([Dimension(name="momentum", domain=FloatRange(low=0.9, high=0.1))], "low = 0.9 is above high = 0.1: swap"),
        ([Dimension(name="momentum", domain=FloatRange(low=0, high=0.9, log=True))], "log = true needs low above 0"),
        ([Dimension(name="momentum", domain=FloatRange(low=math.nan, high=0.9))], "must be finite"),
        ([Dimension(name="activation", domain=IntRange(low=0, high=1))], "a range was given"),
        ([choice("filters", 8, when={"architecture": ("cnn",)})], "names 'architecture', which the space does not"),
        (
            [choice("architecture", "mlp"), choice("filters", 8, when={"architecture": ("cnn",)})],
            "architecture = 'cnn', which the space never proposes",
        ),
        (
            [choice("depth", 1, when={"filters": (8,)}), choice("filters", 8, when={"depth": (1,)})],
            "conditions of depth, filters go round in circles",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused(dimensions, message):
    with pytest.raises(SpaceError, match=message):
        space(*dimensions)


def test_a_condition_on_a_huge_range_is_checked_without_listing_it():
    with pytest.raises(SpaceError, match="depth"):
        space(
            choice("momentum", 0.5, when={"depth": (3,)}), Dimension(name="depth", domain=IntRange(low=1, high=10**15))
        )


def test_a_grid_of_too_many_is_refused():
    many = space(
        *(Dimension(name=name, domain=IntRange(low=1, high=256)) for name in ("hidden_units", "batch_size", "filters"))
    )
    with pytest.raises(SpaceError, match=r"more than 100,000 configurations"):
        many.enumerate()


def test_an_unknown_space_gets_the_nearest_name():
    with pytest.raises(SpaceError, match="Did you mean 'mini-grid'"):
        load_space("minigrid")
