"""What a driver notes of its run, read again; and what is read where something else was written."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.dispatch.standing import Leader, Pace, PackProgress, StageName, Standing
from packtune.models.training.metrics.catalog import Metric
from packtune.report.live.progress import SilentView
from packtune.run.watching.form import read_standing, write_standing
from packtune.run.watching.note import INTERVAL_S, MOST_SAID, NAME, NotedView, ProgressNote, read_note
from packtune.trial import TrialState

WAIT_S = 30
COUNTS = st.integers(0, 10**6)
SCORES = st.floats(0, 1)
NAMES = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12)
VALUES = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), NAMES)
LEADERS = st.builds(
    Leader,
    trial=COUNTS,
    score=SCORES,
    values=st.dictionaries(NAMES, VALUES, max_size=4).map(lambda own: tuple(own.items())),
)
PACKS = st.builds(
    PackProgress,
    number=COUNTS,
    architecture=NAMES,
    members=COUNTS,
    epochs=st.integers(0, 10),
    of_epochs=st.integers(10, 20),
)
PACES = st.builds(Pace, per_minute=st.floats(0, 1e6), left_s=st.none() | st.tuples(SCORES, st.floats(1, 1e6)))
STANDINGS = st.builds(
    Standing,
    trials=COUNTS,
    finished=st.dictionaries(st.sampled_from(list(TrialState)[2:]), COUNTS).map(Counter),
    running=COUNTS,
    under_way=st.floats(0, 1e6),
    best=st.none() | st.tuples(COUNTS, SCORES),
    trainings=COUNTS,
    trained=COUNTS,
    metric=st.sampled_from(Metric),
    stage=st.sampled_from(StageName),
    leaders=st.lists(LEADERS, max_size=5).map(tuple),
    rise=st.lists(st.tuples(COUNTS, SCORES), max_size=5).map(tuple),
    packs=st.lists(PACKS, max_size=3).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def standing(done):
    return Standing(
        trials=20, finished=Counter({TrialState.COMPLETE: done}), running=1, under_way=0.5, best=None, metric=Metric.AUC
    )


@given(STANDINGS, PACES)
def test_a_standing_is_read_as_it_was_written(given_standing, pace):
    read = read_standing(json.loads(json.dumps(write_standing(given_standing, pace))), passed_s=0.0)
    assert replace(read, finished=+read.finished) == replace(
        given_standing, pace=pace, finished=+given_standing.finished
    )


def test_the_time_left_gets_shorter_while_nothing_is_noted():
    written = write_standing(standing(3), Pace(per_minute=2.0, left_s=(10.0, 40.0)))
    assert read_standing(written, passed_s=25.0).pace == Pace(per_minute=2.0, left_s=(0.0, 15.0))
    assert read_standing(written, passed_s=50.0).pace == Pace(per_minute=2.0, left_s=None)


@given(st.data())
def test_what_is_no_note_is_none(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("run")
    note = ProgressNote(folder)
    note.say("hello")
    note.show(standing(3))
    values = json.loads((folder / NAME).read_text())
    values["standing"] = write_standing(standing(3), Pace(per_minute=1.0, left_s=None))
    place = data.draw(st.sampled_from(sorted(values["standing"])))
    values["standing"][place] = data.draw(JSON)
    (folder / NAME).write_text(json.dumps(values))
    found = read_note(folder)
    assert found is None or found.standing.trials >= 0
    (folder / NAME).write_text(json.dumps(data.draw(JSON)))
    assert read_note(folder) is None
    (folder / NAME).write_bytes(data.draw(st.binary(max_size=30)))
    assert read_note(folder) is None
    note.close()


def test_standings_are_noted_at_once_and_then_once_a_second(tmp_path):
    clock = Clock()
    note = ProgressNote(tmp_path, clock)
    note.show(standing(1))
    assert read_note(tmp_path).standing.finished.total() == 1
    note.show(standing(2))
    assert read_note(tmp_path).standing.finished.total() == 1
    clock.now_s = INTERVAL_S
    note.show(standing(3))
    assert read_note(tmp_path).standing.finished.total() == 3
    note.close()


def test_the_last_standing_is_noted_although_nothing_follows(tmp_path):
    note = ProgressNote(tmp_path)
    note.show(standing(1))
    note.show(standing(2))
    deadline_s = time.monotonic() + WAIT_S
    while read_note(tmp_path).standing.finished.total() != 2 and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert read_note(tmp_path).standing.finished.total() == 2
    note.close()


def test_what_is_said_and_prepared_is_noted_at_once(tmp_path):
    note = ProgressNote(tmp_path)
    note.stage("Loading digits")
    assert read_note(tmp_path).stage == "Loading digits"
    for number in range(MOST_SAID + 5):
        note.say(f"line {number}")
    said = read_note(tmp_path).said
    assert said == tuple((number + 1, f"line {number}") for number in range(5, MOST_SAID + 5))
    note.close()


def test_hostile_words_become_one_line_of_text(tmp_path):
    note = ProgressNote(tmp_path)
    note.say("one\ntwo \x1b[31m\u202e \udcff [bold]")
    (line,) = [text for _, text in read_note(tmp_path).said]
    assert line.isprintable()
    assert "[bold]" in line
    note.close()


def test_at_the_end_nothing_is_left_and_nothing_more_is_noted(tmp_path):
    note = ProgressNote(tmp_path)
    note.show(standing(1))
    note.show(standing(2))  # which waits
    note.close()
    note.show(standing(3))
    note.say("late")
    assert list(tmp_path.iterdir()) == []
    assert read_note(tmp_path) is None


def test_a_folder_that_cannot_be_written_harms_nothing(tmp_path):
    note = ProgressNote(tmp_path / "missing")
    note.stage("Loading digits")
    note.show(standing(1))
    note.close()


def test_each_run_of_several_has_its_own_note(tmp_path):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    view = NotedView(SilentView(), folders)
    view.show_each([standing(1), standing(4)])
    assert [read_note(folder).standing.finished.total() for folder in folders] == [1, 4]
    view.end_notes()
    assert [read_note(folder) for folder in folders] == [None, None]


@pytest.mark.parametrize("stage", StageName)
def test_the_stage_is_noted(tmp_path, stage):
    note = ProgressNote(tmp_path)
    note.show(replace(standing(1), stage=stage))
    assert read_note(tmp_path).standing.stage is stage
    note.close()
