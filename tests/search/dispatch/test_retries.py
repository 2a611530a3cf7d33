"""What is done about a training that failed, and how many workers one member can kill."""

from __future__ import annotations

import pytest

from packtune.dispatch.retries import MANY_DEATHS, MOST_HALVINGS, Decision, Retries
from packtune.models.configuration import Configuration
from packtune.trial import Pack, Proposal


def pack_of(*trials):
    return Pack(number=0, proposals=tuple(Proposal(number=n, configuration=Configuration(), seed=n) for n in trials))


def decisions(retries, pack, *, worker_died, n):
    return [retries.judge(pack, "why", worker_died=worker_died).decision for _ in range(n)]


def test_a_pack_whose_worker_died_is_tried_again_before_it_is_split():
    retries = Retries(max_failures=2)
    expected = [Decision.RETRY, Decision.RETRY, Decision.SPLIT]
    assert decisions(retries, pack_of(0, 1, 2), worker_died=True, n=3) == expected


def test_a_half_is_split_at_once_and_a_single_member_is_tried_again():
    retries = Retries(max_failures=1)
    whole = pack_of(0, 1, 2, 3)
    assert not retries.is_half(whole)
    decisions(retries, whole, worker_died=True, n=2)
    first, _ = whole.halves()
    assert retries.is_half(first)
    assert decisions(retries, first, worker_died=True, n=1) == [Decision.SPLIT]
    assert decisions(retries, first.halves()[0], worker_died=True, n=2) == [Decision.RETRY, Decision.GIVE_UP]


@pytest.mark.parametrize(("trials", "decision"), [((4,), Decision.GIVE_UP), ((4, 5), Decision.SPLIT)])
def test_a_training_that_raised_an_error_is_not_tried_again(trials, decision):
    assert decisions(Retries(max_failures=3), pack_of(*trials), worker_died=False, n=1) == [decision]


@pytest.mark.parametrize(
    ("trials", "reason", "message"),
    [
        ((7,), "first line\nout of memory", "Trial 7 failed (out of memory): once more, try 2 of 4."),
        ((3, 4, 12), "", "Trials 3 to 12 failed (no reason is known): once more, try 2 of 4."),
    ],
)
def test_what_happened_is_said(trials, reason, message):
    assert Retries(max_failures=3).judge(pack_of(*trials), reason, worker_died=True).message == message


@pytest.mark.parametrize("max_failures", [0, 3, 50])
def test_no_member_can_kill_more_workers_than_is_said(max_failures):
    retries, pack, deaths = Retries(max_failures), pack_of(*range(2**MOST_HALVINGS)), 0
    while True:
        deaths += 1
        verdict = retries.judge(pack, "", worker_died=True)
        if verdict.decision is Decision.GIVE_UP:
            break
        pack = pack.halves()[0] if verdict.decision is Decision.SPLIT else pack
    assert retries.deaths_by_one >= MANY_DEATHS
    assert deaths <= retries.deaths_by_one
