"""The sizes of the stages: within a share of the search where that can be, and as asked for where it is said."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.confirmation.sizes import LADDER, SHARE, Round, Sizes, choose_sizes

COSTS = st.lists(st.floats(0.01, 100), min_size=1, max_size=30)
WANTED = st.none() | st.integers(1, 40)


def chosen(costs, spent, finalists=None, replicates=None):
    return choose_sizes(costs=costs, spent=spent, finalists=finalists, replicates=replicates)


@given(costs=COSTS, spent=st.floats(0, 1e5))
def test_no_more_than_the_share_is_spent_unless_it_is_the_least(costs, spent):
    sizes = chosen(costs, spent)
    assert sizes.cost(costs) <= SHARE * spent or sizes == chosen(costs, 0)


@given(costs=COSTS, spent=st.floats(0, 1e5), more=st.floats(0, 1e5))
def test_a_larger_search_never_has_fewer_trainings(costs, spent, more):
    assert chosen(costs, spent + more).trainings >= chosen(costs, spent).trainings


@given(costs=COSTS, spent=st.floats(0, 1e5), finalists=WANTED, replicates=WANTED)
def test_what_is_wanted_is_taken(costs, spent, finalists, replicates):
    sizes = chosen(costs, spent, finalists, replicates)
    assert sizes.finalists == min(finalists, len(costs)) if finalists else sizes.finalists <= len(costs)
    assert sizes.replicates == replicates if replicates else sizes.replicates >= LADDER[0].replicates


@given(costs=COSTS, spent=st.floats(0, 1e5), finalists=WANTED)
def test_rounds_halve_the_finalists_the_best_is_last_alone_and_all_repeat_at_least_twice(costs, spent, finalists):
    *rounds, last = chosen(costs, spent, finalists).rounds
    for upper, lower in itertools.pairwise(rounds):
        assert 2 <= lower.finalists == (upper.finalists + 1) // 2
    assert last.finalists == 1
    if rounds:
        assert min(round.repeats for round in [*rounds, last]) >= 2


@given(costs=COSTS, spent=st.floats(0, 1e5), scale=st.sampled_from([0.25, 4.0, 1024.0]))
def test_the_unit_of_costs_does_not_matter(costs, spent, scale):
    assert chosen([scale * cost for cost in costs], scale * spent) == chosen(costs, spent)


def test_one_finalist_is_only_reported():
    sizes = chosen([1.0, 1.0], 100, finalists=1, replicates=3)
    assert sizes == Sizes(rounds=(Round(finalists=1, repeats=0),), replicates=3)
    assert (sizes.finalists, sizes.trainings, sizes.cost([2.0, 1.0])) == (1, 3, 6.0)


@pytest.mark.parametrize(
    ("spent", "trainings"), [(0, 12), (40, 12), (64, 12), (70, 14), (95, 19), (200, 38), (360, 72), (10_000, 140)]
)
def test_the_ladder_of_equal_costs(spent, trainings):
    assert chosen([1.0] * 64, spent).trainings == trainings


def test_the_dearest_that_could_take_part_are_counted():
    sizes = Sizes(rounds=(Round(finalists=4, repeats=2), Round(finalists=2, repeats=3)), replicates=5)
    assert sizes.cost([1.0, 3.0, 2.0, 1.0, 50.0]) == 2 * 7 + 3 * 5 + 5 * 3
    assert sizes.trainings == 8 + 6 + 5
    assert chosen([1.0] * 3 + [100.0], 95).trainings < chosen([1.0] * 4, 95).trainings


def test_each_step_of_the_ladder_is_larger():
    trainings = [chosen([1.0] * 64, spent).trainings for spent in range(1000)]
    assert sorted(set(trainings)) == [12, 14, 19, 30, 38, 72, 140]


@pytest.mark.parametrize(
    ("costs", "finalists", "replicates", "match"),
    [([], None, None, "at least one"), ([1.0], 0, None, "from 1"), ([1.0], None, 0, "from 1"), ([1.0], -2, 3, "-2")],
)
def test_what_makes_no_sense_is_refused(costs, finalists, replicates, match):
    with pytest.raises(ValueError, match=match):
        chosen(costs, 1.0, finalists, replicates)
