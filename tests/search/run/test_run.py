"""How a run begins and stops, without Ray."""

from __future__ import annotations

import errno
import os
import signal
import time
from dataclasses import replace

import pytest
from rich.console import Console

from packtune.errors import RunError, SettingsError
from packtune.models.hardware.precision import fastest_precision
from packtune.run.ending import read_ending
from packtune.run.extension import extend_run
from packtune.run.folder import RunFolder
from packtune.run.orchestration import _end, run_searches
from packtune.run.records import open_study
from packtune.run.run import _advise, _settle, _Stop, _stop_signal
from packtune.settings import Placement, Settings
from packtune.study.storage import open_storage
from packtune.trial import Outcome, TrialState


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


def test_a_study_that_lost_finished_trials_is_not_taken_for_one_that_never_had_them(run):
    with open_storage(run.folder.journal, None) as storage:
        study = open_study(run, storage)
        for number in range(2):
            study.ask(number)
            study.record(number, Outcome(state=TrialState.FAIL, reason="one\nand another line"))
        before = run.folder.journal.read_bytes()
    read_ending(run)
    run.folder.journal.write_bytes(before[: before.rindex(b"\n", 0, -1) + 1])
    with pytest.raises(RunError, match=r"has 1 finished trials, but had 2 when .*trials\.csv was written: restore it"):
        read_ending(run)
    run.folder.trials_csv.unlink()
    assert read_ending(run).open_trials == 4


def test_a_study_of_another_run_of_the_same_name_is_not_taken_over(run, tmp_path):
    """Two folders of results may share a database, and the second run be killed before it made its study."""
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    mine = replace(run, settings=replace(run.settings, storage=url))
    folder = RunFolder(tmp_path / "other", "test")
    folder.create(replace(mine.settings, seed=99))
    with open_storage(run.folder.journal, url) as storage:
        open_study(mine, storage).ask(0)
        with pytest.raises(RunError, match="named 'test' in this storage belongs to another run.*another --name"):
            open_study(folder.load(), storage)
        assert len(open_study(mine, storage).records()) == 1
    with pytest.raises(RunError, match="belongs to another run"):
        read_ending(folder.load())
    assert len(read_ending(mine).rows) == 0


def test_a_study_that_a_run_has_just_made_becomes_its_own_after_a_crash(run):
    with open_storage(run.folder.journal, None) as storage:
        open_study(replace(run, settings=replace(run.settings, run_id="")), storage)
        open_study(run, storage).ask(0)
        assert len(open_study(run, storage).records()) == 1


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


class _Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(3):
            pass  # Python handles the signal here


def test_a_second_signal_is_not_lost_in_a_finalizer():
    """Python prints what a finalizer raises, and goes on."""
    ended_s = time.monotonic() + 60
    with pytest.raises(KeyboardInterrupt), _stop_signal(None, print):
        os.kill(os.getpid(), signal.SIGINT)
        dying = _Finalized()
        del dying
        while time.monotonic() < ended_s:
            time.sleep(0.01)
    assert time.monotonic() < ended_s


def test_a_time_budget_asks_too():
    with _stop_signal(0.0, print) as stop:
        assert stop.requested()
        assert stop.signal is None
    with _stop_signal(1e6, print) as stop:
        assert not stop.requested()


def placement(at_hand):
    return Placement(device="cpu", workers=None, at_hand=at_hand, cpus_per_worker=1, gpus_per_worker=0)


def new_run(results, **settings):
    folder = RunFolder(results, "x")
    folder.create(Settings(name="x", **settings))
    return folder.load()


def test_what_is_left_open_is_settled_once_and_kept_in_the_file(tmp_path):
    run = new_run(tmp_path, trials=64, lookahead="auto", precision="auto")
    settled = _settle(run, placement(9)).settings
    assert settled.lookahead == 9
    assert settled.precision == fastest_precision("cpu")
    assert run.folder.load().settings == settled
    assert _settle(run.folder.load(), placement(2)).settings == settled


@pytest.mark.parametrize(
    ("sampler", "halving", "lookahead"),
    [("grid", False, 9), ("random", False, 9), ("random", True, 4), ("tpe", False, 4)],
)
def test_a_search_in_which_nothing_is_learnt_uses_all_workers(tmp_path, sampler, halving, lookahead):
    run = new_run(tmp_path, trials=10, lookahead="auto", sampler=sampler, halving=halving)
    assert _settle(run, placement(9)).settings.lookahead == lookahead


def test_workers_that_stay_idle_are_spoken_of_with_what_would_use_them(tmp_path):
    run = new_run(tmp_path, lookahead=4, trials=64)
    said = []
    _advise([run], placement(4), said.append)
    _advise([replace(run, settings=replace(run.settings, trials=16))], placement(16), said.append)
    assert not said
    _advise([run], placement(16), said.append)
    assert said == [
        "There is room for 16 workers, but no more than 4 packs train at once (lookahead, which the leaderboard "
        "depends on): a new run with --lookahead 16 uses them all."
    ]


def test_numbers_that_a_processor_does_not_have_are_refused(tmp_path):
    folder = RunFolder(tmp_path, "x")
    folder.create(Settings(name="x", precision="tf32"))
    run = replace(folder.load(), new=True)
    with pytest.raises(SettingsError, match="precision = tf32 is not allowed on a CPU.*give float32, bfloat16 or auto"):
        _settle(run, placement(2))
    assert _settle(folder.load(), placement(2)).settings.precision == "tf32"  # begun elsewhere: to be gone on with
    assert _settle(run, replace(placement(2), device="cuda")).settings.precision == "tf32"


def test_a_run_that_another_process_took_up_first_is_left_to_it(run):
    """Between making a run and holding it, another process may have resumed it."""
    with open_storage(run.folder.journal, None) as storage:
        open_study(run, storage).ask(0)
    before = sorted(path.name for path in run.folder.path.iterdir())
    with pytest.raises(RunError, match="'test' was taken up by another process .*packtune resume test"):
        run_searches([replace(run, new=True)], Console(), connection=None)
    assert sorted(path.name for path in run.folder.path.iterdir()) == before


def test_what_could_not_be_written_is_not_in_the_tables(run, monkeypatch):
    with open_storage(run.folder.journal, None) as storage:
        study = open_study(run, storage)
        study.ask(0)
        _end(run, study, _Stop(None, print))
        before = run.folder.trials_csv.read_bytes()
        size = run.folder.journal.stat().st_size
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(RunError, match="cannot write the study"):
            study.record(0, Outcome(state=TrialState.FAIL, reason="it broke"))
        monkeypatch.undo()
        with pytest.raises(RunError, match="cannot write the study"):
            _end(run, study, _Stop(None, print))
    assert run.folder.trials_csv.read_bytes() == before
    assert run.folder.journal.stat().st_size == size
    assert read_ending(run).open_trials == 5


def full(descriptor):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_an_extension_that_is_refused_changes_nothing(run):
    with open_storage(run.folder.journal, None) as storage:
        open_study(run, storage).ask(0)
    read_ending(run)
    run.folder.journal.unlink()
    for _ in range(2):
        with pytest.raises(RunError, match="no study named 'test'"):
            extend_run(run, trials="+2", epochs=None)
    assert run.folder.load().settings.trials == 5
