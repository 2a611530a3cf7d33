"""More of a run that exists: what was learned stays, and what is new is asked after it."""

from __future__ import annotations

import dataclasses

import pytest

from packtune.dispatch.dispatcher import Dispatcher
from packtune.errors import RunError, SettingsError
from packtune.models.hardware.precision import Precision
from packtune.run.extension import extend_run
from packtune.run.records import open_study, read_records
from packtune.run.settings_file import read_settings
from packtune.settings import Resources
from packtune.study.storage import open_storage
from packtune.trial import TrialState


@pytest.fixture
def finish(train):
    """Give a function that trains whatever is open in a run, one pack at a time."""

    def finish(run):
        with open_storage(run.folder.journal, None) as storage:
            study = open_study(run, storage)
            dispatcher = Dispatcher(study, settled(run))
            while (task := dispatcher.next_pack()) is not None:
                dispatcher.receive(task.pack, train(task))
            study.requeue()
        return read_records(run)

    return finish


def settled(run):
    return run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=4)


@pytest.fixture
def new_run(tmp_path, make_folder):
    def make(**values):
        return make_folder(tmp_path, "test", **{"sampler": "tpe", "trials": 20, "epochs": 9} | values).load()

    return make


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_more_trials_come_after_those_there_are(new_run, finish, sampler):
    run = new_run(sampler=sampler)
    before = finish(run)
    longer = extend_run(run, trials="+12", epochs=None)
    assert longer.settings.plan.trials == 32
    assert read_settings(run.folder.settings).plan.trials == 32
    after = finish(longer)
    assert after[:20] == before
    assert [record.proposal.number for record in after] == list(range(32))
    assert all(record.outcome for record in after)


def test_a_total_of_trials_may_be_given_and_a_listed_space_begins_again(new_run, finish):
    run = new_run(space="mini-grid", sampler="grid", trials=10, halving=False)
    before = finish(run)
    after = finish(extend_run(run, trials="15", epochs=None))
    assert [r.proposal.configuration for r in after[10:]] == [r.proposal.configuration for r in before[:5]]


def test_more_epochs_try_what_was_complete_again(new_run, finish):
    run = new_run()
    before = finish(run)
    complete = [r for r in before if r.state is TrialState.COMPLETE]
    longer = extend_run(run, trials="+4", epochs=27)
    assert longer.settings.plan.trials == 20 + len(complete) + 4
    after = finish(longer)
    assert after[:20] == before
    again = after[20 : 20 + len(complete)]
    assert [r.proposal.configuration for r in again] == [r.proposal.configuration for r in complete]
    assert {r.proposal.seed for r in again}.isdisjoint(r.proposal.seed for r in before)
    assert {r.outcome.epochs for r in again if r.state is TrialState.COMPLETE} == {27}


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_schedules_of_a_shorter_plan_are_not_compared_at_rungs(new_run, finish, schedule, tmp_path):
    """A trial with a schedule is trained anew from the start, and its epochs are no measure for a longer one."""
    space = tmp_path / "space.toml"
    space.write_text(f'schedule = "{schedule}"\nlearning_rate = {{ low = 0.001, high = 1.0, log = true }}\n')
    run = new_run(space=str(space))
    before = finish(run)
    longer = extend_run(run, trials=None, epochs=27)
    with open_storage(run.folder.journal, None) as storage:
        task = Dispatcher(open_study(longer, storage), settled(longer)).next_pack()
    assert task.epochs == 27
    assert {p.configuration.schedule for p in task.pack.proposals} == {schedule}
    assert set(task.pack.trials).isdisjoint(r.proposal.number for r in before)
    assert any(task.halving.told.values()) == (schedule == "constant")
    assert all(record.outcome for record in finish(longer))


def test_an_extension_that_was_cut_short_goes_on(new_run, finish, train):
    run = new_run()
    finish(run)
    longer = extend_run(run, trials=None, epochs=27)
    with open_storage(run.folder.journal, None) as storage:
        dispatcher = Dispatcher(open_study(longer, storage), settled(longer))
        task = dispatcher.next_pack()
        dispatcher.receive(task.pack, train(task))
    again = finish(run.folder.load())
    assert len(again) == longer.settings.plan.trials
    assert all(record.outcome for record in again)


def test_more_epochs_want_a_finished_run(new_run, train):
    run = new_run()
    with open_storage(run.folder.journal, None) as storage:
        dispatcher = Dispatcher(open_study(run, storage), settled(run))
        task = dispatcher.next_pack()
        dispatcher.receive(task.pack, train(task))
    with pytest.raises(SettingsError, match="of 20 trials are still open.*resume it without --epochs first"):
        extend_run(run.folder.load(), trials=None, epochs=27)


@pytest.mark.parametrize("trials", ["19", "-3", "many", "", "+"])
def test_a_total_below_the_present_one_is_refused(new_run, finish, trials):
    run = new_run()
    finish(run)
    with pytest.raises(SettingsError, match=r"trials = .* is not allowed: give \+N for N more, or a total of at least"):
        extend_run(run, trials=trials, epochs=None)
    assert read_settings(run.folder.settings).plan.trials == 20


def test_fewer_epochs_are_refused(new_run, finish):
    run = new_run()
    finish(run)
    with pytest.raises(SettingsError, match="epochs = 3 is not allowed: the run trains 9 already"):
        extend_run(run, trials=None, epochs=3)


def test_a_run_in_use_is_not_extended(new_run):
    run = new_run()
    with run.folder.locked(), pytest.raises(RunError, match="in use by another process"):
        extend_run(run, trials="+1", epochs=None)


def test_what_holds_for_this_sitting_only_is_not_written_down(new_run, finish):
    run = new_run()
    finish(run)
    here = dataclasses.replace(run, settings=run.settings.with_resources(Resources(workers=7, time_budget_s=5.0)))
    extend_run(here, trials="+1", epochs=None)
    kept = read_settings(run.folder.settings)
    assert (kept.plan.trials, kept.resources.workers, kept.resources.time_budget_s) == (21, None, None)
