"""How many packs may be open at the same time."""

from __future__ import annotations

import pytest

from packtune.run.settling import lookahead_for
from packtune.settings import SearchPlan


@pytest.mark.parametrize(
    ("plan", "workers", "at_hand", "lookahead"),
    [
        (SearchPlan(sampler="tpe", trials=200), None, 2, 4),  # few workers do not change the result
        (SearchPlan(sampler="tpe", trials=200), None, 16, 16),
        (SearchPlan(sampler="tpe", trials=32), None, 16, 8),  # a short search that learns does not follow the workers
        (SearchPlan(sampler="tpe", trials=32), 16, 16, 16),  # unless they were asked for
        (SearchPlan(sampler="random", trials=32), None, 16, 8),  # halving learns too
        (SearchPlan(sampler="random", trials=32, halving=False), None, 16, 16),
        (SearchPlan(sampler="random", trials=32, epochs=2), None, 16, 16),  # too short for a rung
    ],
)
def test_the_lookahead_keeps_the_workers_busy_as_far_as_the_trials_are_worth_it(plan, workers, at_hand, lookahead):
    assert lookahead_for(plan, workers=workers, at_hand=at_hand) == lookahead
