"""How a run begins and stops, without Ray."""

from __future__ import annotations

import os
import signal

import pytest

from search.errors import RunError
from search.run import _stop_signal, open_study, read_ending
from search.run_folder import RunFolder
from search.settings import Settings
from search.storage import open_storage


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path, "test")
    folder.create(Settings(name="test", sampler="random", trials=5))
    return folder.load()


def test_a_run_that_was_killed_before_it_began_can_be_killed_so_again_and_then_begin(run):
    for _ in range(2):
        assert read_ending(run).open_trials == 5
    assert not run.folder.leaderboard_csv.exists()
    with open_storage(run.folder.journal, None) as storage:
        open_study(run, storage).ask(0)
        assert read_ending(run).open_trials == 5
        assert open_study(run, storage).records()[0].proposal.number == 0
    assert run.folder.leaderboard_csv.exists()


def test_a_study_that_was_there_and_is_gone_is_missed(run):
    with open_storage(run.folder.journal, None) as storage:
        open_study(run, storage).ask(0)
    read_ending(run)
    run.folder.journal.unlink()
    with (
        pytest.raises(RunError, match="no study named 'test': was it moved or deleted"),
        open_storage(run.folder.journal, None) as storage,
    ):
        open_study(run, storage)


@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)],
)
def test_the_first_signal_asks_and_the_second_interrupts_and_is_known_afterwards(first, second):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    said = []
    with pytest.raises(KeyboardInterrupt) as caught, _stop_signal(None, said.append) as stop:
        assert not stop.requested()
        os.kill(os.getpid(), first)
        assert stop.requested()
        assert stop.signal is first
        try:
            os.kill(os.getpid(), second)
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None  # as Ray does
    assert caught.value.args == (second,)
    assert said == ["Stopping; what is finished is kept. Ctrl-C again stops at once."]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_time_budget_asks_too():
    with _stop_signal(0.0, print) as stop:
        assert stop.requested()
        assert stop.signal is None
    with _stop_signal(1e6, print) as stop:
        assert not stop.requested()
