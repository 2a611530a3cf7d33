"""A user's own space in TOML: what is read, and what is refused, with its place in the file."""

from __future__ import annotations

import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from packtune.errors import SpaceError
from packtune.space.catalog import load_space
from packtune.space.domains import Choices, FloatRange, IntRange
from packtune.space.file import EXAMPLE, parse_space, read_space
from packtune.space.source import find_space
from packtune.space.space import Space


def parse(text):
    return parse_space(text, name="mine", source="mine.toml")


def test_the_example_is_a_space():
    found = {dimension.name: dimension for dimension in parse(EXAMPLE).dimensions}
    assert found["hidden_units"].domain == IntRange(low=16, high=256, log=True)
    assert found["learning_rate"].domain == FloatRange(low=0.001, high=1.0, log=True)
    assert found["activation"].domain == Choices(values=("relu",))
    assert found["filters"].when == {"architecture": ("cnn",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("momentum = ", "line 1, column 12"),
        ("depth = 1\nmomentum = 0.5]\n", "line 2, column"),
        ("depth = 1\ndepth = 2\n", "Cannot overwrite a value"),
        ("learningrate = 0.1", "Did you mean 'learning_rate'"),
        ("momentum = { low = 0.1 }", "give one of"),
        ("momentum = { low = 0.1, high = 0.5, logg = true }", "unknown key 'logg'. Did you mean 'log'"),
        ('momentum = { low = "a", high = "b" }', "is no range of it"),
        ("momentum = { choices = 0.1 }", "is not a list: write choices"),
        ("momentum = { low = 0.1, high = 0.5, log = 1 }", "must be true or false"),
        ("momentum = [[0.1]]", "is not a single value"),
        ("momentum = { value = 0.5, when = 3 }", "is no table"),
        ("momentum = 2020-01-01", "is not a single value"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, message):
    with pytest.raises(SpaceError, match=message):
        parse(text)


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(SpaceError, match=r"cannot read the space .*none\.toml: No such file"):
        read_space(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"momentum = \xff")
    with pytest.raises(SpaceError, match=r"not UTF-8 text \(byte 11\)"):
        read_space(tmp_path / "bytes.toml")


def space_or_error(text):
    try:
        assert isinstance(parse(text), Space)
    except SpaceError as error:
        assert "mine" in str(error)


@given(st.text(max_size=200))
@example("a" + "[" * 5000)
@settings(max_examples=300)
def test_any_text_is_a_space_or_a_clear_error(text):
    space_or_error(text)


@given(st.data())
@settings(max_examples=300)
def test_any_damage_to_the_example_is_a_space_or_a_clear_error(data):
    start = data.draw(st.integers(0, len(EXAMPLE)))
    end = data.draw(st.integers(start, min(len(EXAMPLE), start + 20)))
    inserted = data.draw(st.text(alphabet='abc_=[]{},"\n 0123456789.-+einftru', max_size=12))
    space_or_error(EXAMPLE[:start] + inserted + EXAMPLE[end:])


def test_a_byte_order_mark_is_no_part_of_the_space(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + EXAMPLE.encode())
    assert read_space(path).dimensions == parse_space(EXAMPLE, name="mine", source="mine").dimensions


@pytest.mark.parametrize("name", ["space.yaml", "space.json", "my.spaces/x.yml"])
def test_a_file_of_another_kind_is_told_from_a_misspelt_name(name):
    with pytest.raises(
        SpaceError, match=f"{name} is no space: the file of a space is TOML, and its name ends in .toml"
    ):
        load_space(name)


LOOSE = "\t# an example \r\n\r\nhidden_units\t=  [8, 16]  \t\r\nlearning_rate = { low = 0.1 , high = 0.2 }\t\r\n"


@pytest.mark.parametrize("name", [b"mine.toml", b"caf\xe9.toml", "größe.toml".encode()])
@pytest.mark.parametrize("text", [LOOSE, LOOSE.replace("\r\n", "\n"), "\ufeff" + LOOSE])
def test_line_ends_blanks_tabs_and_names_do_not_matter(tmp_path, name, text):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(text.encode())
    found = find_space(path)
    assert [dimension.name for dimension in found.space.dimensions] == ["hidden_units", "learning_rate"]
    assert found.space.dimensions == read_space(path).dimensions


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_utf_16_is_said_to_be_that(tmp_path, encoding):
    (tmp_path / "x.toml").write_bytes(EXAMPLE.encode(encoding))
    with pytest.raises(SpaceError, match="is UTF-16 text, as some editors write it: save it as UTF-8"):
        read_space(tmp_path / "x.toml")


def test_a_file_in_latin_1_is_said_to_be_no_utf_8(tmp_path):
    (tmp_path / "x.toml").write_bytes("# Größe\ndepth = 1\n".encode("latin-1"))
    with pytest.raises(SpaceError, match=r"is not UTF-8 text \(byte 4\): save it as UTF-8"):
        read_space(tmp_path / "x.toml")
