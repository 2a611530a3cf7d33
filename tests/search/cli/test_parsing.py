"""How the words of options are understood."""

from __future__ import annotations

import pytest
import typer

from packtune.cli.parsing import duration_s, number, row_count, whole_number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("10 min", None), ("1.5h", 5400), ("2H", 7200), ("0", 0)],
)
def test_durations_have_units(text, seconds):
    if seconds is None:
        with pytest.raises(typer.BadParameter, match="'10 min' is not a duration: give seconds, or .* 90s, 10m or 2h"):
            duration_s(text)
    else:
        assert duration_s(text) == seconds


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (whole_number, "abc", "'abc' is not a whole number, such as 32"),
        (whole_number, "3.5", "'3.5' is not a whole number"),
        (number, "one", "'one' is not a number, such as 0.5"),
        (row_count, "0", "0 is not allowed: give 1 or more"),
        (duration_s, "soon", "'soon' is not a duration"),
        (duration_s, "-3", "'-3' is not a duration"),
        (duration_s, "inf", "'inf' is not a duration"),
    ],
)
def test_what_is_not_understood_is_quoted(read, text, message):
    with pytest.raises(typer.BadParameter, match=message):
        read(text)
