"""The best trials so far, kept one outcome at a time: the same as if all were sorted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.dispatch.counting.leaders import MOST, Leaders
from packtune.dispatch.standing import StageName, Standing, add_up
from packtune.models.configuration import Configuration
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.score import Score
from packtune.trial import Accuracy, Outcome, Proposal, TrialState

SCORES = st.integers(0, 12).map(lambda twelfth: twelfth / 12)
STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.DIVERGED, TrialState.FAIL)
OUTCOMES = st.lists(st.tuples(st.sampled_from(STATES), SCORES), max_size=40)


def outcome(state, score, metric=Metric.ACCURACY):
    measured = None if metric is Metric.ACCURACY else Score(value=score)
    reached = Accuracy(joint=0.5 if measured else score, heads=(0.5,), measured=measured)
    known = state in (TrialState.COMPLETE, TrialState.PRUNED)
    return Outcome(state=state, epochs=1, curve=((1, score),), validation=reached if known else None, metric=metric)


def offered(outcomes):
    leaders = Leaders()
    for number, each in enumerate(outcomes):
        leaders.offer(Proposal(number=number, configuration=Configuration(), seed=0), each, number + 1)
    return leaders


@given(OUTCOMES, st.sampled_from([Metric.ACCURACY, Metric.AUC, Metric.LOG_LOSS]))
def test_leaders_are_the_first_of_all_complete_trials_in_order(drawn, metric):
    leaders = offered(outcome(state, score, metric) for state, score in drawn)
    worse = 1 if metric is Metric.LOG_LOSS else -1
    complete = [(worse * score, number) for number, (state, score) in enumerate(drawn) if state is TrialState.COMPLETE]
    assert [(worse * each.score, each.trial) for each in leaders.best] == sorted(complete)[:MOST]


@given(OUTCOMES)
def test_the_rise_has_each_trial_that_was_better_than_all_before(drawn):
    leaders = offered(outcome(state, score) for state, score in drawn)
    rise, best = [], -1.0
    for number, (state, score) in enumerate(drawn):
        if state is TrialState.COMPLETE and score > best:
            best = score
            rise.append((number + 1, score))
    assert leaders.rise == rise


def test_a_leader_has_the_hyperparameters_that_count_in_its_configuration():
    (leader,) = offered([outcome(TrialState.COMPLETE, 0.5)]).best
    assert dict(leader.values) == Configuration().used()


@pytest.mark.parametrize("stage", StageName)
def test_of_several_searches_together_no_best_trial_is_named(stage):
    alone = Standing(
        trials=3,
        finished=Counter({TrialState.COMPLETE: 1}),
        running=0,
        under_way=0.0,
        best=(0, 0.5),
        leaders=tuple(offered([outcome(TrialState.COMPLETE, 0.5)]).best),
        rise=((1, 0.5),),
        stage=stage,
    )
    assert (add_up([alone]).leaders, add_up([alone]).stage) == (alone.leaders, stage)
    both = add_up([alone, replace(alone, stage=StageName.EXPLORATION)])
    assert (both.leaders, both.rise, both.best, both.stage) == ((), (), None, StageName.EXPLORATION)
