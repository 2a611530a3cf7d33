"""Packs that are trained by another metric than accuracy: scores, checkpoints, and what the outcomes keep."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, roc_auc_score

from packtune.data.sets.digits import load
from packtune.dispatch.halving import HalvingPlan
from packtune.dispatch.pack_task import PackTask
from packtune.models.configuration import Configuration
from packtune.models.model_file import model_from_bytes
from packtune.models.training.evaluation import Evaluation
from packtune.models.training.metrics.catalog import METRICS, Metric
from packtune.trial import Pack, Proposal, TrialState
from packtune.worker.member_progress import MemberProgress
from packtune.worker.pack_run import PackRun, run_pack

OTHERS = [metric for metric in METRICS if metric is not Metric.ACCURACY]
RATES = (0.1, 0.003, 0.03, 1e-5)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def digits():
    return load()


def task_of(metric, rates=RATES, **values):
    proposals = tuple(
        Proposal(number=number, configuration=Configuration(learning_rate=rate, hidden_units=16), seed=7 + number)
        for number, rate in enumerate(rates)
    )
    return PackTask(
        pack=Pack(number=0, proposals=proposals), data="digits", epochs=4, batch_seed=1, metric=metric, **values
    )


def by_scikit_learn(metric, network, split):
    with torch.inference_mode():
        logits = network(split.inputs.float() / 256).double()
    probabilities, named = torch.softmax(logits, 1).numpy(), logits.argmax(1).numpy()
    truth = split.labels[:, 0].numpy()
    return {
        Metric.BALANCED_ACCURACY: lambda: balanced_accuracy_score(truth, named),
        Metric.MACRO_F1: lambda: f1_score(truth, named, average="macro"),
        Metric.LOG_LOSS: lambda: log_loss(truth, probabilities),
        Metric.AUC: lambda: roc_auc_score(truth, probabilities, multi_class="ovr"),
    }[metric]()


@pytest.mark.parametrize("metric", OTHERS)
def test_the_best_network_is_kept_and_scikit_learn_gives_it_the_same_score(digits, metric):
    report = run_pack(task_of(metric), digits)
    best = max(range(len(RATES)), key=lambda place: report.outcomes[place].merit)
    assert (report.model_trial, report.model_merit) == (best, report.outcomes[best].merit)
    model = model_from_bytes(report.model, source="model")
    assert (model.metric, model.validation_score) == (metric, report.outcomes[best].validation.score)
    assert model.validation_accuracy == report.outcomes[best].validation.joint
    for split, measured in (("validation", report.outcomes[best].validation), ("test", report.outcomes[best].test)):
        assert measured.score == pytest.approx(by_scikit_learn(metric, model.network, digits.splits[split]), rel=1e-3)
    assert run_pack(task_of(metric, known_best=report.model_merit), digits).model is None


@pytest.mark.parametrize("metric", OTHERS)
def test_answers_and_what_images_say_are_kept_where_the_task_asks(digits, metric):
    asked, plain = (run_pack(task_of(metric, wants_answers=wants), digits).outcomes for wants in (True, False))
    for one, other in zip(asked, plain, strict=True):
        assert one.curve == other.curve
        for split in ("validation", "test"):
            kept, left = getattr(one, split).measured, getattr(other, split).measured
            assert (kept.value, kept.error, kept.as_many) == (left.value, left.error, left.as_many)
            values = np.array(kept.values(len(digits.splits[split])))
            assert values.mean() == pytest.approx(kept.value, abs=1e-5)
            assert values.std(ddof=1) / np.sqrt(len(values)) == pytest.approx(kept.error)
            assert left.by_image == b""
        assert one.right_test is not None
        assert other.right_test is None


@pytest.mark.parametrize("metric", OTHERS)
def test_a_member_that_is_stopped_early_has_a_score_without_an_error(digits, metric):
    outcomes = run_pack(task_of(metric, halving=HalvingPlan(rungs=(1,))), digits).outcomes
    pruned = [outcome for outcome in outcomes if outcome.state is TrialState.PRUNED]
    assert len(pruned) == 2
    for outcome in pruned:
        assert outcome.validation.score == outcome.curve[-1][1]
        assert (outcome.validation.measured.error, outcome.test.measured.error) == (None, None)
        assert type(outcome).from_json(json.loads(json.dumps(outcome.to_json()))) == outcome
    best = sorted(outcomes, key=lambda outcome: -outcome.merits[0][1])[:2]
    assert all(outcome.state is TrialState.COMPLETE for outcome in best)


@pytest.mark.parametrize("metric", OTHERS)
def test_a_pack_goes_on_from_a_checkpoint_to_the_same_outcomes(digits, metric):
    task = task_of(metric, halving=HalvingPlan(rungs=(1,)))
    run, whole = PackRun(task, digits), run_pack(task, digits)
    for _ in range(2):
        run.advance()
    again = PackRun(task_of(metric, halving=HalvingPlan(rungs=(1,)), checkpoint=run.checkpoint()), digits)
    assert again.epoch == 2
    while not again.done:
        again.advance()
    for one, other in zip(again.report().outcomes, whole.outcomes, strict=True):
        assert (one.curve, one.validation, one.test) == (other.curve, other.validation, other.test)


def test_the_metric_tells_tasks_apart():
    assert len({task_of(metric).key for metric in METRICS}) == len(METRICS)


def test_a_checkpoint_keeps_a_loss_above_1_and_no_share_above_1():
    loss = Evaluation(accuracy=0.5, head_accuracies=(0.5,), loss=2.5, measured=2.5)
    progress = MemberProgress(metric=Metric.LOG_LOSS).after(1, loss, 0.25)
    plain = json.loads(json.dumps(progress.to_plain()))
    assert MemberProgress.from_plain(plain, Metric.LOG_LOSS) == progress
    with pytest.raises(ValueError, match="no curve"):
        MemberProgress.from_plain(plain, Metric.AUC)
