"""The study on every kind of storage: what is recorded is read again, whole, by one run alone."""

from __future__ import annotations

import errno
import threading
from concurrent.futures import ThreadPoolExecutor

import optuna
import pytest
from optuna.trial import TrialState as OptunaState

from packtune.errors import RunError, SettingsError
from packtune.proposals.catalog import make_proposer
from packtune.proposals.proposer import Suggestion, propose
from packtune.settings import SearchPlan
from packtune.space.catalog import load_space
from packtune.study.storage import open_storage
from packtune.study.study import create_study, load_study
from packtune.trial import Accuracy, Outcome, TrialState

OUTCOMES = {
    TrialState.COMPLETE: Outcome(
        state=TrialState.COMPLETE,
        epochs=3,
        curve=((1, 0.5), (2, 0.6), (3, 0.75)),
        validation=Accuracy(joint=0.75, heads=(0.75,)),
        test=Accuracy(joint=0.7, heads=(0.7,)),
        seconds=1.5,
        device="cpu",
    ),
    TrialState.PRUNED: Outcome(
        state=TrialState.PRUNED,
        epochs=1,
        curve=((1, 0.4),),
        validation=Accuracy(joint=0.4, heads=(0.4,)),
        test=Accuracy(joint=0.3, heads=(0.3,)),
    ),
    TrialState.DIVERGED: Outcome(state=TrialState.DIVERGED, epochs=1, curve=((1, 0.0),), reason="not finite"),
    TrialState.FAIL: Outcome(state=TrialState.FAIL, reason="its worker died"),
}

PLAN = SearchPlan(sampler="random", seed=3, pack_size=1)


def opened(opening, storage, name="test"):
    return opening(storage, name, load_space("sgd"), PLAN)


def suggest(number):
    return propose(make_proposer(load_space("sgd"), PLAN), first=number, pack=number, left=1, capacity=lambda _: 1)[0]


def open_trials(study, numbers):
    """Open trials with these numbers, each with values of its own."""
    return [study.trials.open(number, suggest(number)) for number in numbers]


def of_optuna(storage, name="test"):
    """Give the study as a program that knows Optuna alone finds it."""
    return optuna.load_study(study_name=name, storage=storage.optuna)


def tell_all(study, numbers):
    for number in numbers:
        outcome = list(OUTCOMES.values())[number % len(OUTCOMES)]
        study.outcomes.record(number, outcome)
        study.outcomes.tell(number, outcome)


def test_optuna_finds_the_trials_with_their_states_values_and_curves(storage_of):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage)
        open_trials(study, range(4))
        tell_all(study, range(4))
        trials = of_optuna(storage).trials
    assert [trial.state for trial in trials] == [
        OptunaState.COMPLETE,
        OptunaState.PRUNED,
        OptunaState.FAIL,
        OptunaState.FAIL,
    ]
    assert [trial.value for trial in trials] == [0.75, 0.4, None, None]
    assert [trial.intermediate_values for trial in trials] == [{1: 0.5, 2: 0.6, 3: 0.75}, {1: 0.4}, {}, {}]


def test_optunas_tools_find_names_reasons_and_times_and_no_notes_of_ours(storage_of):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage)
        study.claim("one")
        open_trials(study, range(4))
        study.pack_notes.assign(0, [[0, 1], [2, 3]])
        study.repeat([0])
        study.trials.start(range(4))
        tell_all(study, range(4))
        seen = of_optuna(storage)
        assert seen.metric_names == ["validation_accuracy"]
        assert seen.user_attrs == {"run_id": "one"}
        frame = seen.trials_dataframe()
    assert list(frame["user_attrs_reason"].fillna("")) == ["", "", "not finite", "its worker died"]
    assert frame["user_attrs_training_seconds"][0] == 1.5
    assert frame["value_validation_accuracy"][0] == 0.75


def test_a_trial_starts_when_its_training_does_and_again_when_that_begins_again(storage_of):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage)
        open_trials(study, range(2))
        assert [(trial.state, trial.datetime_start) for trial in of_optuna(storage).trials] == [
            (OptunaState.WAITING, None)
        ] * 2
        starts = []
        for _ in range(2):
            study.trials.start([1])
            waiting, running = of_optuna(storage).trials
            assert (waiting.state, running.state) == (OptunaState.WAITING, OptunaState.RUNNING)
            starts.append(running.datetime_start)
        assert starts[0] < starts[1]


def test_a_trial_that_is_open_keeps_its_values_and_what_its_sampler_noted(storage_of):
    noted = Suggestion(values=suggest(0).values, attributes={"gp:relative_params:0": "{}"})
    with open_storage(*storage_of) as storage:
        first = opened(create_study, storage).trials.open(0, noted)
    with open_storage(*storage_of) as storage:
        study = opened(load_study, storage)
        assert study.trials.open(0, suggest(1)) == first
        assert study.trials.suggestion(0) == noted
        assert len(study.trials) == 1


def test_what_was_recorded_is_read_again(storage_of):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage)
        open_trials(study, range(4))
        study.pack_notes.assign(0, [[0, 2], [1, 3]])
        tell_all(study, range(4))
        written = study.records()
    with open_storage(*storage_of, read_only=True) as storage:
        study = opened(load_study, storage)
        assert study.records() == written
        assert [[p.number for p in pack.proposals] for pack in study.packs()] == [[0, 2], [1, 3]]
        assert study.outcomes.told_trials() == {0, 1, 2, 3}
    assert [record.outcome for record in written] == list(OUTCOMES.values())
    assert [record.state for record in written] == list(OUTCOMES)


def test_nothing_is_left_running_and_what_waited_can_be_started(storage_of):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage)
        before = open_trials(study, range(3))
        study.trials.start(range(2))
        tell_all(study, [0])
        study.requeue()
        states = [trial.state for trial in of_optuna(storage).trials]
        assert states == [OptunaState.COMPLETE, OptunaState.WAITING, OptunaState.WAITING]
        study.trials.start([1, 2])
        assert [record.state for record in study.records()][1:] == [TrialState.RUNNING] * 2
        assert [record.proposal for record in study.records()] == before


def test_telling_twice_changes_nothing(tmp_path):
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(create_study, storage)
        open_trials(study, [0])
        study.outcomes.record(0, OUTCOMES[TrialState.COMPLETE])
        study.outcomes.tell(0, OUTCOMES[TrialState.COMPLETE])
        study.outcomes.tell(0, OUTCOMES[TrialState.FAIL])
        assert study.records()[0].state is TrialState.COMPLETE


def test_a_journal_cut_anywhere_in_its_last_two_records_loses_only_what_was_cut(tmp_path):
    journal = tmp_path / "whole.journal"
    with open_storage(journal, None) as storage:
        study = opened(create_study, storage)
        open_trials(study, range(2))
        tell_all(study, range(2))
        whole = study.records()
    content = journal.read_bytes()
    lines = content.splitlines(keepends=True)
    for size in range(len(content) - len(lines[-1]) - len(lines[-2]), len(content) + 1):
        cut = tmp_path / "cut.journal"
        cut.write_bytes(content[:size])
        with open_storage(cut, None) as storage:
            study = opened(load_study, storage)
            records = study.records()
            assert records[0] == whole[0]
            assert records[1].outcome == whole[1].outcome  # recorded before the last two records
            study.outcomes.tell(1, whole[1].outcome)
        with open_storage(cut, None, read_only=True) as storage:
            assert opened(load_study, storage).records() == whole


def test_a_damaged_journal_or_outcome_is_named(tmp_path):
    (tmp_path / "j").write_bytes(b'{"op_code": 0, "nonsense": 1}\nnot json\n')
    with pytest.raises(RunError, match=r"j is damaged"), open_storage(tmp_path / "j", None):
        pass
    with open_storage(tmp_path / "k", None) as storage:
        study = opened(create_study, storage)
        open_trials(study, [0])
        storage.optuna.set_trial_user_attr(0, "outcome", {"state": "NO SUCH STATE"})
        with pytest.raises(RunError, match="trial 0 of the study 'test' is damaged"):
            study.records()


def test_a_name_is_taken_once_and_a_missing_one_is_named(storage_of):
    with open_storage(*storage_of) as storage:
        opened(create_study, storage)
        with pytest.raises(RunError, match="has a study named 'test' already.*resume the run that it belongs to"):
            opened(create_study, storage)
        with pytest.raises(RunError, match="no study named 'other'"):
            opened(load_study, storage, name="other")


def test_two_searches_share_a_database(tmp_path):
    with open_storage(tmp_path / "j", f"sqlite:///{tmp_path}/both.db") as storage:
        one, two = (opened(create_study, storage, name=name) for name in ("one", "two"))
        assert open_trials(one, range(2)) == open_trials(two, range(2))
        tell_all(one, [0])
        assert one.outcomes.told_trials() == {0}
        assert two.outcomes.told_trials() == set()


def test_searches_that_begin_at_once_make_the_tables_of_one_database_together(tmp_path):
    def begin(number):
        together.wait()
        with open_storage(tmp_path / "unused", url) as storage:
            open_trials(opened(create_study, storage, name=f"study-{number}"), [0])

    for attempt in range(2):
        url, together = f"sqlite:///{tmp_path}/{attempt}.db", threading.Barrier(3)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(begin, range(3)))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "no database URL"),
        ("sqlite:////nowhere/at/all.db", "cannot open the storage sqlite:////nowhere/at/all.db: unable to open"),
        ("nosuchsql://user:secret@host/name", r"cannot open the storage nosuchsql://user:\*\*\*@host/name"),
    ],
)
def test_a_database_that_cannot_be_opened_is_named_without_its_password(tmp_path, url, message):
    with pytest.raises(SettingsError, match=message) as caught, open_storage(tmp_path / "j", url):
        pass
    assert "secret" not in str(caught.value)


def test_what_belongs_together_is_written_at_once(tmp_path):
    journal = tmp_path / "j"
    with open_storage(journal, None) as storage:
        study = opened(create_study, storage)
        before = journal.read_bytes()
        with study.batch():
            open_trials(study, range(3))
            with study.batch():
                study.pack_notes.assign(0, [[0, 1, 2]])
            assert journal.read_bytes() == before
            assert len(study.records()) == 3  # known to the writer at once
        with open_storage(journal, None, read_only=True) as other:
            assert opened(load_study, other).records() == study.records()


def test_a_batch_torn_anywhere_leaves_a_first_part_of_it(tmp_path):
    journal = tmp_path / "j"
    with open_storage(journal, None) as storage:
        study = opened(create_study, storage)
        before = len(journal.read_bytes())
        with study.batch():
            open_trials(study, range(3))
            study.pack_notes.assign(0, [[0, 1, 2]])
            tell_all(study, range(3))
        whole = study.records()
    content = journal.read_bytes()
    for size in range(before, len(content), 41):
        cut = tmp_path / "cut"
        cut.write_bytes(content[:size])
        with open_storage(cut, None) as storage:
            study = opened(load_study, storage)
            records = study.records()
            assert [r.proposal for r in records] == [r.proposal for r in whole[: len(records)]]
            assert [pack.trials for pack in study.packs()] in ([], [(0, 1, 2)])
            assert open_trials(study, range(3)) == [r.proposal for r in whole]
            tell_all(study, sorted({0, 1, 2} - study.outcomes.told_trials()))
            assert study.records() == whole


def test_optuna_reads_the_journal_of_a_search(tmp_path):
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(create_study, storage)
        with study.batch():
            open_trials(study, range(4))
        tell_all(study, range(4))
        configurations = [record.proposal.configuration.used() for record in study.records()]
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "j"))
    trials = optuna.load_study(study_name="test", storage=optuna.storages.JournalStorage(backend)).trials
    assert [{**configuration, **trial.params} for configuration, trial in zip(configurations, trials, strict=True)] == (
        configurations
    )
    assert all(trial.distributions.keys() == trial.params.keys() for trial in trials)


def test_two_writers_to_one_journal_are_refused(tmp_path):
    with open_storage(tmp_path / "j", None) as one:
        first = opened(create_study, one)
        with open_storage(tmp_path / "j", None) as two:
            open_trials(opened(load_study, two), [0])
        for _ in range(2):
            with pytest.raises(RunError, match="another process writes to it. Stop that one, then resume"):
                open_trials(first, [0])


def test_what_could_not_be_written_is_followed_by_nothing(tmp_path, monkeypatch):
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(create_study, storage)
        open_trials(study, range(2))
        study.trials.start(range(2))
        written = (tmp_path / "j").read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", _disk_is_full)
            with pytest.raises(RunError, match="No space left on device. Free some space"):
                tell_all(study, range(2))
        with pytest.raises(RunError, match="No space left on device"):
            study.requeue()
    assert (tmp_path / "j").read_bytes() == written


def _disk_is_full(_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_trial_that_was_told_and_has_no_outcome_is_damaged(tmp_path):
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(create_study, storage)
        open_trials(study, [0])
        study.outcomes.tell(0, OUTCOMES[TrialState.FAIL])
        with pytest.raises(RunError, match="trial 0 of the study 'test' is damaged .*outcome.*: restore the study"):
            study.records()


def test_a_study_belongs_to_the_run_that_claimed_it(storage_of):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage)
        study.claim("one")
        study.claim("one")
        study.check_owner("one")
        for check in (study.claim, study.check_owner):
            with pytest.raises(RunError, match="belongs to another run: start a new run under another --name"):
                check("two")


def test_the_trials_to_repeat_are_noted_for_the_next_numbers(storage_of):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage)
        open_trials(study, range(3))
        study.repeat([2, 0])
    with open_storage(*storage_of, read_only=True) as storage:
        assert opened(load_study, storage).repeated() == {3: [2, 0]}


@pytest.mark.parametrize("noted", [5, ["0"], [[0]], {"0": 1}])
def test_damaged_notes_of_repeated_trials_are_refused(tmp_path, noted):
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(create_study, storage)
        of_optuna(storage).set_user_attr("repeated:0", noted)
        with pytest.raises(RunError, match="the repeated trials of the study 'test' are damaged .*: restore it from a"):
            study.repeated()


@pytest.mark.parametrize("noted", [[[0], [0]], [[-1]], [[7]], [["0"]], 5, [[[0]]], {"0": [0]}])
def test_damaged_notes_of_packs_are_refused(tmp_path, noted):
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(create_study, storage)
        open_trials(study, range(2))
        of_optuna(storage).set_user_attr("window:0", noted)
        with pytest.raises(RunError, match="the packs of the study 'test' are damaged .*: restore it from a copy"):
            study.packs()
