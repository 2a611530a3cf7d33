"""The searcher without Ray's loop: what it does with rounds, reports and deaths, and when it lets the search stop."""

from __future__ import annotations

import pytest

from packtune.dispatch.dispatcher import Dispatcher
from packtune.errors import ClusterError
from packtune.execution.hooks import StopAfterRound
from packtune.execution.searcher import Lane, PackSearcher
from packtune.execution.trouble.deaths import Death
from packtune.models.hardware.precision import Precision
from packtune.settings import SettledPlan
from packtune.space.catalog import load_space
from packtune.study.storage import open_storage
from packtune.study.study import create_study
from packtune.worker.checkpoint import CheckpointFolder
from packtune.worker.messages import PackDone, RoundDone, read_task, write_message


class Stop:
    asked = False

    def __call__(self):
        return self.asked


@pytest.fixture
def stop():
    return Stop()


@pytest.fixture
def checkpoints(tmp_path):
    return CheckpointFolder(tmp_path / "checkpoints")


@pytest.fixture(params=[(2, 1000)])
def searcher(request, tmp_path, stop, checkpoints):
    """Give a searcher of eight trials in packs of so many, each tried again so often."""
    size, failures = request.param
    plan = SettledPlan(sampler="random", trials=8, epochs=9, pack_size=size, precision=Precision.FLOAT32, lookahead=4)
    with open_storage(tmp_path / "j", None) as storage:
        study = create_study(storage, "test", load_space("sgd"), plan)
        dispatcher = Dispatcher(study, plan, max_failures=failures)
        lane = Lane(dispatcher=dispatcher, checkpoints=checkpoints, on_report=lambda report: None)
        yield PackSearcher([lane], stopping=stop, on_change=lambda: None, say=lambda text: None)


def test_a_search_that_is_stopped_waits_for_the_rounds_in_training_and_for_no_pack_that_waits(
    searcher, stop, checkpoints
):
    stopper = StopAfterRound(searcher)
    first, second = (read_task(searcher.suggest(name)).pack for name in ("first", "second"))
    searcher.suggest("waiting")
    searcher.note_start("first")
    searcher.note_start("second")
    assert not stopper.stop_all()
    stop.asked = True
    assert searcher.suggest("fourth") == "FINISHED"
    assert not stopper.stop_all()
    searcher.on_trial_complete("first", write_message(RoundDone(epoch=4, checkpoint=b"after four epochs")))
    assert not stopper.stop_all()
    searcher.on_trial_complete("second", write_message(RoundDone(epoch=1)))
    assert stopper.stop_all()
    assert (checkpoints.load(first), checkpoints.load(second)) == (b"after four epochs", None)
    stop.asked = False
    again = read_task(searcher.suggest("again"))
    assert (again.pack, again.checkpoint) == (first, b"after four epochs")


def test_a_pack_that_ends_with_the_last_round_is_kept(searcher, stop, train):
    task = read_task(searcher.suggest("first"))
    searcher.note_start("first")
    stop.asked = True
    searcher.on_trial_complete("first", write_message(PackDone(report=train(task))))
    assert StopAfterRound(searcher).stop_all()
    stop.asked = False
    assert read_task(searcher.suggest("second")).pack.number == 1


def test_a_failure_stops_the_search_at_once(searcher):
    stopper = StopAfterRound(searcher)
    searcher.suggest("first")
    searcher.note_start("first")
    searcher.failure = ValueError("the disk is full")
    assert stopper.stop_all()


@pytest.mark.parametrize("searcher", [(8, 0), (8, 3), (8, 30)], indirect=True)
def test_a_member_that_kills_every_worker_is_given_up_and_does_not_end_the_search(searcher, train):
    guilty, n, died = 5, 0, 0
    while (suggested := searcher.suggest(str(n))) not in (None, "FINISHED"):
        task = read_task(suggested)
        searcher.note_start(str(n))
        if guilty in task.pack.trials:
            searcher.note_death(str(n), Death(cause="it was killed"))
            searcher.on_trial_complete(str(n), error=True)
            died += 1
        else:
            searcher.on_trial_complete(str(n), write_message(PackDone(report=train(task))))
        n += 1
    assert searcher.failure is None
    standing = searcher._lanes[0].dispatcher.standing()
    assert sum(standing.finished.values()) == 8
    assert died >= 1


@pytest.mark.parametrize(("searcher", "deaths"), [((8, 3), 20), ((2, 1000), 2014)], indirect=["searcher"])
def test_workers_that_die_without_end_end_the_search(searcher, deaths):
    for n in range(deaths):
        assert searcher.failure is None
        searcher.suggest(str(n))
        searcher.note_start(str(n))
        searcher.note_death(str(n), Death(cause="it was killed"))
        searcher.on_trial_complete(str(n), error=True)
    assert isinstance(searcher.failure, ClusterError)
    assert "the last one: it was killed. Mend that, then resume" in str(searcher.failure)


def test_the_trouble_of_the_machine_counts_against_no_pack(searcher):
    lane = searcher._lanes[0]
    first = read_task(searcher.suggest("first")).pack
    searcher.note_start("first")
    searcher.note_death("first", Death(cause="memory ran low", of_machine=True))
    searcher.on_trial_complete("first", error=True)
    assert searcher.trouble.rests
    assert searcher.suggest("second") is None
    searcher.trouble.end()
    assert read_task(searcher.suggest("third")).pack == first
    assert not lane.dispatcher._retries._failures


def test_a_worker_that_died_before_it_took_up_its_pack_counts_against_no_pack(searcher):
    searcher.suggest("first")
    searcher.note_death("first", Death(cause="it was killed"))
    searcher.on_trial_complete("first", error=True)
    assert searcher.trouble.rests
    assert not searcher._lanes[0].dispatcher._retries._failures


def test_a_worker_that_dies_while_the_search_stops_counts_against_no_pack(searcher, stop):
    searcher.suggest("first")
    searcher.note_start("first")
    stop.asked = True
    searcher.note_death("first", Death(cause="it was killed"))
    searcher.on_trial_complete("first", error=True)
    assert not searcher.trouble.rests
    assert not searcher._lanes[0].dispatcher._retries._failures
