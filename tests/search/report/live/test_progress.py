"""What a person sees of a search that runs."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from rich.console import Console

from packtune.dispatch.standing import Standing
from packtune.report.live.progress import Speed, describe, format_duration
from packtune.report.live.views import LiveView, PlainView, view_for
from packtune.trial import TrialState


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def standing(done=0, running=0, under_way=0.0, best=None, **states):
    finished = Counter({TrialState.COMPLETE: done} | {TrialState[name]: n for name, n in states.items()})
    return Standing(trials=20, finished=finished, running=running, under_way=under_way, best=best)


def plain(clock):
    text = io.StringIO()
    return PlainView(Console(file=text, width=200), clock), text


def test_a_standing_in_words():
    assert describe(standing()) == "0/20 trials"
    assert (
        describe(standing(done=3, running=2, best=(7, 0.98765), PRUNED=4, DIVERGED=1, FAIL=2))
        == "10/20 trials, 4 pruned, 1 diverged, 2 failed, 2 running, best 0.9877 (trial 7)"
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (3599.7, "1 h 0 min")]
)
def test_durations_for_people(seconds, words):
    assert format_duration(seconds) == words


def test_plain_lines_come_at_most_every_five_seconds_and_the_last_is_always_shown():
    clock = Clock()
    view, text = plain(clock)
    view.stage("Loading digits")
    for second in range(12):
        clock.now_s = second
        view.show(standing(done=second))
    view.close()
    lines = text.getvalue().splitlines()
    assert lines[0] == "Loading digits ..."
    assert [line.split("/")[0] for line in lines[1:]] == ["0", "5", "10", "11"]


def test_the_speed_counts_epochs_of_running_trials():
    clock = Clock()
    view, text = plain(clock)
    view.show(standing(running=1))
    clock.now_s = 60
    view.show(standing(running=1, under_way=0.5))
    assert text.getvalue().splitlines()[-1].endswith("0.5 trials/min, about 39 min 0 s left")


def test_the_time_left_follows_the_last_minutes():
    clock = Clock()
    view, text = plain(clock)
    for minute in range(11):  # ten quick trials in the first minute, then one each minute
        clock.now_s = 60 * minute
        view.show(standing(done=min(10, 10 * minute) + max(0, minute - 1)))
    assert text.getvalue().splitlines()[-1].endswith("1.0 trials/min, about 1 min 0 s left")


def test_nothing_new_is_not_repeated_at_the_end():
    view, text = plain(Clock())
    view.show(standing(done=20))
    view.close()
    assert text.getvalue().splitlines() == ["20/20 trials"]


def test_a_terminal_gets_a_bar_and_a_file_gets_lines():
    terminal = io.StringIO()
    view = view_for(Console(file=terminal, force_terminal=True, width=100))
    assert isinstance(view.view, LiveView)
    view.show(standing(done=20))
    view.say("Stopping")
    view.close()
    assert "20/20 trials" in terminal.getvalue()
    assert "Stopping" in terminal.getvalue()
    assert isinstance(view_for(Console(file=io.StringIO())).view, PlainView)


def test_between_two_pieces_of_news_the_time_left_gets_shorter():
    clock = Clock()
    speed = Speed(clock)
    for clock.now_s, done in ((0.0, 0), (10.0, 10)):
        speed.note(standing(done))
    told = []
    for clock.now_s in (10.0, 14.0, 19.0, 30.0):
        told.append(speed.describe(standing(10)))
    assert told == [
        f", 60 trials/min{left}" for left in (", about 10 s left", ", about 6 s left", ", about 1 s left", "")
    ]
