"""Further trials of a run: narrowed, given by the user, learnt from other runs, and ended by stops; as recorded."""

from __future__ import annotations

from functools import partial

import pytest

from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.task_maker import exploration
from packtune.errors import SettingsError, SpaceError
from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.proposals.packing import pack_capacity
from packtune.report.live.progress import SilentView
from packtune.run.extension import extend_run
from packtune.run.given.further import narrowed_space
from packtune.run.given.stops import describe_stop, settle_end
from packtune.run.own.new_search import new_search
from packtune.run.records import open_study, read_records
from packtune.settings import EndedBy
from packtune.space.source import find_space
from packtune.study.storage import open_storage
from packtune.trial import TrialState

TRIED = Configuration(hidden_units=20, learning_rate=0.3, momentum=0.5, weight_decay=1e-4)
OUTSIDE = Configuration(batch_size=48, learning_rate=5.0, weight_decay=1e-4)


class Told(SilentView):
    """Keeps what is said."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def explore(train):
    """Give a function that explores a run to its end, as a session does, and gives it as it is then."""

    def explore(run, *, most=None):
        plan = run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=4)
        with open_storage(run.folder.journal, None) as storage:
            study = open_study(run, storage)
            capacity = partial(pack_capacity, device=Device.CPU)
            part = narrowed_space(run.space, plan)
            stage = exploration(part, plan, device=Device.CPU, capacity=capacity, given=run.given)
            dispatcher = Dispatcher(study, plan, stage=stage)
            while (task := dispatcher.next_pack()) is not None and most != 0:
                dispatcher.receive(task.pack, train(task))
                most = None if most is None else most - 1
            study.requeue()
            settled = settle_end(run, study, plan, study.records(), None)
        loaded = settled.folder.load()
        assert loaded.settings.plan.trials == settled.settings.plan.trials
        return loaded

    return explore


def new_run(results, name="mine", **options):
    asked = {"trials": 20, "epochs": 9, "sampler": "tpe", "confirm": False, "lookahead": 4, "precision": "float32"}
    view = Told()
    run = new_search("digits", find_space("sgd"), {**asked, **options}, view, results).create(
        results=results, name=name
    )
    return run, view.lines


def proposals(run):
    return [record.proposal for record in read_records(run)]


def test_what_is_given_is_kept_with_the_run(tmp_path, explore):
    run, lines = new_run(tmp_path, tries=[TRIED, OUTSIDE])
    assert lines == ["Tried first, although the space sgd never proposes it: batch_size 48, learning_rate 5.0."]
    assert run.folder.load().given == run.given
    found = explore(run)
    assert [each.configuration for each in proposals(found)[:2]] == [TRIED, OUTSIDE]
    assert len(proposals(found)) == 20


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_further_trials_lie_in_the_narrowed_space_and_are_the_same_again(tmp_path, explore, sampler):
    found = []
    for name in ("one", "two"):
        run = explore(new_run(tmp_path, name, sampler=sampler)[0])
        longer = extend_run(
            run, trials="+12", epochs=None, options={"set": ["architecture=mlp", "learning_rate=0.01..0.1"]}
        )
        if name == "two":
            explore(longer, most=2)
            longer = longer.folder.load()
        found.append(proposals(explore(longer)))
    assert found[0] == found[1]
    for each in found[0][20:]:
        assert each.configuration.architecture == "mlp"
        assert 0.01 <= each.configuration.learning_rate <= 0.1
    assert any(each.configuration.architecture == "cnn" for each in found[0][:20])
    again = extend_run(run.folder.load(), trials="+4", epochs=None, options={"set": ["architecture=cnn"]})
    assert again.settings.plan.narrowed == ("architecture=cnn", "learning_rate=0.01..0.1")
    assert {each.configuration.architecture for each in proposals(explore(again))[32:]} == {"cnn"}


def test_configurations_to_try_come_before_the_other_further_trials(tmp_path, explore):
    run = explore(new_run(tmp_path)[0])
    longer = extend_run(run, trials="+4", epochs=None, options={"tries": [OUTSIDE, TRIED]})
    after = proposals(explore(longer.folder.load()))
    assert [each.configuration for each in after[20:22]] == [OUTSIDE, TRIED]
    assert len(after) == 24
    alone = extend_run(longer.folder.load(), trials=None, epochs=None, options={"tries": "learning_rate=0.7"})
    assert alone.settings.plan.trials == 25
    assert proposals(explore(alone))[24].configuration == Configuration(learning_rate=0.7, weight_decay=1e-6)


def test_more_epochs_and_configurations_to_try_go_together(tmp_path, explore):
    run = explore(new_run(tmp_path)[0])
    complete = sum(record.state is TrialState.COMPLETE for record in read_records(run))
    longer = extend_run(run, trials=None, epochs=27, options={"tries": [OUTSIDE]})
    after = read_records(explore(longer.folder.load()))
    assert len(after) == 20 + complete + 1
    assert after[-1].proposal.configuration == OUTSIDE


@pytest.mark.parametrize(
    ("options", "trials", "error", "words"),
    [
        ({"set": ["learning_rate=5"]}, "+3", SpaceError, "where learning_rate is 0.001 to 1, log: give a part of that"),
        ({"set": ["pooling=2"]}, "+3", SpaceError, "leaves pooling at its default.*start a new run"),
        ({"set": ["momentum=0"]}, None, SettingsError, "all 20 trials were tried: give --trials"),
        ({"patience": 3}, None, SettingsError, "all 20 trials were tried: give --trials"),
        ({"tries": [TRIED, OUTSIDE]}, "+1", SettingsError, r"1 further trials are not enough for 2 .* --trials \+2"),
        ({"tries": "x=1"}, "+1", SettingsError, "unknown hyperparameter 'x'"),
        ({"patience": 0}, "+1", SettingsError, "patience = 0 is not allowed"),
    ],
)
def test_what_cannot_be_is_refused_and_the_run_left_as_it_is(tmp_path, explore, options, trials, error, words):
    run = explore(new_run(tmp_path)[0])
    before = run.folder.settings.read_bytes()
    with pytest.raises(error, match=words):
        extend_run(run, trials=trials, epochs=None, options=options)
    assert run.folder.settings.read_bytes() == before
    assert run.folder.load().given == run.given


def test_a_run_that_is_not_finished_is_not_narrowed(tmp_path, explore):
    run = explore(new_run(tmp_path)[0], most=1)
    with pytest.raises(SettingsError, match=r"--set is for further trials, and \d+ of 20 trials are still open"):
        extend_run(run, trials="+3", epochs=None, options={"set": ["momentum=0"]})


def test_a_run_that_patience_ended_goes_on_with_more_trials_or_more_patience(tmp_path, explore):
    run = explore(new_run(tmp_path, trials=200, patience=10)[0])
    plan = run.settings.plan
    assert (plan.ended_by, plan.asked_trials) == (EndedBy.PATIENCE, 200)
    assert 10 < plan.trials < 200
    assert len(proposals(run)) == plan.trials
    said = describe_stop(plan, None)
    assert said == f"Stopped after {plan.trials} of 200 trials: no better trial in the last 10."
    assert explore(run).settings == run.settings
    more = extend_run(run, trials="+5", epochs=None)
    assert (more.settings.plan.trials, more.settings.plan.ended_by) == (plan.trials + 5, None)
    assert len(proposals(explore(more.folder.load()))) == plan.trials + 5
    patient = extend_run(run.folder.load(), trials="+150", epochs=None, options={"patience": 20})
    found = explore(patient.folder.load()).settings.plan
    assert found.ended_by is EndedBy.PATIENCE
    assert found.trials >= plan.trials + 25


def test_more_patience_alone_goes_on_to_all_trials_that_were_asked_for(tmp_path, explore):
    run = explore(new_run(tmp_path, trials=60, patience=6)[0])
    again = extend_run(run, trials=None, epochs=None, options={"patience": 1000})
    assert again.settings.plan.trials == 60
    found = explore(again.folder.load())
    assert (found.settings.plan.ended_by, len(proposals(found))) == (None, 60)


def test_a_run_that_reached_its_score_goes_on_without_it(tmp_path, explore):
    run = explore(new_run(tmp_path, trials=100, stop_at=0.7)[0])
    plan = run.settings.plan
    assert plan.ended_by is EndedBy.SCORE
    assert describe_stop(plan, None).endswith("a trial has the accuracy of 0.7 that was asked for.")
    longer = extend_run(run, trials="+3", epochs=None)
    assert longer.settings.plan.stop_at is None
    higher = extend_run(run, trials="+90", epochs=None, options={"stop_at": 0.98})
    assert explore(higher.folder.load()).settings.plan.stop_at == 0.98


def test_a_search_starts_from_what_an_earlier_run_learnt(tmp_path, explore):
    first = explore(new_run(tmp_path, "first", trials=30)[0])
    complete = [r for r in read_records(first) if r.state is TrialState.COMPLETE]
    best = max(complete, key=lambda r: (r.outcome.validation.joint, -r.proposal.number))
    run, lines = new_run(tmp_path, "second", from_runs="first", seed=1)
    taught = [r for r in read_records(first) if r.state is not TrialState.FAIL]
    assert lines == [f"From the run first: 1 finalist tried first; the sampler knows {len(taught)} of its 30 trials."]
    assert len(run.given.earlier) == len(taught)
    with_it = proposals(explore(run))
    assert with_it[0].configuration.used() == best.proposal.configuration.used()
    assert len(with_it) == 20
    second, _ = new_run(tmp_path, "third", tries=[best.proposal.configuration], seed=1)
    assert [each.configuration for each in proposals(explore(second))] != [each.configuration for each in with_it]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 3}, "its trials teach nothing more, as they have other epochs"),
        ({"metric": "log-loss"}, "as they have other metric"),
        ({"sampler": "random"}, "the sampler random learns nothing from its trials"),
    ],
)
def test_of_another_task_the_finalists_alone_are_taken(tmp_path, explore, options, words):
    explore(new_run(tmp_path, "first")[0])
    run, (line,) = new_run(tmp_path, "second", from_runs=["first"], **options)
    assert words in line
    assert run.given.earlier == ()
    assert len(run.given.tried_from(0)) == 1


def test_resuming_needs_the_earlier_run_no_more(tmp_path, explore):
    first = explore(new_run(tmp_path, "first")[0])
    run, _ = new_run(tmp_path, "second", from_runs="first", seed=1)
    half = explore(run, most=3)
    for path in first.folder.path.iterdir():
        path.unlink()
    whole = proposals(explore(half.folder.load()))
    assert len(whole) == 20


def test_further_trials_in_a_part_of_the_space_know_of_an_earlier_run_what_lies_there(tmp_path, explore):
    explore(new_run(tmp_path, "first")[0])
    run = explore(new_run(tmp_path, "second", from_runs="first", seed=1)[0])
    narrowed = extend_run(run, trials="+3", epochs=None, options={"set": ["batch_size=32", "momentum=0.5..0.9"]})
    assert {each.configuration.batch_size for each in proposals(explore(narrowed))[20:]} == {32}
