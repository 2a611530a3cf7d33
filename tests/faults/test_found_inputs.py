"""Inputs that fuzzing found: each once got through, or ended in another error than the documented one."""

from __future__ import annotations

import pytest

from search.errors import SpaceError
from search.space_file import parse_space


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hidden_units = " + "9" * 5000, "a whole number has more than 64 bits"),
        ("hidden_units = 0x" + "f" * 5000, "a whole number has more than 64 bits"),
        ("learning_rate = 0x" + "f" * 400, "a whole number has more than 64 bits"),
        ("hidden_units = { low = 1, high = 0x" + "f" * 400 + " }", "a whole number has more than 64 bits"),
        (
            "filters = { choices = [8], when = { depth = 18446744073709551616 } }",
            "a whole number has more than 64 bits",
        ),
        ("depth.low" + ".a" * 5000 + " = 1", "nested too deeply"),
        ("depth = " + "[" * 1500 + "]" * 1500, "nested too deeply"),
    ],
)
def test_toml_beyond_what_can_be_handled_is_refused_as_toml(text, message):
    with pytest.raises(SpaceError, match=f"space x is not valid TOML: {message}. Mend that place"):
        parse_space(text, name="x", source="x")


def test_the_largest_whole_number_of_toml_is_refused_as_a_value():
    with pytest.raises(SpaceError, match="9223372036854775807 is not allowed: it must be a whole number"):
        parse_space(f"hidden_units = {2**63 - 1}", name="x", source="x")
