"""The trainable without Ray's actors around it: when it reports, and when it sends a checkpoint along."""

from __future__ import annotations

import dataclasses
import time

import pytest
import torch

from packtune.data.sets.digits import load
from packtune.dispatch.pack_task import PackTask
from packtune.execution import worker
from packtune.execution.pack_run import run_pack
from packtune.execution.worker import CHECKPOINT, PROGRESS, REPORT, TASK, PackTrainable, to_arrays
from packtune.models.configuration import Configuration
from packtune.trial import Pack, Proposal


@pytest.fixture(scope="module")
def digits():
    return load()


@pytest.fixture
def start(digits, monkeypatch):
    def start(task):
        trainable = PackTrainable.__new__(PackTrainable)
        trainable.setup({TASK: task}, datasets={"digits": to_arrays(digits)})
        return trainable

    monkeypatch.setattr(worker, "PROGRESS_INTERVAL_S", 0.0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield start
    # What a worker sets for its process would reach all tests that come after.
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)


def task_of(**values):
    proposal = Proposal(number=0, configuration=Configuration(hidden_units=4, batch_size=128), seed=1)
    return PackTask(pack=Pack(number=0, proposals=(proposal,)), data="digits", epochs=3, batch_seed=2, **values)


def untimed(report):
    return [dataclasses.replace(outcome, seconds=0.0) for outcome in report.outcomes]


@pytest.mark.parametrize(("interval_s", "ago_s", "sent"), [(0.0, 0.0, 1), (1e6, 0.0, 0), (1e6, 1e6 - 1e-4, 1)])
def test_a_checkpoint_is_sent_before_more_than_the_interval_would_be_lost(start, interval_s, ago_s, sent):
    trainable = start(task_of(checkpoint_interval_s=interval_s))
    trainable._saved_s = time.monotonic() - ago_s
    first = trainable.step()
    assert first[PROGRESS] == 1
    assert (CHECKPOINT in first) == bool(sent)


def test_a_worker_that_goes_on_from_any_checkpoint_gives_the_same_report(start, digits):
    task = task_of(checkpoint_interval_s=0.0)
    expected = run_pack(task, digits)
    trainable, checkpoints = start(task), []
    while REPORT not in (result := trainable.step()):
        checkpoints.append(result[CHECKPOINT])
    assert untimed(result[REPORT]) == untimed(expected)
    assert len(checkpoints) == 2
    for content in checkpoints:
        trainable.reset_config({TASK: dataclasses.replace(task, checkpoint=content)})
        while REPORT not in (result := trainable.step()):
            pass
        assert untimed(result[REPORT]) == untimed(expected)
        assert result[REPORT].model == expected.model


def test_what_a_training_raises_is_reported_and_the_worker_lives(start):
    trainable = start(task_of(checkpoint_interval_s="soon"))
    assert "TypeError" in trainable.step()[REPORT].error
    trainable.reset_config({TASK: task_of()})
    assert PROGRESS in trainable.step()
