"""What Ray says of a worker that died, in a few words, and whether the machine is to blame."""

from __future__ import annotations

import pytest
from ray.exceptions import ActorUnschedulableError, ObjectStoreFullError, OutOfDiskError, RuntimeEnvSetupError

from packtune.execution.trouble.deaths import Death, MemoryKills, read_death


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Failure # 1 (occurred at 2026-01-01)\nThe actor died unexpectedly before finishing this task.\n"
            "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: "
            "Worker unexpectedly exits with a connection error code 2. End of file. Some common causes include: (1)",
            "it was killed, ran out of memory, or crashed",
        ),
        (
            "The actor is dead because its worker process has died. Worker exit type: USER_ERROR Worker exit detail: "
            "Worker exits because of a user error. More.",
            "Worker exits because of a user error",
        ),
        (
            "ray::Trainable.__init__() failed\n  File x\nModuleNotFoundError: No module named 'torch'\n",
            "ModuleNotFoundError: No module named 'torch'",
        ),
        ("", ""),
    ],
)
def test_the_cause_is_short(text, words):
    assert read_death(text) == Death(cause=words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "1 worker(s) were killed due to the node running low on memory. Memory on the node (IP: 10.0.0.1, ID: 3c) "
            "was 6.93GB used / 23.54GB limit (0.294193)\nOOM kill reason: Memory usage 7248736256B exceeded threshold\n"
            "Refer to the documentation on how to address the out of memory issue: https://docs.ray.io",
            "memory ran low on its node (6.93 of 23.54 GB were in use)",
        ),
        ("The actor died because its node has died. Node Id: 12ab", "its node is gone"),
        (str(ActorUnschedulableError("no node")), "no node can take it"),
        (str(ObjectStoreFullError("failed to put")), "the object store of its node is full"),
        (str(OutOfDiskError("failed to put")), "the disk of its node is full"),
        ("OSError: [Errno 28] No space left on device", "the disk of its node is full"),
        (str(RuntimeEnvSetupError("pip")), "its node cannot set up the environment of a worker"),
    ],
)
def test_the_trouble_of_a_machine_is_known(text, words):
    assert read_death(text) == Death(cause=words, of_machine=True)


def test_a_worker_that_the_system_killed_for_memory_is_not_to_blame(tmp_path):
    vmstat = tmp_path / "vmstat"
    vmstat.write_text("nr_free_pages 7\noom_kill 2\n")
    kills, text = MemoryKills(vmstat), "Worker exit detail: Worker unexpectedly exits with a connection error code 2."
    assert not read_death(text, kills.are_new).of_machine
    vmstat.write_text("nr_free_pages 7\noom_kill 3\n")
    assert read_death(text, kills.are_new) == Death(
        cause="the system killed it, since memory had run out", of_machine=True
    )
    assert not kills.are_new()
    assert not MemoryKills(tmp_path / "missing").are_new()
