"""A courier never holds up a search, whatever the tool does: it is slow, hangs, breaks, or comes back."""

from __future__ import annotations

import threading
import time

import pytest

from packtune.models.configuration import Configuration
from packtune.tools import courier as couriers
from packtune.tools.courier import Courier, Patience
from packtune.tools.listener import Conclusion, Finished, Listener
from packtune.trial import Outcome, Proposal, TrialState

END = Conclusion(is_open=False, scores={}, text="")
TIMEOUT_S = 60


class Notebook(Listener):
    """Writes down what it is told; breaks or hangs as it is asked to."""

    title, where, later = "Notebook", "here", "packtune resume one --notebook"
    start_s = 0.0

    def __init__(self, *, known=(), breaks=lambda what: False, hangs=None):
        self.known, self.breaks, self.hangs = set(known), breaks, hangs
        self.told, self.threads = [], set()

    def look(self):
        if self.breaks("look"):
            raise OSError(111, "nobody listens")

    def begin(self):
        self._take("begin")
        return self.known

    def add(self, finished):
        self._take(finished.key)
        self.known.add(finished.key)

    def conclude(self, conclusion):
        self._take("end")

    def _take(self, what):
        self.threads.add(threading.current_thread())
        if self.hangs is not None:
            self.hangs.wait(TIMEOUT_S)
        if self.breaks(what):
            raise OSError(111, "nobody answers")
        self.told.append(what)


def trial(number):
    proposal = Proposal(number=number, configuration=Configuration(), seed=0)
    return Finished(proposal=proposal, outcome=Outcome(state=TrialState.FAIL, reason="it broke"))


def wait_until(is_so):
    deadline_s = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


@pytest.fixture
def said():
    return []


def test_everything_is_told_once_in_one_thread_and_where_to_look(said):
    notebook = Notebook(known=["trial-0001"])
    courier = Courier(notebook, said.append)
    for number in (0, 1):
        courier.offer(trial(number))
    wait_until(lambda: "trial-0000" in notebook.told)
    courier.finish([trial(number) for number in range(4)], END, Patience())
    assert notebook.told == ["begin", "trial-0000", "trial-0002", "trial-0003", "end"]
    assert said == ["Notebook: here"]
    assert notebook.threads.isdisjoint({threading.current_thread()}) and len(notebook.threads) == 1


def test_what_nobody_offered_is_sent_at_the_end(said):
    notebook = Notebook()
    Courier(notebook, said.append).finish([trial(0)], END, Patience())
    assert notebook.told == ["begin", "trial-0000", "end"]


def test_a_tool_that_hangs_holds_up_neither_the_search_nor_its_end_for_longer_than_its_patience(said):
    hangs = threading.Event()
    notebook = Notebook(hangs=hangs)
    courier = Courier(notebook, said.append)
    for number in range(2 * couriers.MOST_WAITING):
        courier.offer(trial(number))
    courier.finish([trial(0), trial(1)], END, Patience(idle_s=0.2))
    hangs.set()
    assert said == [
        "Notebook did not get 2 of 2 trials (it did not answer in time). Send them later with: "
        "packtune resume one --notebook"
    ]


def test_few_outcomes_wait_and_the_others_are_sent_at_the_end(said, monkeypatch):
    monkeypatch.setattr(couriers, "MOST_WAITING", 3)
    hangs = threading.Event()
    notebook = Notebook(hangs=hangs)
    courier = Courier(notebook, said.append)
    for number in range(100):
        courier.offer(trial(number))
    hangs.set()
    courier.finish([trial(number) for number in range(100)], END, Patience())
    assert sorted(notebook.told[1:-1]) == [trial(number).key for number in range(100)]


def test_a_tool_that_breaks_is_told_of_once_and_what_it_lacks_at_the_end(said):
    notebook = Notebook(breaks=lambda what: what == "begin")
    courier = Courier(notebook, said.append)
    courier.offer(trial(0))
    wait_until(lambda: said)
    courier.offer(trial(1))
    courier.finish([trial(0), trial(1)], END, Patience())
    assert said == [
        "Notebook cannot be reached: nobody answers. The search goes on without it",
        "Notebook did not get 2 of 2 trials (nobody answers). Send them later with: packtune resume one --notebook",
    ]


def test_a_tool_that_comes_back_gets_everything_at_the_end(said):
    broken = [True]
    notebook = Notebook(breaks=lambda what: broken[0] and what != "look")
    courier = Courier(notebook, said.append)
    courier.offer(trial(0))
    wait_until(lambda: said)
    broken[0] = False
    courier.finish([trial(0), trial(1)], END, Patience())
    assert notebook.told == ["begin", "trial-0000", "trial-0001", "end"]
    assert said[1:] == ["Notebook: here"]


def test_a_tool_that_breaks_at_the_end_lacks_only_that(said):
    notebook = Notebook(breaks=lambda what: what == "end")
    Courier(notebook, said.append).finish([trial(0)], END, Patience())
    assert said == [
        "Notebook did not get the tables and the model (nobody answers). Send them later with: "
        "packtune resume one --notebook"
    ]


def test_a_tool_that_is_not_there_is_told_of_long_before_its_packages_are_imported(said, monkeypatch):
    monkeypatch.setattr(Notebook, "start_s", 1e5)
    notebook = Notebook(breaks=lambda what: what == "look")
    courier = Courier(notebook, said.append)
    courier.offer(trial(0))
    wait_until(lambda: said)
    assert said == ["Notebook cannot be reached: nobody listens. The search goes on without it"]
    assert notebook.told == []
    courier.finish([trial(0)], END, Patience())
    assert notebook.told == ["begin", "trial-0000", "end"]


def test_who_leaves_is_told_nothing_more(said):
    notebook = Notebook()
    courier = Courier(notebook, said.append)
    courier.leave()
    courier.offer(trial(0))
    courier.finish([trial(0)], END, Patience(idle_s=0.2))
    assert notebook.told == []


def test_sending_rests_so_that_it_takes_a_small_share_of_a_processor_and_the_end_wakes_it(said, monkeypatch):
    monkeypatch.setattr(couriers, "SHARE", 1e-12)  # years of rest for each outcome
    notebook = Notebook()
    courier = Courier(notebook, said.append)
    for number in range(3):
        courier.offer(trial(number))
    wait_until(lambda: "trial-0000" in notebook.told)
    assert notebook.told == ["begin", "trial-0000"]
    courier.finish([trial(number) for number in range(3)], END, Patience())
    assert notebook.told == ["begin", "trial-0000", "trial-0001", "trial-0002", "end"]
