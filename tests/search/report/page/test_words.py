"""The axis of scores, and texts of several sections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.report.facts.about import MetricFacts
from packtune.report.page.words import count, is_stretched, listed, score_axis, sentence

ACCURACY = MetricFacts(name="accuracy", in_words="accuracy", description="", larger_is_better=True, highest=1.0)
LOSS = MetricFacts(name="log-loss", in_words="log-loss", description="", larger_is_better=False, highest=27.6)


@given(scores=st.lists(st.floats(0, 1), min_size=1, max_size=30), metric=st.sampled_from([ACCURACY, LOSS]))
def test_every_score_has_its_place_in_order(scores, metric):
    axis = score_axis(metric, scores)
    places = [axis.place(score) for score in sorted(scores)]
    assert all(-0.001 <= place <= 1.001 for place in places)
    assert places == sorted(places)
    assert all(-0.001 <= tick.at <= 1.001 for tick in axis.ticks)


def test_scores_close_to_the_best_are_spread():
    scores = [0.1, 0.5, 0.95, 0.98, 0.99]
    assert is_stretched(ACCURACY, scores)
    axis = score_axis(ACCURACY, scores)
    assert axis.place(0.99) - axis.place(0.95) > axis.place(0.5) - axis.place(0.1)
    assert not is_stretched(ACCURACY, [0.6, 0.7, 0.75])


def test_a_perfect_score_stands_a_little_above_the_next_best():
    axis = score_axis(ACCURACY, [0.5, 0.9, 0.963, 1.0])
    assert axis.ticks[-1].label == "1"
    assert axis.place(1.0) - axis.place(0.963) < 0.4
    assert axis.place(1.0) <= 1


@pytest.mark.parametrize(("number", "text"), [(1, "one trial"), (12, "twelve trials"), (1200, "1,200 trials")])
def test_numbers_are_counted_in_words(number, text):
    assert count(number, "trial") == text


def test_texts_are_sentences_and_lists():
    assert sentence("  a model reaches 0.9.. ") == "A model reaches 0.9."
    assert [listed(words) for words in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]
