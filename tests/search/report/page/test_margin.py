"""By how much the winner won is said, and why a better mean may stand below it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from packtune.report.page.margin import margin_words
from packtune.report.page.sections.slices import rank_bins
from packtune.report.page.words import hyperparameter_axis


def curve(score):
    return ((1, 0.5), (2, score))


@pytest.fixture
def facts(make_facts):
    """Make a search whose runner-up has the better mean, over two of the winner's trainings, in which it was behind."""
    facts = make_facts(60)
    scores = [(0.9806, 4), (0.9852, 2), (0.9722, 2)]
    rows = [
        replace(row, score=replace(row.score, mean=mean, trainings=n), is_tied=place == 1)
        for place, (row, (mean, n)) in enumerate(zip(facts.leaderboard, scores, strict=False))
    ]
    ends = [(0.99, 0.985, 0.97, 0.9774), (0.9852, 0.9852), (0.9722, 0.9722)]
    finalists = [
        replace(each, trial=row.trial, curves=tuple(map(curve, scores)), spread=())
        for each, row, scores in zip(facts.finalists[:3], rows, ends, strict=True)
    ]
    others = tuple(row for row in facts.leaderboard[3:] if not row.is_finalist)
    return replace(facts, leaderboard=(*rows, *others), finalists=tuple(finalists))


def test_the_margin_and_a_better_mean_are_explained(facts):
    winner, second, _ = (row.trial for row in facts.leaderboard[:3])
    first, why = margin_words(facts)
    assert first == (
        f"In selection, trial {winner} had a validation accuracy of 0.9806 over 4 trainings; the next, trial {second}, "
        "had 0.9852 over 2 trainings. They cannot be told apart."
    )
    assert why == (
        f"Trial {second} has the better mean, but over its first 2 trainings only: in these, trial {winner} had "
        "0.9875. Further trainings changed its mean."
    )


def test_a_winner_that_is_not_decided_or_alone_has_no_margin(make_facts):
    assert margin_words(make_facts(60, decided=False)) == []
    assert margin_words(make_facts(60, finalists=0)) == []


def test_boxes_of_a_few_whole_numbers_stand_over_their_ticks(make_facts):
    axis = replace(
        make_facts(60).hyperparameters[2], name="depth", choices=(), low=1, high=3, is_log=False, is_whole=True
    )
    drawn = hyperparameter_axis(axis, (1, 2, 3))
    bins = rank_bins(drawn, [(1, 0.1), (2, 0.5), (2, 0.6), (3, 0.9)])
    assert [each.trials for each in bins] == [1, 2, 1]
    assert [(each.start + each.end) / 2 for each in bins] == pytest.approx([drawn.place(value) for value in (1, 2, 3)])
