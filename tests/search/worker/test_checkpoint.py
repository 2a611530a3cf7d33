"""Checkpoints of packs: kept while they are of use, and never believed."""

from __future__ import annotations

import pickle

import pytest
import torch

from packtune.models.configuration import Configuration
from packtune.trial import Pack, Proposal
from packtune.worker.checkpoint import CheckpointFolder, checkpoint_from_bytes, checkpoint_to_bytes

STATE = {"active": [0, 2], "training": {"values": [torch.ones(2, 3)]}}


def pack(*trials, number=0):
    proposals = (Proposal(number=trial, configuration=Configuration(), seed=trial) for trial in trials)
    return Pack(number=number, proposals=tuple(proposals))


def test_a_state_is_read_again_for_its_own_task_only():
    content = checkpoint_to_bytes("a", STATE)
    read = checkpoint_from_bytes(content, "a")
    assert read["active"] == [0, 2]
    assert torch.equal(read["training"]["values"][0], torch.ones(2, 3))
    assert checkpoint_from_bytes(content, "b") is None


@pytest.mark.parametrize(
    "content", [b"", b"x" * 100, checkpoint_to_bytes("a", STATE)[:-50], pickle.dumps({"key": "a"})]
)
def test_a_damaged_state_is_none(content):
    assert checkpoint_from_bytes(content, "a") is None


def test_a_folder_keeps_the_newest_of_each_part_of_a_pack(tmp_path):
    folder = CheckpointFolder(tmp_path / "checkpoints")
    whole, half = pack(0, 1, 2, 3), pack(0, 1)
    assert folder.load(whole) is None
    folder.save(whole, b"old")
    folder.save(whole, b"new")
    folder.save(half, b"half")
    assert (folder.load(whole), folder.load(half)) == (b"new", b"half")
    folder.drop(half)
    assert (folder.load(whole), folder.load(half)) == (b"new", None)
    folder.drop(whole)
    folder.drop(whole)
    assert not (tmp_path / "checkpoints").exists()


def test_a_finished_run_keeps_none_and_what_is_not_a_checkpoint_stays(tmp_path):
    folder = CheckpointFolder(tmp_path / "checkpoints")
    folder.clear()
    for left in (pack(0, 1), pack(2, 3, number=1)):
        folder.save(left, b"left")
    (tmp_path / "checkpoints" / "notes.txt").write_text("mine")
    folder.clear()
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["notes.txt"]
    (tmp_path / "checkpoints" / "notes.txt").unlink()
    folder.clear()
    assert not (tmp_path / "checkpoints").exists()
