"""The two protocols: whose weights and batches are drawn how, and what the notebook's leaves of a data set."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from packtune.data.dataset import Dataset, Split
from packtune.data.description import digit_heads
from packtune.protocol import NOTEBOOK_SEED, Protocol
from packtune.seeds import batch_seed, weight_seed
from packtune.worker.notebook_view import notebook_view

search_seeds = st.integers(0, 2**32 - 1)
numbers = st.integers(0, 1000)


def numbered(n, start):
    """Make a split whose image and label i both tell the number start + i."""
    images = torch.arange(start, start + n)
    digits = torch.stack([images // 256, images % 256], dim=1).to(torch.uint8)
    return Split(inputs=digits[:, None, None, :], labels=torch.stack([images % 10, images // 10 % 10], dim=1))


def numbers_in(split):
    return [256 * int(high) + int(low) for high, low in split.inputs[:, 0, 0]]


def dataset(n_train, n_validation, n_test):
    return Dataset(
        name="numbers",
        train=numbered(n_train, 0),
        validation=numbered(n_validation, 1000),
        test=numbered(n_test, 2000),
        heads=digit_heads("units", "tens"),
    )


sizes = st.integers(1, 300)


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
def test_the_order_is_that_of_numpys_legacy_shuffle(n):
    order = np.arange(n)
    np.random.RandomState(12321).shuffle(order)
    view = notebook_view(dataset(n, 5, 5), order_seed=NOTEBOOK_SEED, batch_size=4)
    assert numbers_in(view.train) == order.tolist()


def test_the_order_never_changes():
    view = notebook_view(dataset(10, 5, 5), order_seed=NOTEBOOK_SEED, batch_size=4)
    assert numbers_in(view.train) == [2, 6, 0, 9, 8, 3, 5, 4, 7, 1]


@given(sizes, sizes, sizes, st.integers(1, 400), search_seeds)
def test_only_full_batches_are_evaluated_from_the_front(n_train, n_validation, n_test, batch_size, seed):
    view = notebook_view(dataset(n_train, n_validation, n_test), order_seed=seed, batch_size=batch_size)
    for split, n, start in ((view.validation, n_validation, 1000), (view.test, n_test, 2000)):
        kept = numbers_in(split)
        assert kept == list(range(start, start + len(kept)))
        if n < batch_size:
            assert len(kept) == n  # not even one batch: better a part of one than nothing
        else:
            assert len(kept) % batch_size == 0
            assert 0 <= n - len(kept) < batch_size


@given(sizes, search_seeds)
def test_every_training_image_is_there_once_with_its_own_label(n_train, seed):
    original = dataset(n_train, 3, 3)
    view = notebook_view(original, order_seed=seed, batch_size=32)
    shown = numbers_in(view.train)
    assert sorted(shown) == list(range(n_train))
    assert view.train.labels.tolist() == [[n % 10, n // 10 % 10] for n in shown]
    assert numbers_in(original.train) == list(range(n_train))


def test_what_describes_the_data_set_stays():
    view = notebook_view(dataset(5, 5, 5), order_seed=0, batch_size=2)
    assert (view.name, view.classes, view.description.head_names) == ("numbers", 10, ("units", "tens"))


@given(search_seeds, numbers, numbers)
def test_a_search_draws_weights_for_each_trial_and_batches_for_all(seed, trial, replicate):
    assert Protocol.SEARCH.trial_seed(seed, trial, replicate) == weight_seed(seed, trial=trial)
    assert Protocol.SEARCH.order_seed(seed) == batch_seed(seed)


@given(search_seeds, numbers, numbers)
def test_the_notebook_uses_its_seed_itself_whatever_the_trial(seed, trial, replicate):
    assert Protocol.NOTEBOOK.trial_seed(seed, trial, replicate) == seed + replicate
    assert Protocol.NOTEBOOK.order_seed(seed) == seed


def test_the_words_of_the_protocols_never_change():
    assert [str(protocol) for protocol in Protocol] == ["search", "notebook"]
