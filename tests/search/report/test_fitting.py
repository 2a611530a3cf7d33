"""Text that fits into the lines of a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from packtune.report.fitting import column_widths, fit_table, wrap, write_list

WORDS = st.text(alphabet="abc-_.", min_size=1, max_size=12)
LINES = st.lists(WORDS, max_size=8).map(" ".join)


@given(st.lists(LINES, max_size=4).map("\n".join), st.integers(1, 60))
def test_wrapping_keeps_every_word_whole_and_in_order(text, width):
    wrapped = wrap(text, width)
    assert wrapped.split() == text.split()
    longest = max((len(word) for word in text.split()), default=0)
    assert all(len(line) <= max(width, longest + 2) for line in wrapped.splitlines())
    assert wrap(text, None) == text


def test_indented_lines_stay_indented():
    assert wrap("  aa bb cc", 7) == "  aa bb\n    cc"


def test_columns_leave_as_they_were_told_and_then_from_the_right():
    names = ["first", "second", "third", "fourth"]
    fitted = fit_table(names, " ".join, first_out=["third"], width=20)
    assert (fitted.text, fitted.hidden) == ("first second fourth", ("third",))
    assert fit_table(names, " ".join, first_out=["third"], width=13).hidden == ("third", "fourth")
    assert fit_table(names, " ".join, first_out=["third"], width=1).text == "first"
    assert fit_table(names, " ".join, first_out=[], width=None).hidden == ()


@given(st.lists(st.tuples(LINES, LINES, WORDS), min_size=1, max_size=5), st.integers(10, 80))
def test_a_list_is_wrapped_between_words_alone(rows, width):
    table = write_list(["a", "b", "c"], rows, width)
    words = [word for row in rows for cell in row for word in cell.split()]
    assert sorted(set(words)) == sorted({word for line in table.splitlines()[2:] for word in line.split()})
    widths = column_widths([["a", "b", "c"], *rows], width)
    if widths is not None and sum(widths) + 4 <= width:
        assert max(map(len, table.splitlines())) <= width
