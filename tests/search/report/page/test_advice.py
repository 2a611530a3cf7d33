"""What to try next: each finding is told where the facts have it, and not where they have not."""

from __future__ import annotations

import dataclasses

import pytest

from packtune.report.facts.hyperparameters import HyperparameterFacts
from packtune.report.facts.leaders import Interval
from packtune.report.facts.trainings import BestStep, FinalistCurves, SpreadPoint
from packtune.report.page import advice


@pytest.fixture
def facts(make_facts):
    return make_facts(60)


def with_trials(facts, change):
    return dataclasses.replace(facts, trials=tuple(change(trial) for trial in facts.trials))


def with_curve(facts, means):
    spread = tuple(SpreadPoint(epoch=at, mean=mean, low=mean, high=mean) for at, mean in enumerate(means, 1))
    return dataclasses.replace(
        facts, finalists=(FinalistCurves(trial=facts.winner.trial, curves=(), spread=spread),), metric=facts.metric
    )


def with_rate(facts, *, of_best, low=0.001, high=1.0):
    """Give the best fifth of the trials a learning rate, and all others 0.03."""
    best = {trial.number for trial in sorted(facts.trials, key=lambda trial: -trial.merit)[: len(facts.trials) // 5]}
    axis = HyperparameterFacts(
        name="learning_rate", choices=(), low=low, high=high, is_log=True, is_whole=False, is_conditional=False
    )

    def change(trial):
        return dataclasses.replace(trial, values=(of_best if trial.number in best else 0.03,))

    return dataclasses.replace(with_trials(facts, change), hyperparameters=(axis,))


def test_an_unfinished_search_goes_on_first(make_facts):
    first, *_ = advice.advise(make_facts(60, decided=False))
    assert "8 trials is still" in first.finding or "eight trials" in first.finding
    assert first.command == "packtune resume digits-wide-001 --trials +32"  # the command of these facts


def test_a_search_without_a_confirmation_is_told(make_facts):
    assert [each.finding for each in advice.unconfirmed(make_facts(60, finalists=0))]
    assert not list(advice.unconfirmed(make_facts(60)))


def test_the_most_frequent_reason_of_failures_is_told(facts):
    def fail(trial):
        return dataclasses.replace(trial, state="FAIL", reason="no memory" if trial.number else "other")

    (found,) = advice.failures(with_trials(facts, fail))
    assert found.finding == "60 trials failed."
    assert found.action == "The most frequent reason (59 of 60) was: no memory"


@pytest.mark.parametrize(("of_best", "says"), [(0.9, "upper"), (0.0011, "lower"), (0.05, None)])
def test_a_range_is_widened_where_the_best_lie_at_its_edge(facts, of_best, says):
    found = list(advice.at_edges(with_rate(facts, of_best=of_best)))
    assert [f"{says} end" in each.finding for each in found] == ([True] if says else [])
    if says == "upper":
        assert found[0].options == "--set learning_rate=0.001..4:log"
    if says == "lower":
        assert found[0].options == "--set learning_rate=0.00025..1:log"


def test_a_range_that_ends_where_values_end_is_not_widened(facts):
    """A learning rate of more than 100 is not allowed."""
    assert not list(advice.at_edges(with_rate(facts, of_best=99.0, low=0.1, high=100.0)))


def test_the_edge_of_a_few_trials_says_nothing(make_facts):
    assert not list(advice.at_edges(with_rate(make_facts(15), of_best=0.9)))


def test_the_learning_rate_above_which_trials_diverge_is_told(facts):
    rated = with_rate(facts, of_best=0.05)

    def diverge(trial):
        broken = trial.number % 3 == 0
        rate = 0.9 if broken else 0.01 + trial.number / 10_000
        return dataclasses.replace(
            trial, values=(rate,), state="DIVERGED" if broken else "COMPLETE", score=None if broken else 0.9
        )

    (found,) = advice.divergence(with_trials(rated, diverge))
    assert found.finding.startswith("20 of 60 trials diverged.")
    assert "learning_rate above 0.015" in found.finding
    assert found.options.startswith("--set learning_rate=0.001..0.015")


def test_a_few_diverged_trials_are_no_finding(facts):
    assert not list(advice.divergence(facts))


def test_a_curve_that_still_rises_asks_for_more_epochs(facts):
    rising = with_curve(facts, [0.5, 0.6, 0.7, 0.75, 0.8, 0.84, 0.87, 0.9, 0.92, 0.94])
    (found,) = advice.curve_end(rising)
    assert found.action == "Train longer." and found.options == "--epochs 20"


def test_a_curve_that_falls_asks_for_fewer_epochs(facts):
    (found,) = advice.curve_end(with_curve(facts, [0.5, 0.8, 0.9, 0.95, 0.94, 0.93, 0.92, 0.91, 0.9, 0.9]))
    assert "best at epoch 4" in found.finding and found.options == "--epochs 4"


def test_a_flat_curve_says_nothing(facts):
    assert not list(advice.curve_end(with_curve(facts, [0.5, *[0.9] * 9])))


def test_a_smaller_score_that_falls_is_a_rising_curve(facts):
    metric = dataclasses.replace(facts.metric, larger_is_better=False, highest=20.0)
    falling = with_curve(dataclasses.replace(facts, metric=metric), [2, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.35, 0.3])
    assert [each.action for each in advice.curve_end(falling)] == ["Train longer."]


@pytest.mark.parametrize(("at", "n_found"), [(59, 1), (20, 0)])
def test_a_late_best_trial_asks_for_more(facts, at, n_found):
    best = (BestStep(at=1, trial=0, score=0.5), BestStep(at=at, trial=at - 1, score=0.9))
    late = dataclasses.replace(facts, progress=dataclasses.replace(facts.progress, best=best))
    assert len(list(advice.late_best(late))) == n_found


@pytest.mark.parametrize(
    ("low", "high", "examples", "says"),
    [(0.85, 0.95, 100, "four times"), (0.85, 0.95, 100_000, "trainings"), (0.895, 0.905, 100, None)],
)
def test_a_wide_interval_says_what_would_help(facts, low, high, examples, says):
    score = Interval(mean=0.9, low=low, high=high, trainings=4, collapsed=0, examples=examples)
    winner = dataclasses.replace(facts.winner, score=score)
    found = list(advice.wide_interval(dataclasses.replace(facts, winner=winner)))
    assert [says in each.action for each in found] == ([True] if says else [])


def test_ties_lead_to_the_smallest(facts):
    (found,) = advice.many_ties(facts)
    assert found.options == "--prefer small"
    alone = dataclasses.replace(facts, winner=dataclasses.replace(facts.winner, ties=(), smallest_tie=None))
    assert not list(advice.many_ties(alone))


def test_a_hostile_name_is_quoted_for_the_shell(facts):
    rated = with_rate(facts, of_best=0.9)
    (axis,) = rated.hyperparameters
    hostile = dataclasses.replace(rated, hyperparameters=(dataclasses.replace(axis, name="x; rm y"),))
    (found,) = advice.at_edges(hostile)
    assert found.options == "--set 'x; rm y=0.001..4:log'"


@pytest.mark.parametrize("options", [{"trials": 0}, {"trials": 1}, {"trials": 5, "finalists": 0}], ids=str)
def test_few_trials_are_no_trouble(make_facts, options):
    advice.advise(make_facts(**options))


def test_what_a_single_example_may_change_is_left_to_chance(facts):
    means = [0.5, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.908, 0.91]
    wide = Interval(mean=0.91, low=0.85, high=0.95, trainings=4, collapsed=0, examples=27)
    rows = (dataclasses.replace(facts.leaderboard[0], score=wide), *facts.leaderboard[1:])
    assert not list(advice.curve_end(dataclasses.replace(with_curve(facts, means), leaderboard=rows)))
