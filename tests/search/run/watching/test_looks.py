"""A run is looked at while it is held, with a note and without one, and when it is held no more."""

from __future__ import annotations

import itertools
import os
import time

import pytest

from packtune.data.catalog import load
from packtune.dispatch.standing import StageName
from packtune.report.live.progress import ProgressView
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.run.watching.follow import follow
from packtune.run.watching.looks import BEGINNING_S, STUDY_INTERVAL_S, Watcher, look_once
from packtune.run.watching.note import INTERVAL_S, NAME, ProgressNote
from packtune.run.watching.recorded import recorded_standing
from packtune.settings import Resources
from packtune.space.source import find_space

SPACE = {"hidden_units": {"low": 6, "high": 24}, "learning_rate": {"low": 0.05, "high": 0.5, "log": True}}
OPTIONS = {"trials": 8, "epochs": 1, "sampler": "random", "halving": False, "finalists": 2, "replicates": 2}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def dataset():
    return load("digits")


@pytest.fixture
def run(tmp_path):
    source = find_space(SPACE)
    plan = plan_search("digits", source, PlanOptions(**OPTIONS, lookahead=4))
    return create_run(plan, Resources(), source, results=tmp_path, name="run")


class Told(ProgressView):
    """Keeps what it is told."""

    def __init__(self):
        self.told = []

    def stage(self, text):
        self.told.append(text)

    def say(self, text):
        self.told.append(text)

    def show(self, standing):
        self.told.append(standing.finished.total())

    def close(self):
        self.told.append("closed")


def test_a_run_that_was_just_made_is_waited_for(run):
    assert Watcher(run).look().stage == "Waiting for the run run to begin"
    long_ago_s = time.time() - BEGINNING_S - 1
    os.utime(run.folder.settings, (long_ago_s, long_ago_s))
    assert Watcher(run).look() is None
    look, rest = look_once(run)
    assert (look.goes_on, look.standing.trials, look.standing.finished.total()) == (False, 8, 0)
    assert "has not begun. Start it with: " in rest
    assert "resume" in rest


def test_a_held_run_without_a_note_is_read_from_its_study(run, dataset, carry_out_alone):
    carry_out_alone(run, dataset, reports=2)
    clock = [0.0]
    with run.folder.locked():
        watcher = Watcher(run, lambda: clock[0])
        seen = watcher.look().standing
        assert seen.finished.total() > 0
        assert (seen.trials, seen.stage, seen.load) == (8, StageName.EXPLORATION, None)
        assert seen.leaders[0].score == seen.best[1]
        assert watcher.look().standing is seen
        clock[0] += STUDY_INTERVAL_S
        assert watcher.look().standing == seen
        assert watcher.look().standing is not seen
    assert Watcher(run).look() is None
    assert "is not going on, with" in look_once(run)[1]


def test_a_damaged_note_counts_for_nothing(run, dataset, carry_out_alone):
    carry_out_alone(run, dataset, reports=2)
    with run.folder.locked():
        (run.folder.path / NAME).write_bytes(b"{")
        assert Watcher(run).look().standing.trials == 8


def test_the_study_of_a_finished_run_says_all(run, dataset, carry_out_alone):
    carry_out_alone(run, dataset)
    standing, ending = recorded_standing(run)
    assert not ending.is_open
    assert standing.trained == standing.trainings > 0
    assert standing.finished.total() == standing.trials == 8 + standing.trainings
    assert standing.stage is StageName.REPORT
    look, rest = look_once(run)
    assert look.standing == standing
    assert rest.startswith("The run run has ended. Its winner: ")


def test_following_tells_what_is_new_once_and_ends_with_the_run(run, dataset, carry_out_alone):
    carry_out_alone(run, dataset, reports=2)
    done = recorded_standing(run)[0]
    seconds = itertools.count(start=1, step=INTERVAL_S)
    note = ProgressNote(run.folder.path, lambda: next(seconds))
    view = Told()
    steps = iter(
        [
            lambda: note.show(done),
            lambda: note.say("a worker died"),
            lambda: None,
            lambda: note.stage("Measuring what simple methods reach"),
        ]
    )
    held = run.folder.locked()
    held.__enter__()
    note.stage("Loading digits")

    def pause():
        step = next(steps, None)
        if step is None:
            held.__exit__(None, None, None)
        else:
            step()

    follow(Watcher(run), view, pause)
    assert view.told == [
        "Loading digits",
        done.finished.total(),
        "a worker died",
        "Measuring what simple methods reach",
    ]
    note.close()


def test_another_driver_is_heard_from_its_first_line(run):
    watcher = Watcher(run)
    with run.folder.locked():
        first = ProgressNote(run.folder.path)
        for number in range(5):
            first.say(f"first {number}")
        assert len(watcher.look().said) == 5
        assert watcher.look().said == ()
        second = ProgressNote(run.folder.path)
        second.say("second")
        assert watcher.look().said == ("second",)


def test_what_a_killed_driver_leaves_is_removed_by_the_next_one(run):
    (run.folder.path / NAME).write_text("{}")
    with run.folder.locked():
        assert not (run.folder.path / NAME).exists()
