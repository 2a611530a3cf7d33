"""The trainable without Ray's actors around it: when it reports, and when it sends a checkpoint along."""

from __future__ import annotations

import dataclasses
import time

import pytest
import torch

from packtune.data.sets.digits import load
from packtune.dispatch.pack_task import PackTask
from packtune.models.configuration import Configuration
from packtune.trial import Pack, Proposal
from packtune.worker.messages import PackDone, RoundDone, read_message, read_task, write_task
from packtune.worker.pack_run import run_pack
from packtune.worker.shared_data import to_arrays
from packtune.worker.trainable import PackTrainable


class Talkative(PackTrainable):
    progress_interval_s = 0.0


@pytest.fixture(scope="module")
def digits():
    return load()


@pytest.fixture
def start(digits):
    def start(task):
        trainable = Talkative.__new__(Talkative)
        trainable.setup(write_task(task), datasets={"digits": to_arrays(digits)})
        return trainable

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


def to_the_end(trainable):
    """List the messages up to the one that the pack is done."""
    messages = [read_message(trainable.step())]
    while not isinstance(messages[-1], PackDone):
        messages.append(read_message(trainable.step()))
    return messages


def untimed(report):
    return [dataclasses.replace(outcome, seconds=0.0) for outcome in report.outcomes]


@pytest.mark.parametrize(("interval_s", "ago_s", "sent"), [(0.0, 0.0, 1), (1e6, 0.0, 0), (1e6, 1e6 - 1e-4, 1)])
def test_a_checkpoint_is_sent_before_more_than_the_interval_would_be_lost(start, interval_s, ago_s, sent):
    trainable = start(task_of(checkpoint_interval_s=interval_s))
    trainable._saved_s = time.monotonic() - ago_s
    first = read_message(trainable.step())
    assert first.epoch == 1
    assert (first.checkpoint is not None) == bool(sent)


def test_a_worker_that_goes_on_from_any_checkpoint_gives_the_same_report(start, digits):
    task = task_of(checkpoint_interval_s=0.0)
    expected = run_pack(task, digits)
    trainable = start(task)
    *rounds, done = to_the_end(trainable)
    checkpoints = [message.checkpoint for message in rounds]
    assert untimed(done.report) == untimed(expected)
    assert len(checkpoints) == 2
    for content in checkpoints:
        trainable.reset_config(write_task(dataclasses.replace(task, checkpoint=content)))
        *_, done = to_the_end(trainable)
        assert untimed(done.report) == untimed(expected)
        assert done.report.model == expected.model


def test_what_a_training_raises_is_reported_and_the_worker_lives(start):
    trainable = start(task_of(checkpoint_interval_s="soon"))
    result = trainable.step()
    assert result["done"]
    assert "TypeError" in read_message(result).report.error
    trainable.reset_config(write_task(task_of()))
    assert read_message(trainable.step()) == RoundDone(epoch=1)


def test_messages_pass_through_rays_dicts():
    task = task_of()
    assert read_task(write_task(task)) is task
    with pytest.raises(TypeError, match="a worker got no task"):
        read_task({"training_iteration": 1})
    assert read_message({"training_iteration": 1}) is None
