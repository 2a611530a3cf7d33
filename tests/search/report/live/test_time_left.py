"""The time left: trials are weighed by their cost, whichever come last."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from packtune.data.catalog import DATASETS
from packtune.dispatch.standing import Later, Load, Spent, Standing
from packtune.models.configuration import Configuration
from packtune.proposals.packing import plainest_of
from packtune.report.live.time_left import CONVOLUTION, OTHER_FAMILY, time_left, work_of
from packtune.report.live.views import PlainView
from packtune.trial import TrialState

MNIST = DATASETS["mnist"].description
MLP = (MNIST, plainest_of(Configuration(hidden_units=10)))
WIDER = (MNIST, plainest_of(Configuration(hidden_units=128)))
CNN = (MNIST, plainest_of(Configuration(architecture="cnn")))


def spent(trials, seconds, epochs=10):
    return Spent(trials=trials, epochs=trials * epochs, seconds=trials * seconds)


def test_what_was_measured_counts_as_it_was_measured():
    load = Load(spent={MLP: spent(40, 1.0), CNN: spent(1, 60.0)}, left=((CNN, 1, 10.0), (CNN, 1, 10.0), (MLP, 4, 40.0)))
    left = time_left(load, workers=1)
    assert left.low == left.high == pytest.approx(124.0)
    assert time_left(load, workers=2).high == pytest.approx(62.0)


def test_the_longest_pack_bounds_the_time_however_many_workers_there_are():
    load = Load(spent={CNN: spent(1, 60.0)}, left=((CNN, 1, 10.0), (CNN, 1, 5.0)))
    assert time_left(load, workers=8).low == pytest.approx(60.0)


def test_cnns_that_come_last_are_not_counted_as_the_mlps_before_them():
    """Forty mlps of a second each are done, and four cnns are to come, of which none was trained."""
    load = Load(spent={MLP: spent(40, 1.0)}, left=((CNN, 1, 10.0),) * 4)
    left = time_left(load, workers=1)
    expected = 4 * CONVOLUTION * work_of(CNN) / work_of(MLP)
    assert left.low == pytest.approx(expected / OTHER_FAMILY)
    assert left.high == pytest.approx(expected * OTHER_FAMILY)
    assert left.low > 15 * 4  # trials counted alike would make it 4 s


def test_a_kind_that_was_not_trained_is_weighed_by_others_of_its_family():
    load = Load(spent={MLP: spent(10, 1.0), CNN: spent(1, 60.0)}, left=((WIDER, 1, 10.0),))
    left = time_left(load, workers=1)
    assert left.low < work_of(WIDER) / work_of(MLP) < left.high
    assert left.high / left.low == pytest.approx(1.5**2)


def test_nothing_is_known_before_a_trial_has_finished():
    assert time_left(Load(left=((MLP, 4, 40.0),), unproposed=10), workers=1) is None


@given(
    st.lists(st.tuples(st.sampled_from([MLP, WIDER, CNN]), st.integers(1, 9), st.floats(0.1, 100)), min_size=1),
    st.lists(st.tuples(st.sampled_from([MLP, WIDER, CNN]), st.integers(1, 9)), max_size=4),
    st.integers(0, 500),
    st.integers(1, 8),
)
def test_a_range_is_one_and_more_work_takes_longer(finished, left, unproposed, workers):
    known = {}
    for kind, trials, seconds in finished:
        known[kind] = known.get(kind, Spent()) + spent(trials, seconds)
    packs = tuple((kind, n, 10.0 * n) for kind, n in left)
    now = time_left(Load(spent=known, left=packs, unproposed=unproposed), workers)
    more = time_left(Load(spent=known, left=(*packs, (CNN, 1, 10.0)), unproposed=unproposed), workers)
    assert 0 <= now.low <= now.high
    if not unproposed:
        assert more.high >= now.high
    same = time_left(Load(spent={MLP: spent(5, 2.0)}, unproposed=unproposed), workers)
    assert same.low == pytest.approx(same.high) == pytest.approx(unproposed * 2.0 / workers)


def standing(load, done=5):
    finished = Counter({TrialState.COMPLETE: done})
    return Standing(trials=20, finished=finished, running=1, under_way=0.0, best=None, load=load)


def lines_of(*standings):
    text, clock = io.StringIO(), iter(range(0, 10_000, 10))
    view = PlainView(Console(file=text, width=200), lambda: float(next(clock)))
    for each in standings:
        view.show(each)
    return text.getvalue().splitlines()


def test_a_range_is_told_as_one():
    load = Load(spent={MLP: spent(5, 1.0)}, left=((CNN, 1, 10.0),) * 15, training=1)
    words = lines_of(standing(load, 4), standing(load, 5))[-1]
    assert " to " in words.partition("about")[2]
    even = Load(spent={MLP: spent(5, 100.0)}, left=((MLP, 15, 150.0),), training=1)
    assert "min" in lines_of(standing(even))[-1].partition("about")[2]
    assert " to " not in lines_of(standing(even))[-1]


def test_no_time_is_told_from_trials_of_one_kind_about_others():
    load = Load(left=((MLP, 5, 25.0), (CNN, 1, 10.0)), training=1)
    assert "left" not in lines_of(standing(load, 4), standing(load, 5))[-1]
    alike = Load(left=((MLP, 15, 150.0),), training=1)
    assert "left" in lines_of(standing(alike, 4), standing(alike, 5))[-1]


def test_stages_to_come_take_their_least_trainings_or_their_share_of_all_before_whatever_is_more() -> None:
    spent = {CNN: Spent(trials=10, epochs=100, seconds=100.0)}
    least = Later(trainings=((CNN, 12, 120.0),), share=0.2)
    few = time_left(Load(spent=spent, later=least), workers=1)
    assert few is not None
    assert few.low < 120.0 < few.high
    long_search = {CNN: Spent(trials=1000, epochs=10_000, seconds=10_000.0)}
    many = time_left(Load(spent=long_search, later=least), workers=2)
    assert many is not None
    assert (many.low, many.high) == pytest.approx((500.0, 1000.0))


def test_known_trainings_of_stages_to_come_are_added() -> None:
    spent = {CNN: Spent(trials=10, epochs=100, seconds=100.0)}
    later = Later(trainings=((CNN, 4, 40.0),))
    left = time_left(Load(spent=spent, left=((CNN, 2, 20.0),), later=later), workers=1)
    assert left is not None
    assert (left.low, left.high) == pytest.approx((60.0, 60.0))
