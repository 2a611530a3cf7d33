"""The training of one pack from task to report, on slices of the digits."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from packtune.data.sets.digits import load
from packtune.dispatch.halving import HalvingPlan
from packtune.dispatch.pack_task import PackTask
from packtune.models.configuration import Configuration
from packtune.models.model_file import model_from_bytes
from packtune.models.training.calibration import calibrate
from packtune.protocol import Protocol
from packtune.trial import Pack, Proposal, TrialState
from packtune.worker.checkpoint import checkpoint_from_bytes, checkpoint_to_bytes
from packtune.worker.pack_run import PackRun, ordinal, run_pack


@pytest.fixture(scope="module")
def digits():
    whole = load()
    return dataclasses.replace(
        whole, train=whole.train.first(640), validation=whole.validation.first(200), test=whole.test.first(100)
    )


def pack_of(*configurations):
    proposals = (Proposal(number=10 + n, configuration=c, seed=n) for n, c in enumerate(configurations))
    return Pack(number=0, proposals=tuple(proposals))


def task_of(*configurations, **values):
    return PackTask(**({"pack": pack_of(*configurations), "data": "digits", "epochs": 9, "batch_seed": 1} | values))


RATES = [
    Configuration(learning_rate=rate, momentum=0.9, hidden_units=16) for rate in (1e-6, 0.003, 0.1, 0.02, 0.01, 1e-5)
]


def test_without_halving_all_members_train_to_the_end(digits):
    report = run_pack(task_of(*RATES), digits)
    assert [outcome.state for outcome in report.outcomes] == [TrialState.COMPLETE] * 6
    for outcome in report.outcomes:
        assert [epoch for epoch, _ in outcome.curve] == list(range(1, 10))
        assert outcome.curve[-1][1] == outcome.validation.joint
        assert outcome.test.heads == (outcome.test.joint,)
        assert outcome.seconds > 0
        assert outcome.device == "cpu"


def test_parts_have_the_outcomes_of_the_whole_pack_whoever_diverges(digits, one_thread):
    configurations = (
        Configuration(learning_rate=0.1, hidden_units=40),
        Configuration(learning_rate=0.05, hidden_units=64, activation="leaky_relu"),
        Configuration(
            learning_rate=100.0, hidden_units=50, momentum=0.9, activation="identity"
        ),  # the only one with momentum
        Configuration(learning_rate=0.02, hidden_units=33),
    )
    if 2 not in calibrate(configurations, digits, budget_s=60).step_s:
        pytest.skip("this processor's products depend on how many are computed together")
    pack = pack_of(*configurations)
    whole, *parts = (run_pack(task_of(pack=part, whole=configurations), digits) for part in (pack, *pack.in_parts(2)))
    outcomes = [[dataclasses.replace(o, seconds=0.0) for o in report.outcomes] for report in (whole, *parts)]
    assert outcomes[0] == outcomes[1] + outcomes[2]
    assert [outcome.state for outcome in outcomes[0]].count(TrialState.DIVERGED) == 1
    assert whole.model in (part.model for part in parts)


def test_halving_leaves_a_third_at_each_rung_and_changes_no_survivor(digits):
    whole = run_pack(task_of(*RATES), digits)
    halved = run_pack(task_of(*RATES, halving=HalvingPlan(rungs=(1, 3))), digits)
    assert sorted(outcome.epochs for outcome in halved.outcomes) == [1, 1, 1, 1, 3, 9]
    for full, cut in zip(whole.outcomes, halved.outcomes, strict=True):
        assert cut.curve == full.curve[: cut.epochs]
        if cut.epochs == 9:
            assert (cut.state, cut.test) == (TrialState.COMPLETE, full.test)
        else:
            assert cut.state is TrialState.PRUNED
            assert cut.validation.joint == cut.curve[-1][1]


def test_what_stops_early_says_which_place_it_had(digits):
    plan = HalvingPlan(rungs=(1, 3), told={1: (0.0,), 3: (1.0,)})
    outcomes = run_pack(task_of(*RATES, halving=plan), digits).outcomes
    first = sorted(o.reason for o in outcomes if o.epochs == 1)
    assert first == [f"{place} of 7 after 1 epoch" for place in ("4th", "5th", "6th")]
    assert sorted(o.reason for o in outcomes if o.epochs == 3) == [f"{p} of 4 after 3 epochs" for p in ("3rd", "4th")]
    assert [o.reason for o in outcomes if o.state is TrialState.COMPLETE] == [""]


@pytest.mark.parametrize(
    ("place", "word"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (22, "22nd"), (113, "113th")],
)
def test_places_in_words(place, word):
    assert ordinal(place) == word


def test_what_was_told_raises_the_bar(digits):
    plan = HalvingPlan(rungs=(1,), told={1: (1.0,) * 20})
    assert {o.state for o in run_pack(task_of(*RATES, halving=plan), digits).outcomes} == {TrialState.PRUNED}


def test_a_member_that_diverges_is_marked_and_leaves_the_others_alone(digits):
    wild = Configuration(learning_rate=100.0, momentum=0.99, hidden_units=16, activation="identity")
    report = run_pack(task_of(RATES[1], wild, RATES[3]), digits)
    assert [o.state for o in report.outcomes] == [TrialState.COMPLETE, TrialState.DIVERGED, TrialState.COMPLETE]
    assert "left the finite numbers in epoch" in report.outcomes[1].reason
    assert report.outcomes[1].validation is None
    calm = run_pack(task_of(RATES[1], RATES[2], RATES[3]), digits)
    for place in (0, 2):
        assert report.outcomes[place].curve == calm.outcomes[place].curve


def test_a_pack_equals_its_members_alone(digits):
    together = run_pack(task_of(*RATES), digits)
    for place, configuration in enumerate(RATES):
        alone = PackTask(
            pack=Pack(number=0, proposals=(Proposal(number=0, configuration=configuration, seed=place),)),
            data="digits",
            epochs=9,
            batch_seed=1,
        )
        (outcome,) = run_pack(alone, digits).outcomes
        one_image = 1 / 200
        assert outcome.validation.joint == pytest.approx(
            together.outcomes[place].validation.joint, abs=1.01 * one_image
        )


def test_the_best_model_comes_back_only_if_it_beats_what_is_known(digits):
    report = run_pack(task_of(*RATES), digits)
    best = max(report.outcomes, key=lambda outcome: outcome.validation.joint)
    model = model_from_bytes(report.model, source="report")
    assert model.trial == report.model_trial == 10 + report.outcomes.index(best)
    right = (model.predict(digits.validation.inputs) == digits.validation.labels).all(1).double().mean().item()
    assert right == pytest.approx(best.validation.joint)
    known = run_pack(task_of(*RATES, known_best=best.validation.joint), digits)
    assert known.model is None
    assert known.model_trial is None


def test_the_notebooks_protocol_counts_full_batches_only(digits):
    (outcome,) = run_pack(task_of(RATES[1], protocol=Protocol.NOTEBOOK, epochs=1), digits).outcomes
    assert outcome.validation.joint * 192 == pytest.approx(round(outcome.validation.joint * 192))
    assert outcome.test.joint * 96 == pytest.approx(round(outcome.test.joint * 96))


def test_the_same_task_gives_the_same_report(digits):
    task = task_of(*(dataclasses.replace(c, dropout=0.3) for c in RATES), halving=HalvingPlan(rungs=(1, 3)))
    state = torch.random.get_rng_state()
    first = run_pack(task, digits)
    torch.manual_seed(99)
    assert timeless(run_pack(task, digits)) == timeless(first)
    torch.random.set_rng_state(state)


def test_progress_can_be_followed(digits):
    run = PackRun(task_of(*RATES, halving=HalvingPlan(rungs=(1, 3))), digits)
    seen = []
    while not run.done:
        run.advance()
        seen.append((run.epoch, run.active))
    assert seen == [(1, 2), (2, 2), (3, 1), *((epoch, 1) for epoch in range(4, 9)), (9, 0)]


def test_what_cannot_be_trained_is_an_error(digits):
    with pytest.raises(ValueError, match="batch_size = 1024 is larger than the training split"):
        PackRun(task_of(Configuration(batch_size=1024)), digits)


def timeless(report):
    return [dataclasses.replace(outcome, seconds=0) for outcome in report.outcomes], report.model


DROPPING = [dataclasses.replace(c, dropout=0.3, nesterov=n % 2 == 0) for n, c in enumerate(RATES)]
CONVOLUTION = [Configuration(architecture="cnn", filters=4, hidden_units=8, batch_size=64, dropout=0.2, momentum=0.9)]


@pytest.mark.parametrize("protocol", list(Protocol))
@pytest.mark.parametrize(
    ("configurations", "plan"),
    [(DROPPING, HalvingPlan(rungs=(1, 3))), (RATES, HalvingPlan()), (CONVOLUTION, HalvingPlan())],
    ids=["halved", "whole", "cnn"],
)
@pytest.mark.parametrize("epoch", [1, 2, 4])
def test_from_a_checkpoint_on_the_same_bytes_come_out(digits, configurations, plan, epoch, protocol):
    task = task_of(*configurations, halving=plan, epochs=5, protocol=protocol)
    undisturbed = run_pack(task, digits)
    run = PackRun(task, digits)
    while run.epoch < epoch:
        run.advance()
    resumed = PackRun(dataclasses.replace(task, checkpoint=run.checkpoint()), digits)
    assert (resumed.epoch, resumed.active) == (run.epoch, run.active)
    while not resumed.done:
        resumed.advance()
    assert timeless(resumed.report()) == timeless(undisturbed)


def test_a_checkpoint_of_something_else_is_not_gone_on_from(digits):
    task = task_of(*RATES)
    run = PackRun(task, digits)
    run.advance()
    checkpoint = run.checkpoint()
    for other in (
        dataclasses.replace(task, batch_seed=2),
        dataclasses.replace(task, epochs=8),
        dataclasses.replace(task, halving=HalvingPlan(rungs=(1,))),
        task_of(*RATES[:5]),
    ):
        assert PackRun(dataclasses.replace(other, checkpoint=checkpoint), digits).epoch == 0
    assert PackRun(dataclasses.replace(task, checkpoint=checkpoint, checkpoint_interval_s=1.0), digits).epoch == 1


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80\x04."])
def test_a_damaged_checkpoint_begins_anew(digits, content):
    task = task_of(*RATES, checkpoint=content)
    assert PackRun(task, digits).epoch == 0


def test_a_checkpoint_whose_weights_do_not_fit_begins_anew(digits):
    task = task_of(*RATES, epochs=3)
    undisturbed = run_pack(task, digits)
    run = PackRun(task, digits)
    run.advance()
    state = checkpoint_from_bytes(run.checkpoint(), task.key)
    state["training"]["values"][1] = state["training"]["values"][1][:, :3]
    damaged = dataclasses.replace(task, checkpoint=checkpoint_to_bytes(task.key, state))
    assert PackRun(damaged, digits).epoch == 0
    assert timeless(run_pack(damaged, digits)) == timeless(undisturbed)
