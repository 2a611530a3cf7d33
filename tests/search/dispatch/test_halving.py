"""Successive halving: where the rungs lie and who goes on."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.dispatch.halving import REDUCTION_FACTOR, places_of, rungs_of, survivors

accuracies = st.lists(st.integers(0, 20).map(lambda n: n / 20), max_size=40)


@pytest.mark.parametrize(
    ("epochs", "rungs"),
    [(1, ()), (2, ()), (3, (1,)), (9, (1, 3)), (10, (1, 3)), (30, (1, 3, 10))],
)
def test_rungs_are_the_epochs_divided_by_powers_of_three(epochs, rungs):
    assert rungs_of(epochs) == rungs


@given(st.integers(1, 10_000))
def test_rungs_rise_and_lie_below_the_full_training(epochs):
    rungs = rungs_of(epochs)
    assert list(rungs) == sorted(set(rungs))
    assert all(1 <= rung < epochs for rung in rungs)


@given(accuracies.filter(bool), accuracies)
def test_those_go_on_that_are_among_the_best_third_of_all_known(members, told):
    kept = survivors(members, told)
    room = math.ceil((len(members) + len(told)) / REDUCTION_FACTOR)
    # Told values beat a member only if they are better; equal members go by their place.
    for place, value in enumerate(members):
        ahead = sum(other > value for other in told) + sum(
            (-other, rival) < (-value, place) for rival, other in enumerate(members)
        )
        assert (place in kept) == (ahead < room)
        assert places_of(members, told)[place] == ahead + 1


@given(accuracies.filter(bool), accuracies, st.randoms(use_true_random=False))
def test_the_order_in_which_others_were_told_does_not_matter(members, told, random):
    shuffled = list(told)
    random.shuffle(shuffled)
    assert survivors(members, shuffled) == survivors(members, told)


@given(accuracies.filter(bool))
def test_a_pack_alone_keeps_a_third_with_its_best(members):
    kept = survivors(members, [])
    assert len(kept) == math.ceil(len(members) / REDUCTION_FACTOR)
    assert members.index(max(members)) in kept


def test_a_pack_that_is_worse_than_all_that_is_known_may_lose_every_member():
    assert survivors([0.1, 0.2], [0.9] * 10) == []
