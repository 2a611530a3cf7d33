"""What selection decides: who goes on, who is tried alone, and who wins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.confirmation.judgement import Judgement, Rules
from packtune.confirmation.sizes import LADDER, choose_sizes
from packtune.settings import Preference

IMAGES = 200
RULES = Rules(images=IMAGES, resampled=False)
SMALL = Rules(images=IMAGES, resampled=False, prefer=Preference.SMALL)


def rows(*accuracies, seed=0):
    """Give trainings with about these accuracies, whose errors lie on images of their own."""
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(IMAGES) < round(accuracy * IMAGES) for accuracy in accuracies])


def judged(*rounds, rules=RULES, parameters=(5, 3, 1)):
    judgement = Judgement.of_nothing(len(parameters), parameters, rules)
    for each in rounds:
        judgement = judgement.after({index: rows(*each[index], seed=index) for index in each})
    return judgement


FIRST = {0: (0.97, 0.97), 1: (0.96, 0.96), 2: (0.95, 0.95)}


def test_before_the_first_training_the_order_is_that_of_exploration():
    judgement = judged()
    assert judgement.order == judgement.ties == (0, 1, 2)
    assert judgement.winner == 0


def test_the_best_is_tried_alone_and_stays_the_winner_where_it_trains():
    judgement = judged(FIRST)
    assert judgement.next_round((0, 1, 2), 1) == (0,)
    after = judged(FIRST, {0: (0.94, 0.95)})
    assert after.winner == after.order[0] == 0
    assert len(after.answers[0]) == 4
    assert after.ties == judgement.ties


@pytest.mark.parametrize("collapse", [0.0, 0.1, 0.4])
def test_one_that_collapses_when_it_is_tried_alone_is_not_the_winner(collapse):
    judgement = judged(FIRST, {0: (0.97, collapse)})
    assert judgement.collapsed == {0}
    assert judgement.winner == judgement.order[0] == 1
    assert judgement.order[-1] == 0


def test_the_better_mean_of_one_that_collapsed_counts_for_nothing():
    """Three good trainings and a bad one are above the mean of a finalist that always reaches 0.7, and it loses."""
    judgement = judged({0: (0.99, 0.99), 1: (0.7, 0.7)}, {0: (0.99, 0.2)}, parameters=(1, 1))
    assert judgement.answers[0].mean() > judgement.answers[1].mean()
    assert judgement.winner == 1


def test_where_all_collapsed_the_best_mean_wins():
    collapsing = {0: (0.97, 0.1), 1: (0.1, 0.1), 2: (0.1, 0.96)}
    judgement = judged(collapsing, {0: (0.97, 0.97)})
    assert judgement.collapsed == {0, 1, 2}
    assert judgement.winner == judgement.order[0] == 0


def test_the_smallest_that_ties_is_tried_alone_where_small_networks_are_preferred():
    judgement = judged(FIRST, rules=SMALL)
    small = judgement.winner
    assert small == max(judgement.ties)
    assert judgement.next_round((0, 1, 2), 1) == (small,)
    after = judged(FIRST, {small: (0.95, 0.0)}, rules=SMALL)
    assert after.winner != small
    assert after.winner == max(index for index in after.ties if index != small)


def test_one_that_fell_out_early_wins_where_all_that_stayed_collapse():
    four = {0: (0.97, 0.97), 1: (0.97, 0.96), 2: (0.95, 0.95), 3: (0.9, 0.9)}
    judgement = judged(four, {0: (0.97, 0.1), 1: (0.1, 0.97)}, parameters=(1, 1, 1, 1))
    assert judgement.next_round((0, 1), 1) == (2,)
    assert judgement.winner == 2


@given(
    accuracies=st.lists(st.lists(st.sampled_from([0.0, 0.1, 0.9, 0.95, 0.97]), min_size=24, max_size=24), min_size=1),
    step=st.sampled_from(LADDER),
    rules=st.sampled_from([RULES, SMALL]),
)
def test_whatever_trainings_give_there_is_one_winner_and_it_collapsed_only_if_all_did(accuracies, step, rules):
    n = min(step.finalists, len(accuracies))
    sizes = choose_sizes(costs=[1.0] * n, spent=1e9, finalists=n, replicates=None)
    judgement, alive, repeat = Judgement.of_nothing(n, range(n), rules), tuple(range(n)), 0
    for number, each in enumerate(sizes.rounds):
        alive = judgement.next_round(alive, each.finalists) if number else alive
        assert len(alive) == each.finalists
        end = repeat + each.repeats
        taken = {index: rows(*(accuracies[index] * 3)[repeat:end], seed=index) for index in alive}
        judgement, repeat = (judgement.after(taken) if each.repeats else judgement), end
    assert sorted(judgement.order) == list(range(n))
    assert judgement.winner in judgement.ties
    assert judgement.winner not in judgement.collapsed or len(judgement.collapsed.intersection(judgement.ties)) > 0
    if rules is RULES and len(judgement.collapsed) < n:
        assert judgement.winner not in judgement.collapsed
