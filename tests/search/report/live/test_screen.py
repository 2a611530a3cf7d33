"""What is on the screen of a terminal while a search runs, at several sizes, and while these change."""

from __future__ import annotations

import errno
import io
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from packtune.dispatch.standing import Leader, Pace, PackProgress, StageName
from packtune.models.training.metrics.catalog import Metric
from packtune.report.live.frame import draw, room_in
from packtune.report.live.picture import picture_of
from packtune.report.live.progress import SilentView
from packtune.report.live.terminal import LiveView
from packtune.report.live.views import ForgivingView

SIZES = [(120, 40), (80, 24), (60, 24), (60, 16)]
NO_PACE = Pace(per_minute=0.0, left_s=None)
WAIT_S = 30


def drawn_again(view, terminal, is_right):
    """Wait until the thread that draws has drawn what is expected."""
    deadline_s = time.monotonic() + WAIT_S
    while not is_right(terminal.lines) and time.monotonic() < deadline_s:
        view.stage("")
        time.sleep(0.05)
    return terminal.lines


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_terminal_shows_the_best_trials_the_packs_the_stage_and_the_time_left(terminal, midst, columns, rows):
    shown = terminal(columns, rows)
    view = LiveView(shown.console)
    view.say("Run digits-wide-001 in results/runs/digits-wide-001")
    view.show(midst)
    lines = drawn_again(view, shown, lambda lines: len(lines) > 10)
    assert lines[0] == "Run digits-wide-001 in results/runs/digits-wide-001"
    assert lines[1].startswith("Exploration  ━━━")
    assert "113/200 trials" in lines[1]
    assert lines[2].startswith("34 trials/min, about 3 min ")
    assert lines[2].endswith(" left")
    assert lines[3].startswith("best 0.9873 (trial 117)  ▁")
    assert lines[3].endswith("█")
    assert lines[4].split()[:3] == ["trial", "accuracy", "architecture"]
    assert [line.split()[0] for line in lines[5:10]] == ["117", "31", "3", "4", "9"]
    assert lines[10] == "pack  9  ━━━━━━━─────  6/10 epochs  16 trials of mlp"
    assert lines[11] == "pack 12  ────────────  0/10 epochs  1 trial of cnn"
    view.close()
    assert len(shown.lines) <= 6
    assert "113/200 trials" in shown.lines[1]


def test_hyperparameters_that_differ_come_first_and_those_that_fit_are_whole(terminal, midst):
    headers = picture_of(midst, NO_PACE).leaders.headers
    assert headers[:8] == (
        *("trial", "accuracy", "architecture", "learning_rate", "hidden_units", "batch_size", "depth", "activation"),
    )
    text = draw(picture_of(midst, NO_PACE), room_in(60, 24, only_ascii=False)).plain.split("\n")
    assert text[3].split() == ["trial", "accuracy", "architecture", "learning_rate", "hidden_units"]
    assert text[4].split() == ["117", "0.9873", "mlp", "0.01235", "10"]


def test_few_rows_or_columns_leave_one_line(terminal, midst):
    for columns, rows in ((60, 10), (80, 8), (40, 40)):
        shown = terminal(columns, rows)
        view = LiveView(shown.console)
        view.show(midst)
        lines = drawn_again(view, shown, lambda lines: "trials" in lines[0])
        assert "113/200 trials" in " ".join(lines)
        assert "architecture" not in " ".join(lines)
        view.close()


@pytest.mark.parametrize(("columns", "rows"), [(60, 12), (80, 24), (200, 60), (50, 30)])
def test_the_area_leaves_rows_for_what_is_said_and_never_changes_its_height(midst, columns, rows):
    room = room_in(columns, rows, only_ascii=False)
    empty = replace(midst, leaders=(), rise=(), packs=(), best=None)
    many = replace(midst, packs=midst.packs * 20)
    heights = {draw(picture_of(each, NO_PACE), room).plain.count("\n") for each in (midst, empty, many)}
    assert len(heights) == 1
    assert max(heights) + 1 <= min(rows - 4, 13)


def test_more_packs_than_lines_are_counted(midst):
    text = draw(picture_of(replace(midst, packs=midst.packs * 20), NO_PACE), room_in(80, 24, only_ascii=False)).plain
    assert text.split("\n")[-1] == "and 37 more packs"
    text = draw(picture_of(midst, NO_PACE), room_in(80, 13, only_ascii=False)).plain
    assert "pack" not in text


def test_what_is_said_scrolls_by_above_the_area(terminal, midst):
    shown = terminal(80, 24)
    view = LiveView(shown.console)
    view.show(midst)
    for number in range(40):
        view.say(f"message {number}")
    lines = drawn_again(view, shown, lambda lines: lines[-1].startswith("pack 12"))
    assert len(lines) <= 24
    assert sum(line.startswith("Exploration") for line in lines) == 1
    said = [line for line in lines if line.startswith("message")]
    assert said == [f"message {number}" for number in range(40 - len(said), 40)]
    assert len(said) >= 8
    history = ["".join(row[x].data for x in range(80)).rstrip() for row in shown.screen.history.top]
    assert [*history, *said] == [f"message {number}" for number in range(40)]
    view.close()


def test_resizing_leaves_one_area_that_fits(terminal, midst):
    shown = terminal(120, 40)
    view = LiveView(shown.console)
    view.say("a line that stays")
    view.show(midst)
    drawn_again(view, shown, lambda lines: len(lines) > 10)
    for columns, rows in ((80, 24), (60, 24), (60, 16), (60, 12), (100, 30)):
        shown.resize(columns, rows)
        wanted = draw(picture_of(midst, NO_PACE), room_in(columns, rows, only_ascii=False)).plain.split("\n")[0]
        lines = drawn_again(view, shown, lambda lines, wanted=wanted: wanted in lines)
        assert sum(line.startswith("Exploration") for line in lines) == 1, lines
        assert sum(line.split()[0] == "117" for line in lines if line) == 1, lines
    view.close()


def test_a_terminal_without_unicode_gets_ascii(midst):
    text = draw(picture_of(midst, NO_PACE), room_in(80, 24, only_ascii=True)).plain
    assert text.isascii()
    assert "#####" in text


@pytest.mark.parametrize("stage", StageName)
@pytest.mark.parametrize("metric", [Metric.AUC, Metric.LOG_LOSS])
def test_stage_and_metric_are_named(midst, stage, metric):
    text = draw(
        picture_of(replace(midst, stage=stage, metric=metric), NO_PACE), room_in(80, 24, only_ascii=False)
    ).plain.split("\n")
    assert text[0].startswith(stage.capitalize())
    assert text[2].startswith(f"best {metric.in_words} 0.9873 (trial 117)")
    assert text[3].split()[1] == metric.column


def test_a_view_that_has_nothing_to_show_leaves_no_blank_line(terminal):
    shown = terminal(80, 24)
    view = LiveView(shown.console)
    view.close()
    view = LiveView(shown.console)
    view.say("Run digits-wide-001")
    view.close()
    view.say("said afterwards")
    assert shown.lines == ["Run digits-wide-001", "said afterwards"]


def test_of_several_searches_the_packs_have_the_whole_area_and_are_named(midst):
    packs = tuple(replace(pack, search="mnist-numpy-001") for pack in midst.packs)
    both = replace(midst, leaders=(), rise=(), best=None, packs=packs * 4)
    room = room_in(100, 30, only_ascii=False)
    lines = draw(picture_of(both, NO_PACE), room).plain.split("\n")
    assert len(lines) == len(draw(picture_of(midst, NO_PACE), room).plain.split("\n"))
    assert lines[3].startswith("mnist-numpy-001  pack  9  ━")
    assert lines[4].startswith("mnist-numpy-001  pack 12  ─")


class Leaving(io.StringIO):
    """A terminal that goes away."""

    def __init__(self):
        super().__init__()
        self.is_gone = False

    def write(self, text):
        if self.is_gone:
            raise OSError(errno.EIO, "Input/output error")
        return super().write(text)


def test_a_terminal_that_goes_away_ends_no_search(midst):
    file = Leaving()
    view = ForgivingView(LiveView(Console(file=file, force_terminal=True, width=100, height=30)))
    view.show(midst)
    file.is_gone = True
    deadline_s = time.monotonic() + WAIT_S
    while not isinstance(view.view, SilentView) and time.monotonic() < deadline_s:
        view.show(midst)
        time.sleep(0.05)
    assert isinstance(view.view, SilentView)
    view.say("nobody reads this")
    view.close()


WORDS = st.text(max_size=60)
VALUES = st.one_of(WORDS, st.floats(allow_nan=False), st.integers(), st.booleans())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.dictionaries(WORDS, VALUES, max_size=6), max_size=5),
    st.integers(50, 200),
    st.integers(5, 60),
    st.booleans(),
)
def test_whatever_is_in_it_the_area_fits(midst, values, columns, rows, only_ascii):
    leaders = tuple(Leader(trial=n, score=0.5, values=tuple(own.items())) for n, own in enumerate(values))
    name = "".join(name for own in values for name in own)
    packs = (PackProgress(number=1, architecture=name, members=3, epochs=1, of_epochs=2),)
    room = room_in(columns, rows, only_ascii=only_ascii)
    if room is None:
        return
    lines = draw(picture_of(replace(midst, leaders=leaders, packs=packs), NO_PACE), room).plain.split("\n")
    assert len(lines) == 4 + room.leaders + room.packs <= rows - 4
    assert all(cell_len(line) < columns for line in lines)
    assert all(letter.isprintable() for line in lines for letter in line)
