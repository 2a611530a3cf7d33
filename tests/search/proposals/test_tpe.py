"""Proposals by Parzen estimators: functions of what is known, of one shape a pack, and better than chance."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from packtune.proposals.encoding import Encoding
from packtune.proposals.history import History
from packtune.proposals.pack_window import PackStart
from packtune.proposals.random_draws import EvenDraws
from packtune.proposals.tpe import MOST_BAD, STARTUP_TRIALS, tpe_source
from packtune.space.catalog import SPACES
from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
from packtune.space.space import Space
from packtune.trial import Accuracy, Outcome, TrialState

WIDE = Encoding(SPACES["sgd"])
SHARED = ("architecture", "depth", "filters", "kernel_size", "batch_size")


def complete(accuracy):
    return Outcome(state=TrialState.COMPLETE, epochs=9, validation=Accuracy(joint=accuracy, heads=(accuracy,)))


def shape(row, encoding=WIDE):
    values = encoding.decode(row)
    return encoding.region({name: (values[name], values[name]) for name in SHARED if name in values})


def random_source(encoding, history, start):
    return EvenDraws(encoding, start)


def rows_of(source_of, history, first, *, pack=0, members=16, seed=3, encoding=WIDE):
    """Propose the rows of one pack."""
    source = source_of(encoding, history, PackStart(seed=seed, pack=pack, first=first))
    leader = source.leader()
    others = source.others(members - 1, shape(leader, encoding)) if members > 1 else leader[:0].reshape(0, len(leader))
    return np.vstack([leader, others])


def search(source_of, encoding, merit, *, trials, members=1, lag=0, seed=0):
    """Propose pack after pack, told `lag` packs late, and give what was found."""
    history, values, packs = History(len(encoding.columns)), [], []
    while len(values) < trials:
        first = len(values)
        size = min(members, trials - first)
        for row in rows_of(source_of, history, first, pack=len(packs), members=size, seed=seed, encoding=encoding):
            values.append(encoding.decode(row))
            history.add(encoding.encode(values[-1]))
        packs.append(range(first, len(values)))
        for number in packs[-1 - lag] if len(packs) > lag else ():
            history.tell(number, complete(merit(values[number])))
    return values


def bowl(values):
    """Best at 1 for a cnn with a learning rate of 0.03; each word and number away from it costs."""
    score = 1 - 0.2 * (math.log10(values["learning_rate"]) + 1.5) ** 2 - 0.3 * (values["momentum"] - 0.8) ** 2
    score -= 0.1 * (values["activation"] != "silu") + 0.1 * (values["architecture"] != "cnn")
    return max(0.0, score - 0.05 * (values.get("filters", 16) != 16))


@pytest.mark.parametrize("source_of", [tpe_source, random_source])
def test_a_pack_has_one_shape_and_members_of_their_own(source_of):
    found = search(source_of, WIDE, bowl, trials=96, members=8)
    for first in range(0, 96, 8):
        pack = found[first : first + 8]
        assert len({tuple(values.get(name) for name in SHARED) for values in pack}) == 1
        assert len({values["learning_rate"] for values in pack}) == 8


def test_the_first_packs_have_other_shapes_each():
    found = search(tpe_source, WIDE, bowl, trials=64, members=8, lag=8)
    shapes = {tuple(found[first].get(name) for name in SHARED) for first in range(0, 64, 8)}
    assert len(shapes) == 8
    assert Counter(found[first]["architecture"] for first in range(0, 64, 8)) == {"mlp": 4, "cnn": 4}


@pytest.mark.parametrize(("members", "lag"), [(1, 0), (8, 3)])
def test_it_finds_better_configurations_than_chance(members, lag):
    def best(source_of, seed):
        return max(map(bowl, search(source_of, WIDE, bowl, trials=96, members=members, lag=lag, seed=seed)))

    learnt, drawn = ([best(source_of, seed) for seed in range(10)] for source_of in (tpe_source, random_source))
    assert sum(a > b for a, b in zip(learnt, drawn, strict=True)) >= 8
    assert 1 - np.mean(learnt) < 0.6 * (1 - np.mean(drawn))


def known(n_told, n_pending, seed=0):
    """Give a history of random trials: told ones with accuracies of their own, then pending ones."""
    history = History(len(WIDE.columns))
    source = EvenDraws(WIDE, PackStart(seed=3, pack=0, first=0))
    for row in source.others(n_told + n_pending, WIDE.everywhere):
        history.add(row)
    for number, accuracy in enumerate(np.random.default_rng(seed).random(n_told)):
        history.tell(number, complete(accuracy))
    return history


@pytest.mark.parametrize("n_told", [STARTUP_TRIALS - 1, 40, 2 * MOST_BAD])
def test_a_proposal_is_a_function_of_seed_and_knowledge(n_told):
    first = n_told + 8
    rows = rows_of(tpe_source, known(n_told, 8), first)
    np.testing.assert_array_equal(rows, rows_of(tpe_source, known(n_told, 8), first))
    assert not np.array_equal(rows, rows_of(tpe_source, known(n_told, 8), first, seed=4), equal_nan=True)
    # What comes after its first trial is not known to it, told or not.
    later = known(n_told, 8)
    for row in rows_of(random_source, later, first, members=4):
        later.add(row)
    later.tell(first + 1, complete(1.0))
    np.testing.assert_array_equal(rows, rows_of(tpe_source, later, first))


def test_it_depends_on_what_was_told_and_on_what_is_pending():
    rows = rows_of(tpe_source, known(40, 8), 48)
    assert not np.array_equal(rows, rows_of(tpe_source, known(40, 8, seed=1), 48), equal_nan=True)
    fewer = known(40, 8)
    for number in range(40, 48):
        fewer.tell(number, Outcome(state=TrialState.FAIL, reason="its worker died"))
    assert not np.array_equal(rows, rows_of(tpe_source, fewer, 48), equal_nan=True)


def test_trials_are_ordered_by_how_far_they_came_and_then_by_accuracy():
    def pruned(epoch, accuracy):
        return Outcome(state=TrialState.PRUNED, epochs=epoch, curve=tuple((e, accuracy) for e in range(1, epoch + 1)))

    outcomes = [
        Outcome(state=TrialState.DIVERGED, epochs=1, curve=((1, 0.0),), reason="not finite"),
        pruned(1, 0.9),
        complete(0.4),
        Outcome(state=TrialState.FAIL, reason="its worker died"),
        pruned(3, 0.5),
        complete(0.7),
        pruned(1, 0.95),
        complete(0.7),
    ]
    history = History(1)
    for number, _ in enumerate(outcomes):
        history.add(np.array([float(number)]))
    for number in (5, 0, 7, 3, 1, 6, 2, 4):
        history.tell(number, outcomes[number])
    rows, ranks = history.told(len(outcomes))
    assert [number for _, number in sorted(zip(ranks, rows[:, 0], strict=True))] == [5, 7, 2, 4, 6, 1, 0]
    assert len(history.pending(len(outcomes))) == 0
    assert history.told(2)[0][:, 0].tolist() == [0, 1]


def test_a_configuration_is_proposed_twice_only_if_there_is_hardly_another():
    space = Space(
        name="small",
        dimensions=(
            Dimension(name="activation", domain=Choices(values=("relu", "tanh", "elu", "gelu"))),
            Dimension(name="depth", domain=IntRange(low=1, high=4)),
            Dimension(name="batch_size", domain=Choices(values=(16, 32, 64, 128))),
        ),
    )
    found = search(tpe_source, Encoding(space), lambda v: 1 / v["depth"], trials=40, members=4, lag=1)
    assert len({tuple(values.items()) for values in found}) >= 38


def test_many_trials_are_no_hindrance():
    rows = rows_of(tpe_source, known(12_000, 64), 12_064, members=64)
    assert rows.shape == (64, len(WIDE.columns))


def test_a_space_of_one_configuration_is_proposed_again_and_again():
    space = Space(name="one", dimensions=(Dimension(name="dropout", domain=FloatRange(low=0.5, high=0.5)),))
    found = search(tpe_source, Encoding(space), lambda _: 0.5, trials=20, members=3)
    assert found == [{"dropout": 0.5}] * 20
