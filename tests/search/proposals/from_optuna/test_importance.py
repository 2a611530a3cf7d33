"""Importance of hyperparameters, on trials of which it is known what decided their scores."""

from __future__ import annotations

import random

import pytest

from packtune.proposals.from_optuna.importance import LEAST_TRIALS, MOST_TRIALS, TriedValues, judge_importance
from packtune.space.domains import Choices, Dimension, FloatRange
from packtune.space.space import Space

WHERE_CNN = {"architecture": ("cnn",)}
SPACE = Space(
    name="test",
    dimensions=(
        Dimension(name="architecture", domain=Choices(values=("mlp", "cnn"))),
        Dimension(name="learning_rate", domain=FloatRange(low=0.001, high=1.0, log=True)),
        Dimension(name="dropout", domain=FloatRange(low=0.0, high=0.5)),
        Dimension(name="batch_size", domain=Choices(values=(32,))),
        Dimension(name="filters", domain=Choices(values=(8, 16, 32)), when=WHERE_CNN),
        Dimension(name="kernel_size", domain=Choices(values=(3, 5)), when=WHERE_CNN),
    ),
)


def tried(n, merit_of, seed=0):
    draw = random.Random(seed)
    domains = {
        "learning_rate": lambda: 10 ** draw.uniform(-3, 0), "dropout": lambda: draw.uniform(0, 0.5),
        "batch_size": lambda: 32, "architecture": lambda: draw.choice(("mlp", "cnn")),
        "filters": lambda: draw.choice((8, 16, 32)), "kernel_size": lambda: draw.choice((3, 5)),
    }  # fmt: skip
    made = [SPACE.choose(lambda dimension: domains[dimension.name]()) for _ in range(n)]
    return [TriedValues(values=values, merit=merit_of(values, draw)) for values in made]


def shares(trials):
    return {each.key: each.share for each in judge_importance(SPACE, trials)}


def test_what_decides_the_score_has_nearly_all_of_the_importance():
    found = shares(tried(200, lambda values, draw: values["dropout"] * 2))
    assert next(iter(found)) == "dropout"
    assert found["dropout"] > 0.8
    assert "batch_size" not in found  # it has one value only


def test_a_conditional_one_is_judged_where_its_condition_holds():
    trials = tried(300, lambda values, draw: {8: 0.2, 16: 0.5, 32: 0.9}.get(values.get("filters"), draw.random() * 0.2))
    found = {each.key: each for each in judge_importance(SPACE, trials)}
    assert found["filters"].trials == sum("filters" in each.values for each in trials)
    assert found["filters"].share > 0.8
    assert found["architecture"].trials == 300
    everywhere = [each.share for each in found.values() if each.trials == 300]
    assert sum(everywhere) == pytest.approx(1)


def test_trials_that_diverged_count_as_the_worst_and_are_not_left_out():
    """A high rate diverges, and nothing else matters: without the diverged trials, the rate would not matter either."""
    trials = tried(200, lambda values, draw: 0.0 if values["learning_rate"] > 0.03 else 0.5 + 0.01 * draw.random())
    assert shares(trials)["learning_rate"] > 0.6


def test_of_few_trials_nothing_is_said():
    trials = tried(LEAST_TRIALS - 1, lambda values, draw: draw.random())
    assert judge_importance(SPACE, trials) == []
    assert judge_importance(SPACE, []) == []


def test_equal_scores_say_nothing_and_break_nothing():
    found = shares(tried(40, lambda values, draw: 0.5))
    assert all(0 <= share <= 1 for share in found.values())


def test_the_same_trials_give_the_same_importance():
    trials = tried(100, lambda values, draw: values["dropout"])
    assert judge_importance(SPACE, trials) == judge_importance(SPACE, list(trials))


def test_of_very_many_trials_some_are_judged_and_all_are_counted():
    trials = tried(MOST_TRIALS + 500, lambda values, draw: values["dropout"])
    found = {each.key: each for each in judge_importance(SPACE, trials)}
    assert found["dropout"].trials == MOST_TRIALS + 500
    assert found["dropout"].share > 0.8
