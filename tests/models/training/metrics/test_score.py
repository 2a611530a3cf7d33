"""The record of a score: written and read, refused where no network can have it, averaged."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.models.training.metrics.catalog import MAX_LOSS, METRICS, Metric
from packtune.models.training.metrics.score import Score, mean_score, pack_values
from packtune.trial import Accuracy, Outcome, TrialState

GOOD = Score(value=0.75, error=0.01, as_many=90.5, by_image=pack_values(struct.pack("<3f", 0.5, 0.75, 1.0)))


def outcome_by(metric, value=0.75):
    validation = Accuracy(joint=0.5, heads=(0.5,), measured=Score(value=value, error=0.01, as_many=90))
    test = Accuracy(joint=0.25, heads=(0.25,), measured=GOOD)
    return Outcome(
        state=TrialState.COMPLETE,
        epochs=2,
        curve=((1, metric.entry.worst), (2, value)),
        validation=validation,
        test=test,
        metric=metric,
    )


@pytest.mark.parametrize("metric", [metric for metric in METRICS if metric is not Metric.ACCURACY])
def test_an_outcome_with_scores_is_read_again(metric):
    outcome = outcome_by(metric)
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome
    assert outcome.merit == metric.merit(0.75)
    assert [merit for _, merit in outcome.merits] == [metric.merit(metric.entry.worst), metric.merit(0.75)]


def test_an_outcome_by_accuracy_is_written_as_before_there_were_metrics():
    accuracy = Accuracy(joint=0.5, heads=(0.5,))
    written = Outcome(state=TrialState.COMPLETE, epochs=1, curve=((1, 0.5),), validation=accuracy).to_json()
    assert set(written) == {"state", "epochs", "curve", "validation", "test", "seconds", "device", "reason"}


def test_a_sealed_outcome_has_no_score_on_test_images():
    sealed = outcome_by(Metric.LOG_LOSS).sealed()
    assert sealed.test is None
    assert "test_score" not in sealed.to_json()
    assert sealed.merit == math.exp(-0.75)


@pytest.mark.parametrize(
    "damage",
    [
        {"validation_score": [1.5, 0.01, 90]},
        {"validation_score": [math.nan, 0.01, 90]},
        {"validation_score": [0.5, -0.1, 90]},
        {"validation_score": [0.5, math.inf, 90]},
        {"validation_score": [0.5, 0.1, 0]},
        {"validation_score": [0.5]},
        {"validation_score": ["x", 0.1, 9]},
        {"validation_score": [0.5, 0.1, 90, "?"]},
        {"validation_score": None},
        {"metric": "hinge"},
        {"curve": [[1, 1.5]]},
    ],
)
def test_what_no_network_can_reach_is_refused(damage):
    values = outcome_by(Metric.AUC).to_json() | damage
    with pytest.raises((ValueError, TypeError, KeyError, IndexError)):
        Outcome.from_json(values)


def test_a_score_that_is_missing_is_refused():
    values = outcome_by(Metric.AUC).to_json()
    del values["test_score"]
    with pytest.raises(KeyError):
        Outcome.from_json(values)


def test_what_images_say_is_given_back_for_their_number_alone():
    assert GOOD.values(3) == (0.5, 0.75, 1.0)
    for images in (2, 4):
        with pytest.raises(ValueError, match=f"of {images} images"):
            GOOD.values(images)
    with pytest.raises(ValueError, match="without values"):
        Score(value=0.5, error=0.1, as_many=3, by_image=b"damaged").values(3)


@given(values=st.lists(st.floats(0, MAX_LOSS), min_size=1, max_size=5), diverged=st.integers(0, 3))
def test_a_training_that_diverged_counts_as_the_worst_score_in_a_mean(values, diverged):
    scores = [Score(value=value, error=0.1, as_many=9) for value in values]
    mean = mean_score(scores, share=len(values) / (len(values) + diverged), metric=Metric.LOG_LOSS)
    assert mean.value == pytest.approx(math.fsum([*values, *diverged * [MAX_LOSS]]) / (len(values) + diverged))
    assert mean.by_image == b""


def test_the_mean_of_no_scores_is_none():
    assert mean_score([], share=1.0, metric=Metric.AUC) is None
