"""A search that nothing can train says so, once, and says when it goes on."""

from __future__ import annotations

import pytest

from packtune.execution.capacity_watch import BUSY_AFTER_S, TOO_SMALL_AFTER_S, CapacityWatch
from packtune.settings import Placement

WORKER = "a worker (2 CPUs and 0 GPUs)"
TOO_SMALL = f"No node of the cluster can hold {WORKER}: waiting for one to join. Ctrl-C stops; resume goes on."
BUSY = f"The cluster has had no room for {WORKER} for a minute: waiting. Ctrl-C stops; resume goes on."
AGAIN = "There is room again."


@pytest.fixture
def watched():
    """Give a function that looks for so many seconds, and what was said so far."""
    said, now_s, nodes = [], [0.0], [True]
    placement = Placement(device="cpu", workers=None, at_hand=1, cpus_per_worker=2, gpus_per_worker=0)
    watch = CapacityWatch(placement, said.append, lambda: nodes[0], clock=lambda: now_s[0])

    def look(seconds, *, starved, large_enough=True):
        nodes[0] = large_enough
        end_s = now_s[0] + seconds
        while now_s[0] < end_s:
            now_s[0] += 0.5
            watch.look(starved=starved)
        return said

    return look


def test_nothing_is_said_while_packs_are_trained_or_workers_start(watched):
    watched(1000, starved=False, large_enough=False)
    watched(BUSY_AFTER_S - 1, starved=True)
    assert watched(1000, starved=False) == []


def test_a_cluster_without_a_node_that_is_large_enough_is_named_at_once(watched):
    assert watched(TOO_SMALL_AFTER_S - 1, starved=True, large_enough=False) == []
    assert watched(1000, starved=True, large_enough=False) == [TOO_SMALL]
    assert watched(10, starved=False) == [TOO_SMALL, AGAIN]
    assert watched(1000, starved=True, large_enough=False) == [TOO_SMALL, AGAIN, TOO_SMALL]


def test_a_busy_cluster_is_named_after_a_minute(watched):
    assert watched(1000, starved=True) == [BUSY]


def test_a_reason_that_changes_is_said(watched):
    assert watched(1000, starved=True, large_enough=False) == [TOO_SMALL]
    assert watched(1000, starved=True) == [TOO_SMALL, BUSY]
