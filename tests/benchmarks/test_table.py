"""The table of benchmarks: what is written can be read again, and parts made apart are put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from table import Held, Row, from_csv, judge, merge, to_csv, to_markdown, write_tables

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)
rows = st.builds(
    Row,
    number=st.integers(1, 99),
    what=texts,
    against=texts,
    reach=texts,
    values=st.lists(st.integers(-999_999, 999_999).map(float), min_size=1, max_size=4).map(tuple),
    unit=st.sampled_from(["x", "%", "ms"]),
    held=st.sampled_from(Held),
    machine=texts,
    command=texts,
    context=texts,
    remark=texts,
)


def a_row(number=1, **changes):
    given = {"what": "a", "against": "b", "reach": ">= 2x", "values": (3.0,), "unit": "x", "held": Held.YES}
    return Row(**({"number": number, "machine": "m"} | given | changes))


@given(st.lists(rows, max_size=4))
def test_what_was_written_is_read_again(table):
    assert from_csv(to_csv(table)) == table


@given(st.lists(rows, max_size=4))
def test_every_line_of_the_table_has_the_same_cells(table):
    lines = [line for line in to_markdown(table).split("\n") if line.startswith("|")]
    assert len(lines) == len(table) + 2
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_a_part_replaces_just_its_rows(tmp_path):
    write_tables(tmp_path, [a_row(2), a_row(1), a_row(3, machine="one")])
    together = write_tables(tmp_path, [a_row(3, machine="other"), a_row(3, what="more", machine="other")])
    assert [(row.number, row.machine) for row in together] == [(1, "m"), (2, "m"), (3, "other"), (3, "other")]
    written = (tmp_path / "benchmarks.md").read_text()
    assert "- a: m\n- b: other" in written and "one" not in written.split("\n\n")[-1].split()


def test_rows_are_ordered_by_number():
    assert [row.number for row in merge([a_row(9), a_row(2)], [a_row(10), a_row(1)])] == [1, 2, 9, 10]


@pytest.mark.parametrize(
    ("values", "limits", "held"),
    [
        ((1.0, 2.0, 9.0), {"at_least": 2.0}, Held.YES),
        ((1.0, 1.9, 9.0), {"at_least": 2.0}, Held.NO),
        ((3.0,), {"at_most": 2.9}, Held.NO),
        ((float("nan"),), {"at_least": 1.0}, Held.NO),
    ],
)
def test_the_median_decides(values, limits, held):
    assert judge(values, **limits) is held


def test_a_row_that_was_run_has_values():
    with pytest.raises(ValueError, match="has no values"):
        a_row(values=())
    assert a_row(values=(), held=Held.NOT_RUN).measured == ""


@pytest.mark.parametrize(
    ("values", "unit", "text"),
    [((11.26,), "x", "11.3x"), ((2.0, 1.0, 30.0), "ms", "2 ms (1 ms to 30 ms)"), ((1234.5,), "s", "1234 s")],
)
def test_measured_shows_three_digits(values, unit, text):
    assert a_row(values=values, unit=unit).measured == text
