"""What every sampler keeps to, as the dispatcher relies on it; and what each sampler promises beside that."""

from __future__ import annotations

import json

import pytest

from packtune.errors import SettingsError, SpaceError
from packtune.proposals.catalog import SAMPLERS, check_sampler, count_listed, default_sampler, make_proposer
from packtune.proposals.given import NOTHING, EarlierTrial, Given
from packtune.proposals.packing import shape_of
from packtune.proposals.proposer import Suggestion, propose
from packtune.settings import SearchPlan
from packtune.space.catalog import SPACES
from packtune.trial import Accuracy, Outcome, TrialState

PACK_SAMPLERS = ("random", "tpe")
OPTUNA_SAMPLERS = ("qmc", "gp", "cmaes")


pytestmark = pytest.mark.usefixtures("one_thread")


def space_for(sampler):
    return SPACES["grid" if SAMPLERS[sampler].lists else "sgd"]


def make(sampler, seed=3, **plan):
    return make_proposer(space_for(sampler), SearchPlan(sampler=sampler, seed=seed, trials=200, **plan))


def outcome_of(number, suggestion):
    """Every kind of outcome, whatever is proposed."""
    accuracy = Accuracy(joint=suggestion.values["momentum"], heads=(0.5,))
    kinds = (
        Outcome(state=TrialState.COMPLETE, epochs=3, curve=((3, accuracy.joint),), validation=accuracy),
        Outcome(state=TrialState.PRUNED, epochs=1, curve=((1, 0.3),), validation=accuracy),
        Outcome(state=TrialState.COMPLETE, epochs=3, curve=((3, accuracy.joint),), validation=accuracy),
        Outcome(state=TrialState.DIVERGED, epochs=1, curve=((1, 0.0),)),
        Outcome(state=TrialState.FAIL, reason="its worker died"),
    )
    return kinds[number % len(kinds)]


def add_all(proposer, suggestions, first=0):
    for number, suggestion in enumerate(suggestions, first):
        proposer.add(number, suggestion)


def tell_all(proposer, suggestions, numbers):
    for number in numbers:
        proposer.tell(number, outcome_of(number, suggestions[number]))


def search(proposer, n_trials, *, members=4):
    """Propose window after window, and tell each before the next."""
    found = []
    pack = 0
    while len(found) < n_trials:
        first = len(found)
        found += propose(proposer, first=first, pack=pack, left=n_trials - first, capacity=lambda _: members)
        add_all(proposer, found[first:], first)
        tell_all(proposer, found, range(first, len(found)))
        pack += 1
    return found


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_proposals_lie_in_the_space_whatever_was_told(sampler):
    space = space_for(sampler)
    for suggestion in search(make(sampler), 12):
        assert space.choose(lambda dimension, given=suggestion.values: given[dimension.name]) == suggestion.values
        assert space.configuration_of(suggestion.values)
        if not SAMPLERS[sampler].lists:
            assert 8 <= suggestion.values["hidden_units"] <= 1024
            assert 1e-3 <= suggestion.values["learning_rate"] <= 1


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_values_and_attributes_are_of_types_that_json_keeps(sampler):
    for suggestion in search(make(sampler), 12):
        kept = dict(suggestion.values), dict(suggestion.attributes)
        assert json.loads(json.dumps(kept)) == list(kept)
        assert {type(value) for value in suggestion.values.values()} <= {bool, int, float, str}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_seed_gives_the_same_proposals_each_time_and_another_seed_others(sampler):
    one, again, other = (search(make(sampler, seed), 6) for seed in (3, 3, 4))
    assert one == again
    assert (one == other) == SAMPLERS[sampler].lists


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_proposer_that_is_made_anew_from_the_trials_goes_on_as_the_first_would(sampler):
    first = make(sampler)
    found = search(first, 20)
    again = make(sampler)
    add_all(again, found)
    tell_all(again, found, range(20))
    expected, resumed = (
        propose(proposer, first=20, pack=9, left=2, capacity=lambda _: 4) for proposer in (first, again)
    )
    assert resumed == expected


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_window_that_was_opened_in_part_is_proposed_as_it_was(sampler):
    first = make(sampler)
    found = search(first, 16)
    whole = propose(first, first=16, pack=9, left=4, capacity=lambda _: 4)
    for n_opened in (0, len(whole) // 2):
        again = make(sampler)
        add_all(again, [*found, *whole[:n_opened]])
        tell_all(again, found, range(16))
        assert propose(again, first=16, pack=9, left=4, capacity=lambda _: 4) == whole


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_trial_that_is_known_is_not_taken_in_again(sampler):
    once, twice = make(sampler), make(sampler)
    found = search(once, 8)
    for _ in range(2):
        add_all(twice, found)
    tell_all(twice, found, range(8))
    expected, given = (propose(p, first=8, pack=9, left=4, capacity=lambda _: 4) for p in (once, twice))
    assert given == expected


@pytest.mark.parametrize("sampler", [name for name, entry in SAMPLERS.items() if not entry.learns])
def test_a_sampler_that_does_not_learn_proposes_the_same_whatever_is_told(sampler):
    told, untold = make(sampler), make(sampler)
    found = search(told, 8)
    add_all(untold, found)
    expected, given = (propose(p, first=8, pack=9, left=4, capacity=lambda _: 4) for p in (told, untold))
    assert given == expected


@pytest.mark.parametrize("sampler", PACK_SAMPLERS)
def test_a_pack_has_one_shape_and_its_members_differ(sampler):
    proposer, space = make(sampler, pack_size=5), SPACES["sgd"]
    found = search(proposer, 30)
    for start in range(0, 30, 5):
        pack = found[start : start + 5]
        assert len({shape_of(space.configuration_of(suggestion.values)) for suggestion in pack}) == 1
        assert len({suggestion.values["learning_rate"] for suggestion in pack}) == 5


@pytest.mark.parametrize("sampler", PACK_SAMPLERS)
def test_trials_with_higher_numbers_do_not_change_a_pack(sampler):
    proposer = make(sampler, pack_size=4)
    found = search(proposer, 16)
    pack = propose(proposer, first=16, pack=4, left=4, capacity=lambda _: 4)
    add_all(proposer, [*pack, *found[:4]], 16)
    assert propose(proposer, first=16, pack=4, left=4, capacity=lambda _: 4) == pack


@pytest.mark.parametrize(("sampler", "sizes"), [("tpe", [2, 2, 3, 4]), ("random", [6, 6, 6, 6])])
def test_packs_are_as_large_as_the_capacity_and_the_search_allow(sampler, sizes):
    plan = SearchPlan(sampler=sampler, trials=50)
    proposer = make_proposer(SPACES["sgd"], plan)
    assert [proposer.window(first, 0).size(lambda _: 100) for first in (0, 32, 48, 64)] == sizes
    assert proposer.window(48, 0).size(lambda _: 1) == 1
    asked = make_proposer(SPACES["sgd"], SearchPlan(sampler=sampler, trials=50, pack_size=9))
    assert asked.window(0, 0).size(lambda _: 1) == 9


@pytest.mark.parametrize(("sampler", "size"), [("grid", 256), ("qmc", 256), ("gp", 4), ("cmaes", 8)])
def test_trials_that_are_proposed_one_by_one_are_so_in_windows_of_one_size(sampler, size):
    assert make(sampler).window(0, 0).size(lambda _: 1) == size


def test_the_grid_is_proposed_in_order_and_again_from_its_start():
    rows = SPACES["mini-grid"].enumerate()
    proposer = make_proposer(SPACES["mini-grid"], SearchPlan(sampler="grid"))
    found = propose(proposer, first=0, pack=0, left=25, capacity=lambda _: 1)
    assert [suggestion.values for suggestion in found] == [*rows, *rows, *rows[:5]]


def test_cma_es_comes_closer_to_what_it_is_told_is_best():
    proposer = make("cmaes")
    momenta = []
    for number in range(80):
        (suggestion,) = propose(proposer, first=number, pack=number, left=1, capacity=lambda _: 1)
        accuracy = Accuracy(joint=suggestion.values["momentum"], heads=(0.5,))
        proposer.tell(number, Outcome(state=TrialState.COMPLETE, epochs=1, validation=accuracy))
        momenta.append(accuracy.joint)
    assert sum(momenta[-20:]) > sum(momenta[:20])


def test_the_points_of_the_quasi_random_sequence_are_numbered_by_trial():
    every = propose(make("qmc"), first=0, pack=0, left=6, capacity=lambda _: 1)
    assert len({suggestion.values["learning_rate"] for suggestion in every}) == 6
    again = make("qmc")
    # Three trials from elsewhere take their numbers, and the sequence goes on where it would have been.
    add_all(again, [every[0], every[0], every[0], every[0]])
    assert propose(again, first=4, pack=4, left=1, capacity=lambda _: 1) == [every[4]]


@pytest.mark.parametrize("sampler", ["tpe", *OPTUNA_SAMPLERS])
def test_a_value_outside_the_space_is_refused(sampler):
    (suggestion,) = propose(make(sampler), first=0, pack=0, left=1, capacity=lambda _: 1)
    with pytest.raises(ValueError):
        make(sampler).add(0, Suggestion(values={**suggestion.values, "activation": "step"}))


def test_samplers_are_held_against_the_space():
    with pytest.raises(SettingsError, match="unknown sampler 'tep'. Did you mean 'tpe'"):
        check_sampler("tep", SPACES["sgd"])
    with pytest.raises(SettingsError, match="would not keep to it"):
        check_sampler("tpe", SPACES["mini-grid"])
    with pytest.raises(SpaceError, match="cannot be tried in full"):
        check_sampler("grid", SPACES["sgd"])


def test_a_space_that_can_be_tried_in_full_is_by_default():
    assert [default_sampler(SPACES[name]) for name in ("mini-grid", "grid", "wide")] == ["grid", "grid", "tpe"]
    assert count_listed("grid", SPACES["mini-grid"]) == 10
    assert count_listed("tpe", SPACES["sgd"]) is None


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_a_sampler_starts_from_the_trials_of_an_earlier_search(sampler):
    earlier = []
    for number, suggestion in enumerate(propose(make("random"), first=0, pack=0, left=12, capacity=lambda _: 12)):
        accuracy = Accuracy(joint=number / 20, heads=(number / 20,))
        outcome = Outcome(state=TrialState.COMPLETE, epochs=1, validation=accuracy)
        earlier.append(EarlierTrial(values=suggestion.values, outcome=outcome))
    proposed = []
    for given in (NOTHING, Given(earlier=tuple(earlier)), Given(earlier=tuple(earlier))):
        proposer = make(sampler)
        proposer.prepare(given)
        (first,) = propose(proposer, first=0, pack=0, left=1, capacity=lambda _: 1)
        proposer.add(0, first)
        proposer.tell(0, Outcome(state=TrialState.FAIL, reason="it broke"))
        proposed.append([first, *propose(proposer, first=1, pack=1, left=1, capacity=lambda _: 1)])
    assert proposed[0] != proposed[1] == proposed[2]
    assert all(SPACES["sgd"].has(suggestion.values) for suggestion in proposed[1])
