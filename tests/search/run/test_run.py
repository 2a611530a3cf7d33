"""How a run begins, is read and ends, without Ray."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest

from packtune.errors import RunError
from packtune.models.hardware.precision import Precision
from packtune.proposals.proposer import Suggestion
from packtune.report.live.progress import SilentView
from packtune.run.ending import restore_ending
from packtune.run.extension import extend_run
from packtune.run.folder import RunFolder
from packtune.run.orchestration import _Begun, _end, run_searches
from packtune.run.records import open_study
from packtune.run.stopping import Stop
from packtune.settings import Resources
from packtune.study.storage import open_storage
from packtune.tools.listener import tell_nobody
from packtune.trial import Outcome, TrialState

# Of one trial of the space `sgd`.
VALUES = {
    "architecture": "mlp",
    "depth": 1,
    "hidden_units": 32,
    "activation": "relu",
    "batch_size": 32,
    "learning_rate": 0.1,
    "momentum": 0.5,
    "nesterov": False,
    "weight_decay": 1e-4,
    "dropout": 0.0,
}


@pytest.fixture
def run(tmp_path, make_folder):
    return make_folder(tmp_path, "test", space="sgd", sampler="random", trials=5).load()


def test_a_run_that_was_killed_before_it_began_can_be_killed_so_again_and_then_begin(run):
    for _ in range(2):
        assert restore_ending(run).open_trials == 5
    assert not run.folder.leaderboard_csv.exists()
    with open_storage(run.folder.journal, None) as storage:
        open_study(run, storage).trials.open(0, Suggestion(values=VALUES))
        assert restore_ending(run).open_trials == 5
        assert open_study(run, storage).records()[0].proposal.number == 0
    assert run.folder.leaderboard_csv.exists()


def test_a_study_that_lost_finished_trials_is_not_taken_for_one_that_never_had_them(run):
    with open_storage(run.folder.journal, None) as storage:
        study = open_study(run, storage)
        for number in range(2):
            study.trials.open(number, Suggestion(values=VALUES))
            study.outcomes.record(number, Outcome(state=TrialState.FAIL, reason="one\nand another line"))
        before = run.folder.journal.read_bytes()
    restore_ending(run)
    run.folder.journal.write_bytes(before[: before.rindex(b"\n", 0, -1) + 1])
    with pytest.raises(RunError, match=r"has 1 finished trials, but had 2 when .*trials\.csv was written: restore it"):
        restore_ending(run)
    run.folder.trials_csv.unlink()
    assert restore_ending(run).open_trials == 4


def test_a_study_of_another_run_of_the_same_name_is_not_taken_over(run, tmp_path):
    """Two folders of results may share a database, and the second run be killed before it made its study."""
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    mine = replace(run, settings=run.settings.with_resources(Resources(storage=url)))
    folder = RunFolder(tmp_path / "other", "test")
    folder.create(mine.settings.with_plan(replace(mine.settings.plan, seed=99)))
    with open_storage(run.folder.journal, url) as storage:
        open_study(mine, storage).trials.open(0, Suggestion(values=VALUES))
        with pytest.raises(RunError, match="named 'test' in this storage belongs to another run.*another --name"):
            open_study(folder.load(), storage)
        assert len(open_study(mine, storage).records()) == 1
    with pytest.raises(RunError, match="belongs to another run"):
        restore_ending(folder.load())
    assert len(restore_ending(mine).rows) == 0


def test_a_study_that_a_run_has_just_made_becomes_its_own_after_a_crash(run):
    with open_storage(run.folder.journal, None) as storage:
        open_study(replace(run, settings=replace(run.settings, run_id="")), storage)
        open_study(run, storage).trials.open(0, Suggestion(values=VALUES))
        assert len(open_study(run, storage).records()) == 1


def test_a_study_that_was_there_and_is_gone_is_missed(run):
    with open_storage(run.folder.journal, None) as storage:
        open_study(run, storage).trials.open(0, Suggestion(values=VALUES))
    restore_ending(run)
    run.folder.journal.unlink()
    with (
        pytest.raises(RunError, match="no study named 'test': was it moved or deleted"),
        open_storage(run.folder.journal, None) as storage,
    ):
        open_study(run, storage)


def test_a_run_that_another_process_took_up_first_is_left_to_it(run):
    """Between making a run and holding it, another process may have resumed it."""
    with open_storage(run.folder.journal, None) as storage:
        open_study(run, storage).trials.open(0, Suggestion(values=VALUES))
    before = sorted(path.name for path in run.folder.path.iterdir())
    with pytest.raises(RunError, match="'test' was taken up by another process .*packtune resume test"):
        run_searches([replace(run, new=True)], None, SilentView())
    assert sorted(path.name for path in run.folder.path.iterdir()) == before


def test_what_could_not_be_written_is_not_in_the_tables(run, monkeypatch):
    with open_storage(run.folder.journal, None) as storage:
        study = open_study(run, storage)
        study.trials.open(0, Suggestion(values=VALUES))
        begun = _Begun(
            run=run,
            plan=run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=4),
            study=study,
            storage=storage,
            on_finished=tell_nobody,
        )
        _end(begun, Stop(None, print))
        before = run.folder.trials_csv.read_bytes()
        size = run.folder.journal.stat().st_size
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(RunError, match="cannot write the study"):
            study.outcomes.record(0, Outcome(state=TrialState.FAIL, reason="it broke"))
        monkeypatch.undo()
        with pytest.raises(RunError, match="cannot write the study"):
            _end(begun, Stop(None, print))
    assert run.folder.trials_csv.read_bytes() == before
    assert run.folder.journal.stat().st_size == size
    assert restore_ending(run).open_trials == 5


def full(descriptor):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_an_extension_that_is_refused_changes_nothing(run):
    with open_storage(run.folder.journal, None) as storage:
        open_study(run, storage).trials.open(0, Suggestion(values=VALUES))
    restore_ending(run)
    run.folder.journal.unlink()
    for _ in range(2):
        with pytest.raises(RunError, match="no study named 'test'"):
            extend_run(run, trials="+2", epochs=None)
    assert run.folder.load().settings.plan.trials == 5
