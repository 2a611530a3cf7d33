"""Progress in plain lines: never too many, never without the last, and only what was said."""

from __future__ import annotations

import io
import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from packtune.dispatch.standing import Standing
from packtune.report.live.progress import describe, format_duration
from packtune.report.live.views import PLAIN_INTERVAL_S, LiveView, PlainView
from packtune.trial import TrialState


class Clock:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


def standing(done, trials=100, **fields):
    empty = {"running": 0, "under_way": 0.0, "best": None}
    return Standing(trials=trials, finished=Counter({TrialState.COMPLETE: done}), **empty | fields)


@given(st.lists(st.floats(0, 20), min_size=1, max_size=40))
def test_lines_are_five_seconds_apart_and_the_last_standing_is_always_shown(gaps):
    clock, text = Clock(), io.StringIO()
    view = PlainView(Console(file=text, width=40), clock)
    lines, times = [], []
    for done, gap in enumerate(gaps, start=1):
        clock.now_s += gap
        view.show(standing(done))
        written = text.getvalue().splitlines()
        if len(written) > len(lines):
            lines = written
            times.append(clock.now_s)
            assert lines[-1].startswith(f"{done}/100 trials")
    assert len(times) == len(lines)
    assert times[0] == 1000.0 + gaps[0]
    assert all(later - earlier >= PLAIN_INTERVAL_S for earlier, later in itertools.pairwise(times))
    view.close()
    final = text.getvalue().splitlines()
    assert final[-1].startswith(f"{len(gaps)}/100 trials")
    assert len(final) <= len(lines) + 1


def test_without_a_standing_nothing_is_written_at_the_end():
    text = io.StringIO()
    PlainView(Console(file=text), Clock()).close()
    assert text.getvalue() == ""


def test_what_is_said_is_written_as_it_is_at_once_and_on_one_line():
    text = io.StringIO()
    view = PlainView(Console(file=text, width=20), Clock())
    sentence = "Stopping: [bold]worker[/bold] at /tmp/x is told to finish its pack"
    view.say(sentence)
    view.stage("Loading [red]digits :smile:")
    assert text.getvalue() == f"{sentence}\nLoading [red]digits :smile: ...\n"


def test_lines_that_are_said_delay_no_progress():
    clock, text = Clock(), io.StringIO()
    view = PlainView(Console(file=text), clock)
    view.show(standing(1))
    clock.now_s += 5
    view.say("Stopping")
    view.show(standing(2))
    assert [line.split()[0] for line in text.getvalue().splitlines()] == ["1/100", "Stopping", "2/100"]


def test_no_speed_is_told_before_anything_is_done_nor_a_time_left_at_the_end():
    clock, text = Clock(), io.StringIO()
    view = PlainView(Console(file=text, width=200), clock)
    view.show(standing(0))
    clock.now_s += 60
    view.show(standing(0))
    clock.now_s += 60
    view.show(standing(100))
    first, second, last = text.getvalue().splitlines()
    assert first == second == "0/100 trials"
    assert last == "100/100 trials, 50 trials/min"


def test_trials_done_before_a_search_was_resumed_are_not_its_speed():
    clock, text = Clock(), io.StringIO()
    view = PlainView(Console(file=text, width=200), clock)
    view.show(standing(90))
    clock.now_s += 60
    view.show(standing(92))
    assert text.getvalue().splitlines()[-1] == "92/100 trials, 2.0 trials/min, about 4 min 0 s left"


def test_a_live_view_ends_with_the_last_standing_and_keeps_what_was_said():
    text = io.StringIO()
    view = LiveView(Console(file=text, force_terminal=True, width=100), Clock())
    view.stage("Loading digits")
    view.say("a line that stays")
    view.show(standing(7, best=(3, 0.98)))
    view.close()
    shown = text.getvalue()
    assert "a line that stays\n" in shown
    last = shown.rpartition("\r")[2]
    assert "7/100 trials, best 0.9800 (trial 3)" in last
    assert "Loading" not in last


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "5/100 trials"),
        ({"running": 3, "under_way": 2.5}, "5/100 trials, 3 running"),
        ({"best": (0, 0.0)}, "5/100 trials, best 0.0000 (trial 0)"),
    ],
)
def test_a_standing_names_only_what_there_is(fields, words):
    assert describe(standing(5, **fields)) == words


@given(st.floats(0, 1e8))
def test_a_duration_is_right_to_its_last_unit(seconds):
    units = {"s": 1, "min": 60, "h": 3600}
    words = format_duration(seconds).split()
    parts = [(int(number), unit) for number, unit in zip(words[::2], words[1::2], strict=True)]
    smallest = units[parts[-1][1]]
    told = sum(number * units[unit] for number, unit in parts)
    assert -0.5 <= seconds - told <= (0.5 if smallest == 1 else smallest)
    assert all(number < 60 for number, unit in parts if unit != "h")
