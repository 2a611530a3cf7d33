"""Axes, marks and whole charts: where things lie, and that nothing is taken for markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.report.page.charts.axes import category_axis, fitting_axis, linear_axis, log_axis, whole_axis
from packtune.report.page.charts.bars import Bar, draw_bars
from packtune.report.page.charts.interval import draw_interval, draw_interval_axis
from packtune.report.page.charts.marks import Shape, band, line, lines, marks, steps
from packtune.report.page.charts.markup import Markup, element, text
from packtune.report.page.charts.matrix import draw_matrix
from packtune.report.page.charts.panel import Panel, cut, width_of
from packtune.report.page.charts.parallel import Coordinate, draw_parallel

HOSTILE = "<script>alert('&\")</script>\u202e\n"
POINTS = st.lists(st.tuples(st.integers(-900, 900), st.integers(-900, 900)), min_size=1, max_size=60)


def walk(path):
    """Give the points that the commands of a path go to."""
    x = y = 0.0
    start = (x, y)
    points = []
    for command, numbers in re.findall(r"([a-zA-Z])([^a-zA-Z]*)", path):
        values = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", numbers)]
        if command in "zZ":
            x, y = start
        elif command in "hH":
            x = x + values[0] if command == "h" else values[0]
        else:
            for dx, dy in zip(values[::2], values[1::2], strict=True):
                x, y = (dx, dy) if command.isupper() else (x + dx, y + dy)
                points.append((x, y))
            start = (x, y) if command in "mM" else start
    return points


def path_of(markup):
    return ET.fromstring(markup).attrib["d"]


@given(points=POINTS)
def test_dots_lie_where_they_should(points):
    drawn = marks(points, Shape.DOT, "complete")
    assert set(walk(path_of(drawn))[1:]) == {(float(x), float(y)) for x, y in points}
    assert ET.fromstring(drawn).attrib["data-marks"] == str(len(points))


@given(points=POINTS, shape=st.sampled_from([Shape.CROSS, Shape.TRIANGLE]))
def test_other_shapes_lie_around_their_points(points, shape):
    walked = walk(path_of(marks(points, shape, "x")))
    corner = {Shape.CROSS: (-5, -5), Shape.TRIANGLE: (-6, 5)}[shape]
    assert {(float(x + corner[0]), float(y + corner[1])) for x, y in points} <= set(walked)


@given(points=POINTS)
def test_a_line_goes_through_its_points(points):
    walked = walk(path_of(line(points, "best")))
    kept = [(float(x), float(y)) for x, y in points]
    assert walked[0] == kept[0] and walked[-1] == kept[-1]
    assert set(walked) == set(kept)


def test_steps_keep_their_height_up_to_the_next_point():
    assert walk(path_of(steps([(0, 9), (5, 4)], "best"))) == [(0, 9), (5, 9), (5, 4)]


def test_lines_that_fall_together_are_written_once_and_counted_all():
    same = [(0.1, 0.2), (50, 50)]
    drawn = lines([same, same, [(0, 0), (50, 60)]], "other")
    assert drawn.count("M0 0") == 2
    assert 'data-marks="3"' in drawn


def test_nothing_is_drawn_of_nothing():
    assert marks([], Shape.DOT, "x") == lines([], "x") == ""


@given(low=st.floats(1e-6, 1e3), factor=st.floats(1.01, 1e6))
def test_a_log_axis_goes_from_0_to_1(low, factor):
    axis = log_axis("rate", low, low * factor)
    assert axis.place(low) == pytest.approx(0, abs=1e-9)
    assert axis.place(low * factor) == pytest.approx(1)
    assert all(-0.01 <= tick.at <= 1.01 for tick in axis.ticks)


def test_one_value_alone_lies_in_the_middle():
    assert linear_axis("x", 3, 3).place(3) == pytest.approx(0.5)
    assert log_axis("x", 3, 3).place(3) == pytest.approx(0.5)
    assert fitting_axis("x", []).place(0.5) == pytest.approx(0.5)


def test_words_are_kept_apart_from_numbers_and_truth():
    axis = category_axis("x", [1, True, "1"])
    assert [axis.place(value) for value in (1, True, "1")] == pytest.approx([1 / 6, 1 / 2, 5 / 6])


def test_whole_numbers_have_whole_ticks():
    assert [tick.label for tick in whole_axis("depth", 1, 3).ticks] == ["1", "2", "3"]
    assert [tick.label for tick in whole_axis("blocks", 2, 2).ticks] == ["2"]
    assert all(tick.label.isdigit() for tick in whole_axis("units", 8, 128).ticks)


def test_text_from_outside_is_text():
    assert text(HOSTILE) == "&lt;script&gt;alert(&#x27;&amp;&quot;)&lt;/script&gt;\\u202e\\n"
    assert element("g", HOSTILE, class_=HOSTILE).count("<") == 2
    assert element("g", Markup("<a/>")) == "<g><a/></g>"


PANEL = Panel(x=category_axis(HOSTILE, [HOSTILE, "b"]), y=linear_axis(HOSTILE, 0, 1), lane=HOSTILE)
WORDS = Coordinate(name=HOSTILE, axis=category_axis("", [HOSTILE]), lane=HOSTILE)
CHARTS = {
    "panel": PANEL.draw(HOSTILE, band([(0, 0), (9, 9)], [(0, 5), (9, 12)], "s0")),
    "bars": draw_bars(HOSTILE, [Bar(name=HOSTILE, value=0.3, shown="0.3", interval=(0.1, 0.4))]),
    "parallel": draw_parallel(HOSTILE, [WORDS] * 2, {"other": [[HOSTILE, None]]}),
    "matrix": draw_matrix(HOSTILE, [HOSTILE, "b"], [[3, 1], [0, 2]]),
    "large matrix": draw_matrix("m", [f"{HOSTILE}{n}" for n in range(62)], [[1] * 62] * 62),
    "interval": draw_interval(HOSTILE, linear_axis("", 0, 1), 0.5, (0.4, 0.6), "winner"),
    "axis": draw_interval_axis(linear_axis(HOSTILE, 0, 1)),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_sound_and_has_a_title(name):
    root = ET.fromstring(CHARTS[name])
    assert root.attrib["role"] == "img" and root.attrib["aria-label"]
    assert not [each for each in root.iter() if each.tag == "script"]
    assert "\u202e" not in CHARTS[name]


def test_a_matrix_of_few_classes_has_its_numbers_and_one_of_many_says_them():
    assert ">3</text>" in CHARTS["matrix"]
    assert ">1</text>" not in CHARTS["large matrix"]
    assert CHARTS["large matrix"].count("<title>") == 62 * 62


def test_a_row_without_a_value_lies_in_the_lane():
    axis = linear_axis("", 0, 1)
    pair = [Coordinate(name="a", axis=axis, lane="not used"), Coordinate(name="b", axis=axis, lane="no score")]
    drawn = draw_parallel("p", pair, {"other": [[0.5, None], [0.5, 1.0]]})
    assert "no score" in drawn and "not used" not in drawn


def test_a_point_below_the_axis_is_an_arrow():
    assert "◂" in draw_interval("i", linear_axis("", 0.5, 1), 0.1, (0.0, 0.2), "once")


def test_long_words_are_cut_and_wide_ones_take_more_room():
    assert cut("leaky_relu", 6) == "leaky…" and cut("relu", 6) == "relu"
    assert width_of("漢字") > width_of("WW") > width_of("ab")
