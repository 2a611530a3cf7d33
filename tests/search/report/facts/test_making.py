"""Facts that are worked out from records: axes of hyperparameters, fronts, hostile texts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from packtune.data.catalog import DATASETS
from packtune.data.description import BaselineAccuracy, Head, OwnData
from packtune.data.options import DataOptions
from packtune.models.configuration import Configuration
from packtune.models.training.metrics.catalog import Metric
from packtune.report.facts.making.about import data_facts, space_facts
from packtune.report.facts.making.leaders import trade_points
from packtune.report.facts.making.trainings import best_steps, trial_facts
from packtune.report.facts.making.tried import Tried
from packtune.report.ranking import Row
from packtune.settings import SearchPlan
from packtune.space.catalog import load_space
from packtune.trial import Accuracy, Outcome, Proposal, TrialRecord, TrialState


def record(number, score, state=TrialState.COMPLETE, metric=Metric.ACCURACY, **values):
    known = state in (TrialState.COMPLETE, TrialState.PRUNED)
    return TrialRecord(
        proposal=Proposal(number=number, configuration=Configuration(**values), seed=number),
        state=state,
        outcome=Outcome(
            state=state, epochs=1, curve=((1, score),), validation=scored(score, metric) if known else None,
            reason="a\nb\u202e<i>", metric=metric,
        ),
    )  # fmt: skip


def scored(score, metric=Metric.ACCURACY):
    from packtune.models.training.metrics.score import Score

    if metric is Metric.ACCURACY:
        return Accuracy(joint=score, heads=(score,))
    return Accuracy(joint=0.5, heads=(0.5,), measured=Score(value=score))


def row(trial, score, parameters, metric=Metric.ACCURACY, state=TrialState.COMPLETE):
    return Row(
        run="x", data=DATASETS["digits"].description, trial=trial, state=state, epochs=1, replicates=1,
        validation=scored(score, metric), test=None, parameters=parameters, configuration=Configuration(), seed=0,
        metric=metric,
    )  # fmt: skip


def test_axes_join_the_forms_of_a_hyperparameter_and_hold_what_was_tried():
    sgd = Configuration(optimizer="sgd", learning_rate=2.5, hidden_units=8)
    adam = Configuration(optimizer="adam", learning_rate=1e-4, hidden_units=512)
    tried = Tried(load_space("optimizers"), [sgd, adam])
    axes = {axis.name: axis for axis in tried.axes}
    rate = axes["learning_rate"]
    assert (rate.low, rate.high, rate.is_log, rate.is_whole, rate.choices) == (1e-4, 2.5, True, False, ())
    assert axes["hidden_units"].is_whole
    assert axes["nesterov"].choices == (False, True)
    assert axes["momentum"].is_conditional
    assert not rate.is_conditional
    assert next(iter(axes)) == "learning_rate"
    of_adam = dict(zip(axes, tried.values(adam), strict=True))
    assert of_adam["momentum"] is None
    assert of_adam["optimizer"] == "adam"
    assert dict(tried.fixed)["architecture"] == "mlp"
    assert not {name for name, _ in tried.fixed} & set(axes)


def test_a_space_without_trials_has_its_open_hyperparameters_as_axes():
    tried = Tried(load_space("sgd"), [])
    assert {"architecture", "learning_rate", "filters"} <= {axis.name for axis in tried.axes}
    assert tried.fixed == ()


def test_a_tried_word_that_the_space_lacks_becomes_a_choice():
    tried = Tried(load_space("optimizers"), [Configuration(optimizer="sgd"), Configuration(optimizer="lion")])
    assert {axis.name: axis.choices for axis in tried.axes}["optimizer"][-1] == "lion"


def test_conditions_are_told_in_words():
    facts = space_facts(load_space("optimizers"))
    told = [(each.name, each.condition) for each in facts.dimensions if each.name == "learning_rate"]
    assert told == [("learning_rate", "optimizer = sgd"), ("learning_rate", "optimizer = adam or adamw or rmsprop")]


@pytest.mark.parametrize(
    ("metric", "scores", "front"),
    [
        (Metric.ACCURACY, (0.5, 0.4, 0.9), [0, 2]),
        (Metric.LOG_LOSS, (0.5, 0.9, 0.1), [0, 2]),
        (Metric.AUC, (0.5,) * 3, [0]),
    ],
)
def test_the_front_has_what_no_cheaper_one_beats(metric, scores, front):
    rows = [row(trial, score, 100 * (trial + 1), metric) for trial, score in enumerate(scores)]
    rows += [row(3, 0.99, None, metric), row(4, 0.01, 1, metric, TrialState.PRUNED)]
    points = trade_points(rows, lambda each: each.parameters, metric)
    assert [point.trial for point in points] == [0, 1, 2]
    assert [point.trial for point in points if point.on_front] == front


def test_the_best_so_far_counts_only_trials_trained_to_the_end():
    records = [
        record(0, 0.2), record(1, 0.9, TrialState.PRUNED), record(2, 0.1), record(3, 0.3),
        record(4, 0.0, TrialState.DIVERGED), record(5, 0.3),
    ]  # fmt: skip
    assert [(step.at, step.trial, step.score) for step in best_steps(records, Metric.ACCURACY)] == [
        (1, 0, 0.2), (4, 3, 0.3),
    ]  # fmt: skip


def test_of_a_loss_the_best_is_the_smallest():
    records = [record(n, score, metric=Metric.LOG_LOSS) for n, score in enumerate((2.0, 3.0, 0.5))]
    assert [step.trial for step in best_steps(records, Metric.LOG_LOSS)] == [0, 2]


def test_a_trial_that_diverged_has_no_score_and_the_worst_merit():
    facts = trial_facts(record(0, 0.0, TrialState.DIVERGED), Tried(load_space("sgd"), []))
    assert (facts.score, facts.merit) == (None, 0.0)
    assert facts.reason == "a\\nb\\u202e<i>"


def test_an_open_trial_has_neither():
    waiting = replace(record(0, 0.5), state=TrialState.WAITING, outcome=None)
    facts = trial_facts(waiting, Tried(load_space("sgd"), []))
    assert (facts.state, facts.score, facts.merit, facts.curve) == ("WAITING", None, None, ())


def test_texts_from_outside_hold_no_control_characters():
    heads = (Head(name="a\x1b[31m", classes=("x\ny", "\u202eevil", "<b>")),)
    about = replace(DATASETS["digits"].description, name="da\rta", heads=heads)
    own = OwnData(description=about, format="a\ttable", options=DataOptions(), counts=((1, 2, 3),), notes=("a\0b",))
    known = BaselineAccuracy(name="majority class", validation=0.1, test=0.2, examples=10)
    facts = data_facts(SearchPlan(data="x", own=own), [known], is_decided=True)
    head = facts.heads[0]
    texts = [facts.name, facts.format, *facts.notes, head.name, *head.classes]
    assert all(text.isprintable() for text in texts)
    assert head.classes[2] == "<b>"
    assert head.counts == (1, 2, 3)
    assert facts.baselines[0].test == 0.2
    assert data_facts(SearchPlan(data="x", own=own), [known], is_decided=False).baselines == ()
