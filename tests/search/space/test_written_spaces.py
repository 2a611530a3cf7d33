"""Spaces written as TOML: read as they were meant, and a mistake is found on its line."""

from __future__ import annotations

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from packtune.errors import SpaceError
from packtune.models.configuration import HYPERPARAMETERS
from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
from packtune.space.file import EXAMPLE, parse_space
from packtune.space.space import Space


def parse(text):
    return parse_space(text, name="mine", source="mine.toml")


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
    bounds = st.tuples(values, values).map(sorted)
    ranges = st.builds(lambda b, log: kind(low=b[0], high=b[1], log=log and b[0] > 0), bounds, st.booleans())
    return choices | ranges


@st.composite
def spaces(draw):
    """Spaces of any hyperparameters; the second may depend on the first."""
    names = draw(st.lists(st.sampled_from(list(HYPERPARAMETERS)), min_size=1, unique=True))
    made = [Dimension(name=name, domain=draw(domains(name))) for name in names]
    if len(made) > 1 and isinstance(made[0].domain, Choices) and draw(st.booleans()):
        when = {names[0]: tuple(draw(st.lists(st.sampled_from(made[0].domain.values), min_size=1, unique=True)))}
        made[1] = Dimension(name=names[1], domain=made[1].domain, when=when)
    return Space(name="mine", description="from mine.toml", dimensions=tuple(made))


def inline(entry):
    if isinstance(entry, dict):
        return "{ " + ", ".join(f"{key} = {inline(value)}" for key, value in entry.items()) + " }"
    return tomli_w.dumps({"x": entry}).removeprefix("x = ").rstrip()


def written(space):
    """Write a space as a person might: with the shortest form of each entry if `when` allows."""
    lines = []
    for dimension in space.dimensions:
        domain = dimension.domain
        if isinstance(domain, Choices):
            entry = {"choices": list(domain.values)}
        else:
            entry = {"low": domain.low, "high": domain.high} | ({"log": True} if domain.log else {})
        if dimension.when:
            entry["when"] = {parent: list(allowed) for parent, allowed in dimension.when.items()}
        elif isinstance(domain, Choices):
            entry = entry["choices"] if len(domain.values) > 1 else domain.values[0]
        lines.append(f"{dimension.name} = {inline(entry)}\n")
    return "".join(lines)


@given(spaces())
def test_a_space_is_read_as_it_was_written(space):
    assert parse(written(space)) == space


@pytest.mark.parametrize("form", ["8", "[8]", "{ value = 8 }", "{ choices = [8] }"])
def test_a_single_value_may_be_written_in_four_ways(form):
    assert parse(f"hidden_units = {form}").dimensions == (Dimension(name="hidden_units", domain=Choices(values=(8,))),)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("learning_rate = 1", Choices(values=(1.0,))),
        ("learning_rate = [1, 0.5]", Choices(values=(1.0, 0.5))),
        ("learning_rate = { low = 1, high = 2 }", FloatRange(low=1.0, high=2.0)),
    ],
)
def test_a_whole_number_of_a_continuous_hyperparameter_is_a_float(text, domain):
    (dimension,) = parse(text).dimensions
    assert dimension.domain == domain
    numbers = domain.values if isinstance(domain, Choices) else (dimension.domain.low, dimension.domain.high)
    assert all(type(number) is float for number in numbers)


@pytest.mark.parametrize("value", ["1.5", '"1"', "true", "[1.0]"])
def test_a_whole_number_is_asked_for_by_its_bounds(value):
    with pytest.raises(SpaceError, match=r"'hidden_units'.*must be a whole number from 1 to 4096"):
        parse(f"hidden_units = {value}")


@given(st.integers(0, len(EXAMPLE.splitlines())), st.sampled_from(["depth = [1, ]]", "= 3", "depth 3", "depth = 1 2"]))
def test_malformed_toml_is_named_with_its_line_and_an_example(place, mistake):
    lines = EXAMPLE.splitlines()
    lines.insert(place, mistake)
    with pytest.raises(SpaceError) as caught:
        parse("\n".join(lines) + "\n")
    first = str(caught.value).splitlines()[0]
    assert first.startswith("space mine.toml is not valid TOML: ")
    assert f"(at line {place + 1}, column " in first
    assert str(caught.value).endswith(EXAMPLE)


def test_a_file_that_breaks_off_is_named_with_the_place_of_its_end():
    with pytest.raises(SpaceError, match="line 2, column 11, the end of the file"):
        parse("depth = 1\nmomentum =")


@pytest.mark.parametrize("text", ["", "# nothing but a remark\n"])
def test_a_file_without_hyperparameters_is_refused(text):
    with pytest.raises(SpaceError, match="has no hyperparameters: give at least one"):
        parse(text)
