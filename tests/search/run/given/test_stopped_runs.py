"""Searches that a score ends, trained for real and without Ray: with their confirmations, through crashes."""

from __future__ import annotations

import pytest

from packtune.report.live.progress import SilentView
from packtune.run.ending import read_ending
from packtune.run.given.stops import describe_stop
from packtune.run.own.keeping import load_data
from packtune.run.own.new_search import new_search
from packtune.settings import EndedBy
from packtune.space.source import find_space
from packtune.study.storage import open_storage
from packtune.study.study import load_study

SPACE = {
    "hidden_units": {"low": 4, "high": 32, "log": True},
    "learning_rate": {"low": 0.001, "high": 1.0, "log": True},
    "batch_size": [32],
}
OPTIONS = {"trials": 40, "epochs": 1, "lookahead": 4, "halving": False, "finalists": 3, "replicates": 2, "seed": 3}


@pytest.fixture
def search(tmp_path, carry_out_alone):
    def search(name, **options):
        made = new_search("digits", find_space(SPACE), {**OPTIONS, **options}, SilentView())
        run = made.create(results=tmp_path, name=name)
        return run, carry_out_alone(run, load_data(run))

    return search


def test_a_search_ends_once_a_winner_has_the_score_over_its_fresh_trainings(search):
    run, ending = search("reached", stop_at=0.7)
    plan = run.folder.load().settings.plan
    assert ending.plan.ended_by is plan.ended_by is ending.ended_by is EndedBy.SCORE
    assert plan.trials == len(ending.records) < 40 == plan.asked_trials
    assert (ending.open_trials, ending.open_trainings) == (0, 0)
    assert ending.verdict.held_score >= 0.7
    assert ending.winner.verdict.test is not None
    assert sum(r.outcome.validation is not None and r.outcome.validation.joint >= 0.7 for r in ending.records) >= 3
    assert "the winner has 0." in describe_stop(ending.plan, ending.verdict)
    assert read_ending(run.folder.load()).plan == ending.plan


def test_where_no_winner_holds_the_score_exploration_goes_on(search):
    # Single trainings are lucky now and then; their mean over fresh seeds is lower.
    _, free = search("free")
    scores = sorted((r.outcome.validation.joint for r in free.records if r.outcome.validation), reverse=True)
    score = scores[10]
    run, ending = search("lucky", stop_at=score)
    plan = run.folder.load().settings.plan
    with open_storage(run.folder.journal, None, read_only=True) as storage:
        attempts = load_study(storage, "lucky", run.space, plan).attempts.read(score)
    if ending.verdict.held_score >= score:
        assert plan.ended_by is EndedBy.SCORE or len(ending.records) == 40
    else:
        assert (plan.ended_by, len(ending.records)) == (None, 40)
        assert "No winner has the accuracy of" in describe_stop(ending.plan, ending.verdict)
        early = [r.outcome.validation for r in ending.records[:28] if r.outcome.validation]
        assert attempts or sum(each.joint >= score for each in early) < 3
    assert ending.open_trainings == 0


def test_without_a_confirmation_one_trial_with_the_score_ends_the_search(search):
    _, ending = search("plain", stop_at=0.7, confirm=False, finalists=None)
    assert ending.ended_by is EndedBy.SCORE
    assert len(ending.records) < 40


def test_what_was_tried_outside_the_space_is_confirmed_like_all_others(search):
    run, ending = search("tried", trials=8, finalists=8, tries="hidden_units=64,learning_rate=0.3,momentum=0.9")
    assert ending.records[0].proposal.configuration.hidden_units == 64
    assert ending.winner.row.configuration == ending.records[ending.winner.row.trial].proposal.configuration
    assert 0 in [each.candidate.trial for each in ending.verdict.finalists]
    again = read_ending(run.folder.load())
    assert [row.trial for row in again.rows] == [row.trial for row in ending.rows]
