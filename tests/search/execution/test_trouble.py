"""How long a search waits for its machine, and when it gives up."""

from __future__ import annotations

import pytest

from packtune.errors import ClusterError
from packtune.execution.trouble.waiting import GIVE_UP_AFTER_S, MAX_REST_S, Trouble
from packtune.models.configuration import Configuration
from packtune.trial import Pack, Proposal

PACK = Pack(number=0, proposals=(Proposal(number=7, configuration=Configuration(), seed=1),))


class Clock:
    now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def said():
    return []


@pytest.fixture
def trouble(clock, said):
    return Trouble(said.append, clock)


def rest(trouble, clock):
    """Wait until workers may be started again, and give how long that took, in whole seconds."""
    before_s = clock.now_s
    while trouble.rests:
        clock.now_s += 1
    return clock.now_s - before_s


def test_each_rest_is_twice_as_long_up_to_half_a_minute(trouble, clock):
    rests = []
    for _ in range(7):
        trouble.note(PACK, "memory ran low")
        rests.append(rest(trouble, clock))
    assert rests == [1, 2, 4, 8, 16, MAX_REST_S, MAX_REST_S]


def test_workers_that_die_together_count_once(trouble, clock):
    for _ in range(5):
        trouble.note(PACK, "memory ran low")
    assert rest(trouble, clock) == 1


def test_it_is_said_what_waits_and_why_once_a_minute(trouble, clock, said):
    for _ in range(6):
        trouble.note(PACK, "memory ran low on its node (7 of 8 GB were in use)")
        rest(trouble, clock)
    trouble.note(PACK, "its node is gone")
    assert said == [
        "Trial 7 lost the worker: memory ran low on its node (7 of 8 GB were in use). No pack is to blame: waiting, "
        "and trying again for 10 minutes. Ctrl-C stops; resume goes on.",
        "Trial 7 lost the worker: its node is gone. No pack is to blame: waiting, and trying again for 10 minutes. "
        "Ctrl-C stops; resume goes on.",
    ]


def test_after_ten_minutes_the_search_ends(trouble, clock):
    trouble.note(PACK, "memory ran low")
    clock.now_s += GIVE_UP_AFTER_S - 1
    trouble.note(PACK, "memory ran low")
    clock.now_s += 1
    with pytest.raises(
        ClusterError, match=r"for 10 minutes; the last one: Trial 7 lost the worker: its node is gone\. F"
    ):
        trouble.note(PACK, "its node is gone")


def test_a_pack_that_is_trained_ends_the_trouble(trouble, clock, said):
    trouble.end()
    assert not said
    trouble.note(PACK, "memory ran low")
    trouble.end()
    assert said[1:] == ["Packs are trained again."]
    assert not trouble.rests
    clock.now_s += GIVE_UP_AFTER_S
    trouble.note(PACK, "memory ran low")
    assert rest(trouble, clock) == 1
