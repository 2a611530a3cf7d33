"""Trainings that collapse, counted from their answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from packtune.confirmation.collapse import count_collapsed, find_collapsed

ANSWERS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 40)))


def rows(*right, images=100):
    """Give trainings that label so many images right."""
    return np.arange(images) < np.array(right)[:, None]


@pytest.mark.parametrize(
    ("right", "collapsed"),
    [((97, 96), 0), ((97, 10), 1), ((97, 0), 1), ((0, 0), 2), ((97, 49), 0), ((97, 48), 1), ((60, 58, 31), 0)],
)
def test_less_than_half_of_the_best_training_is_a_collapse(right, collapsed):
    assert count_collapsed(rows(*right)) == collapsed


@given(answers=ANSWERS, data=st.data())
def test_the_order_of_trainings_and_of_images_changes_nothing(answers, data):
    order = data.draw(st.permutations(range(answers.shape[0])))
    columns = data.draw(st.permutations(range(answers.shape[1])))
    assert count_collapsed(answers[order][:, columns]) == count_collapsed(answers)


@given(answers=ANSWERS)
def test_a_training_that_labels_nothing_right_has_collapsed_and_the_best_other_one_has_not(answers):
    nothing = int((~answers.any(axis=1)).sum())
    assert nothing <= count_collapsed(answers) <= max(len(answers) - 1, nothing)


def test_a_finalist_that_collapses_each_time_is_found_by_what_others_reach():
    assert find_collapsed({0: rows(97, 95), 1: rows(10, 11), 2: rows(96, 10), 3: rows(80, 60)}) == {1, 2}


def test_before_the_first_training_nobody_has_collapsed():
    assert find_collapsed({0: np.zeros((0, 5), dtype=bool), 1: np.zeros((0, 5), dtype=bool)}) == frozenset()
