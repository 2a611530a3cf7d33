"""Seeds: the same for ever, and different wherever they should be."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.seeds import Purpose, batch_seed, derive_seed, sampler_seed, weight_seed

search_seeds = st.integers(0, 2**63 - 1)
numbers = st.integers(0, 10**6)


@pytest.mark.parametrize(
    ("search_seed", "purpose", "trial", "replicate", "seed"),
    [
        (0, Purpose.INITIAL_WEIGHTS, 0, 0, 2968811710),
        (0, Purpose.INITIAL_WEIGHTS, 1, 0, 3831201730),
        (0, Purpose.INITIAL_WEIGHTS, 0, 1, 3317235285),
        (0, Purpose.BATCHES, 0, 0, 3964924996),
        (0, Purpose.SAMPLER, 7, 3, 666907150),
        (12321, Purpose.INITIAL_WEIGHTS, 0, 0, 1151136422),
        (2**63 - 1, Purpose.SAMPLER, 0, 0, 3096807746),
    ],
)
def test_seeds_never_change(search_seed, purpose, trial, replicate, seed):
    assert derive_seed(search_seed, purpose, trial=trial, replicate=replicate) == seed


def test_the_numbers_of_the_purposes_never_change():
    assert {purpose.name: purpose.value for purpose in Purpose} == {
        "INITIAL_WEIGHTS": 0,
        "BATCHES": 1,
        "SAMPLER": 2,
        "CONFIRMED_WEIGHTS": 3,
        "CONFIRMED_BATCHES": 4,
        "RESAMPLING": 5,
    }


def test_no_two_seeds_of_a_search_are_the_same():
    keys = list(itertools.product(range(2), Purpose, range(100), range(3)))
    seeds = {derive_seed(seed, purpose, trial=trial, replicate=n) for seed, purpose, trial, n in keys}
    assert len(seeds) == len(keys)


@given(search_seeds, st.sampled_from(Purpose), numbers, numbers)
def test_any_seed_fits_into_32_bits(search_seed, purpose, trial, replicate):
    assert 0 <= derive_seed(search_seed, purpose, trial=trial, replicate=replicate) < 2**32


@given(search_seeds, numbers, numbers)
def test_each_shorthand_draws_for_its_own_purpose(search_seed, trial, replicate):
    weights = derive_seed(search_seed, Purpose.INITIAL_WEIGHTS, trial=trial, replicate=replicate)
    assert weight_seed(search_seed, trial=trial, replicate=replicate) == weights
    assert sampler_seed(search_seed, trial=trial) == derive_seed(search_seed, Purpose.SAMPLER, trial=trial)
    assert batch_seed(search_seed, replicate=replicate) == derive_seed(
        search_seed, Purpose.BATCHES, replicate=replicate
    )
