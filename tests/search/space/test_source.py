"""A space in each of the ways in which a user gives it: a name, a file, a `Space`, a table."""

from __future__ import annotations

import dataclasses
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.errors import SpaceError
from packtune.models.configuration import HYPERPARAMETERS
from packtune.protocol import Protocol
from packtune.space.catalog import SPACES
from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
from packtune.space.file import EXAMPLE, parse_space, space_to_toml
from packtune.space.source import find_space
from packtune.space.space import Space


def domains(name):
    entry = HYPERPARAMETERS[name]
    if entry.kind is bool:
        values = st.booleans()
    elif entry.kind is str:
        values = st.sampled_from(entry.choices)
    else:
        values = (st.integers if entry.kind is int else st.floats)(entry.kind(entry.low), entry.kind(entry.high))
    choices = st.lists(values, min_size=1, max_size=4, unique=True).map(lambda found: Choices(values=tuple(found)))
    if entry.kind in (bool, str):
        return choices
    kind = IntRange if entry.kind is int else FloatRange
    ranges = st.builds(
        lambda ends, log: kind(low=min(ends), high=max(ends), log=log and min(ends) > 0),
        st.tuples(values, values),
        st.booleans(),
    )
    return choices | ranges


@st.composite
def spaces(draw):
    """Spaces of any hyperparameters; each may have a condition on the first."""
    first, *others = draw(st.lists(st.sampled_from(list(HYPERPARAMETERS)), min_size=1, unique=True))
    leader = Dimension(name=first, domain=draw(domains(first)))
    made = [leader]
    for name in others:
        when = {}
        if isinstance(leader.domain, Choices) and draw(st.booleans()):
            allowed = draw(st.lists(st.sampled_from(leader.domain.values), min_size=1, unique=True))
            when = {first: tuple(allowed)}
        made.append(Dimension(name=name, domain=draw(domains(name)), when=when))
    return Space(name="mine", dimensions=tuple(made))


def test_a_built_in_name_is_found_and_has_no_content():
    found = find_space("sgd")
    assert (found.name, found.space, found.content) == ("sgd", SPACES["sgd"], None)


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_file_is_read_and_its_bytes_are_kept(tmp_path, kind):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"# mine\n" + EXAMPLE.encode())
    found = find_space(kind(path))
    assert found.name == str(path)
    assert found.content == path.read_bytes()
    assert found.space == parse_space(EXAMPLE, name="mine.toml", source=str(path))


def test_what_is_neither_a_name_nor_a_file_is_refused(tmp_path):
    with pytest.raises(SpaceError, match=r"unknown space 'wid'. Did you mean 'wide'.* Or give a file of your own"):
        find_space("wid")
    with pytest.raises(SpaceError, match=r"cannot read the space .*none\.toml: No such file.*: check the path"):
        find_space(tmp_path / "none.toml")


@given(spaces())
def test_a_space_is_written_and_read_again_as_it_was(space):
    again = parse_space(space_to_toml(space), name="mine", source="mine")
    assert again.dimensions == space.dimensions


@given(spaces())
def test_a_space_that_is_given_as_an_object_is_what_its_run_reads_from_its_content(space):
    found = find_space(space)
    assert found.name == "mine.toml"
    again = parse_space(found.content.decode(), name=found.name, source=found.name)
    assert repr(again.dimensions) == repr(found.space.dimensions)
    assert found.space == space


def test_an_object_keeps_its_protocol_and_gets_the_types_of_its_hyperparameters():
    rate = Dimension(name="learning_rate", domain=Choices(values=(1, 0.5)))
    found = find_space(Space(name="mine", dimensions=(rate,), protocol=Protocol.NOTEBOOK))
    assert found.space.protocol is Protocol.NOTEBOOK
    assert [type(value) for value in found.space.dimensions[0].domain.values] == [float, float]


@given(spaces())
def test_a_table_is_the_same_space_as_its_file(space):
    found = find_space(tomllib.loads(space_to_toml(space)))
    assert found.space.dimensions == space.dimensions
    assert found.name == "my-space.toml"


def test_a_table_may_have_tuples_and_numbers_of_numpy():
    found = find_space(
        {
            "activation": ("relu", "tanh"),
            "momentum": list(np.linspace(0, 0.5, 3)),
            "learning_rate": {"low": np.float64(0.1), "high": 1},
        }
    )
    assert found.space == find_space(
        {
            "activation": ["relu", "tanh"],
            "momentum": [0.0, 0.25, 0.5],
            "learning_rate": {"low": 0.1, "high": 1.0},
        }
    ).space  # fmt: skip
    assert b"np." not in found.content


MISTAKES = [
    "learningrate = 0.1",
    "momentum = { low = 0.1 }",
    "momentum = { low = 0.1, high = 0.5, logg = true }",
    'momentum = { low = "a", high = "b" }',
    "momentum = { choices = 0.1 }",
    "momentum = { low = 0.1, high = 0.5, log = 1 }",
    "momentum = [[0.1]]",
    "momentum = { value = 0.5, when = 3 }",
    "momentum = 2020-01-01",
    "momentum = 2.0",
    "momentum = []",
    "momentum = { value = 0.5, when = { depth = 1 } }",
    "",
]


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_a_table_is_named_as_in_a_file(text):
    with pytest.raises(SpaceError) as of_table:
        find_space(tomllib.loads(text))
    with pytest.raises(SpaceError) as of_file:
        parse_space(text, name="my-space", source="given as a table")
    assert str(of_table.value) == str(of_file.value)


@pytest.mark.parametrize("value", [None, {1, 2}, object, np.zeros(2)])
def test_a_value_that_no_file_can_have_is_refused(value):
    with pytest.raises(SpaceError, match="space given as a table, hyperparameter 'momentum': .* is not a single value"):
        find_space({"momentum": value})


def test_a_space_that_lists_its_configurations_is_refused_as_an_object():
    with pytest.raises(SpaceError, match="lists its configurations, which its file cannot hold: leave `listed` out"):
        find_space(SPACES["mini-grid"])
    assert find_space(dataclasses.replace(SPACES["mini-grid"], listed=())).space.is_enumerable
