"""Whoever listens to a dispatcher is told of each outcome once, when it is durable, given-up trials included."""

from __future__ import annotations

import pytest

from packtune.dispatch.dispatcher import Dispatcher
from packtune.models.hardware.precision import Precision
from packtune.settings import SearchPlan
from packtune.space.domains import Dimension, IntRange
from packtune.space.space import Space
from packtune.study.storage import open_storage
from packtune.study.study import create_study

SPACE = Space(name="one", dimensions=(Dimension(name="hidden_units", domain=IntRange(low=8, high=64)),))


@pytest.fixture
def dispatcher(tmp_path):
    plan = SearchPlan(sampler="random", trials=6, epochs=2, pack_size=2, halving=False)
    settled = plan.settle(precision=Precision.FLOAT32, lookahead=4)
    with open_storage(tmp_path / "study.journal", None) as storage:
        study = create_study(storage, "one", SPACE, settled)
        dispatcher = Dispatcher(study, settled, max_failures=0)
        dispatcher.told = []

        def note(proposal, outcome):
            recorded = study.records()[proposal.number].outcome
            assert recorded == outcome
            dispatcher.told.append((proposal.number, outcome.reason))

        dispatcher.on_outcome = note
        yield dispatcher


def test_each_outcome_is_told_once_and_is_durable_then(dispatcher, train):
    while (task := dispatcher.next_pack()) is not None:
        dispatcher.receive(task.pack, train(task))
    assert sorted(number for number, _ in dispatcher.told) == list(range(6))


def test_a_trial_that_is_given_up_is_told_too(dispatcher, train):
    while (task := dispatcher.next_pack()) is not None:
        if 0 in task.pack.trials:
            dispatcher.fail(task.pack, "it broke", worker_died=False)
        else:
            dispatcher.receive(task.pack, train(task))
    assert sorted(number for number, _ in dispatcher.told) == list(range(6))
    assert dict(dispatcher.told)[0] == "it broke"
