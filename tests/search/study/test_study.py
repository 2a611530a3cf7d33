"""The study, with every sampler and on every kind of storage."""

from __future__ import annotations

import errno
import threading
from concurrent.futures import ThreadPoolExecutor

import optuna
import pytest
from optuna.trial import TrialState as OptunaState

from packtune.errors import RunError, SettingsError
from packtune.proposals.packing import shape_of
from packtune.proposals.samplers import SAMPLERS, check_sampler
from packtune.space.catalog import SPACES, load_space
from packtune.study.storage import open_storage
from packtune.study.study import WORST_ACCURACY, create_study, load_study
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

PACK_SAMPLERS = [name for name, entry in SAMPLERS.items() if entry.propose]


def opened(opening, storage, sampler="random", seed=3, name="test"):
    space = load_space("mini-grid" if sampler == "grid" else "wide")
    return opening(storage, name, space=space, sampler=sampler, search_seed=seed)


def tell_all(study, numbers):
    for number in numbers:
        outcome = list(OUTCOMES.values())[number % len(OUTCOMES)]
        study.record(number, outcome)
        study.tell(number, outcome)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_proposes_within_the_space_and_learns_from_every_state(storage_of, sampler):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage, sampler)
        for first in (0, 4):
            for number in range(first, first + 4):
                proposal = study.ask(number)
                assert proposal.number == number
                used = proposal.configuration.used()
                if sampler == "grid":
                    assert used | SPACES["mini-grid"].enumerate()[number] == used
                else:
                    assert 8 <= used["hidden_units"] <= 1024
                    assert 1e-3 <= used["learning_rate"] <= 1
                    assert used["architecture"] in ("mlp", "cnn")
                    assert ("filters" in used) == (used["architecture"] == "cnn")
            tell_all(study, range(first, first + 4))
        trials = optuna.load_study(study_name="test", storage=storage).trials
    states = [OptunaState.COMPLETE, OptunaState.PRUNED, OptunaState.COMPLETE, OptunaState.FAIL]
    assert [trial.state for trial in trials] == states * 2
    assert trials[0].value == 0.75
    assert trials[1].intermediate_values == {1: 0.4}
    assert trials[2].value == WORST_ACCURACY


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_seed_gives_the_same_proposals_each_time_and_another_seed_others(tmp_path, sampler):
    proposed = []
    for run, seed in enumerate((3, 3, 4)):
        with open_storage(tmp_path / f"{run}.journal", None) as storage:
            study = opened(create_study, storage, sampler, seed=seed)
            proposals = []
            for number in range(6):
                proposals.append(study.ask(number))
                tell_all(study, [number])
            proposed.append([proposal.configuration for proposal in proposals])
    assert proposed[0] == proposed[1]
    assert (proposed[0] == proposed[2]) == (sampler == "grid")


@pytest.mark.parametrize("sampler", PACK_SAMPLERS)
def test_a_pack_has_one_shape_and_its_members_differ(storage_of, sampler):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage, sampler)
        first = 0
        for pack in range(6):
            proposals = study.ask_pack(first, pack=pack, members=lambda _: 5)
            assert [proposal.number for proposal in proposals] == list(range(first, first + 5))
            assert len({shape_of(proposal.configuration) for proposal in proposals}) == 1
            assert len({proposal.configuration.learning_rate for proposal in proposals}) == 5
            tell_all(study, range(first, first + 5))
            first += 5


@pytest.mark.parametrize("sampler", PACK_SAMPLERS)
@pytest.mark.parametrize("opened_before", [1, 3, 5])
def test_trials_opened_by_a_driver_that_died_are_proposed_again_as_they_are(tmp_path, sampler, opened_before):
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(create_study, storage, sampler)
        for pack in range(3):
            study.ask_pack(5 * pack, pack=pack, members=lambda _: 5)
            tell_all(study, range(5 * pack, 5 * pack + 5))
        whole = study.ask_pack(15, pack=3, members=lambda _: 5)
    lines = (tmp_path / "j").read_bytes().splitlines(keepends=True)
    (tmp_path / "j").write_bytes(b"".join(lines[: len(lines) - 5 + opened_before]))
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(load_study, storage, sampler)
        assert len(study.records()) == 15 + opened_before
        assert study.ask_pack(15, pack=3, members=lambda _: 5) == whole
        trials = optuna.load_study(study_name="test", storage=storage).trials
    # What is stored is what is drawn: nothing was drawn anew beside it.
    assert [t.params["learning_rate"] for t in trials[15:]] == [p.configuration.learning_rate for p in whole]


@pytest.mark.parametrize("sampler", PACK_SAMPLERS)
def test_what_comes_after_a_pack_does_not_change_it(tmp_path, sampler):
    proposed = []
    for more in (False, True):
        with open_storage(tmp_path / f"{more}", None) as storage:
            study = opened(create_study, storage, sampler)
            for pack in range(4):
                study.ask_pack(4 * pack, pack=pack, members=lambda _: 4)
            tell_all(study, range(8))
            if more:
                study.ask_pack(16, pack=4, members=lambda _: 4)
                study.ask_pack(20, pack=5, members=lambda _: 4)
            proposed.append(study.ask_pack(16, pack=4, members=lambda _: 4))
    assert proposed[0] == proposed[1]


def test_what_was_recorded_is_read_again(storage_of):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage)
        for number in range(4):
            study.ask(number)
        study.assign(0, [[0, 2], [1, 3]])
        tell_all(study, range(4))
        written = study.records()
    with open_storage(*storage_of, read_only=True) as storage:
        study = opened(load_study, storage)
        assert study.records() == written
        assert [[p.number for p in pack.proposals] for pack in study.packs()] == [[0, 2], [1, 3]]
        assert study.told_trials() == {0, 1, 2, 3}
    assert [record.outcome for record in written] == list(OUTCOMES.values())
    assert [record.state for record in written] == list(OUTCOMES)


def test_nothing_is_left_running_and_what_waited_is_reopened(storage_of):
    with open_storage(*storage_of) as storage:
        study = opened(create_study, storage)
        before = [study.ask(number) for number in range(3)]
        tell_all(study, [0])
        study.requeue()
        states = [trial.state for trial in optuna.load_study(study_name="test", storage=storage).trials]
        assert states == [OptunaState.COMPLETE, OptunaState.WAITING, OptunaState.WAITING]
        study.reopen()
        assert [record.state for record in study.records()][1:] == [TrialState.RUNNING] * 2
        assert [record.proposal for record in study.records()] == before


def test_telling_twice_changes_nothing(tmp_path):
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(create_study, storage)
        study.ask(0)
        study.record(0, OUTCOMES[TrialState.COMPLETE])
        study.tell(0, OUTCOMES[TrialState.COMPLETE])
        study.tell(0, OUTCOMES[TrialState.FAIL])
        assert study.records()[0].state is TrialState.COMPLETE


def test_a_journal_cut_anywhere_in_its_last_two_records_loses_only_what_was_cut(tmp_path):
    journal = tmp_path / "whole.journal"
    with open_storage(journal, None) as storage:
        study = opened(create_study, storage)
        for number in range(2):
            study.ask(number)
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
            study.tell(1, whole[1].outcome)
        with open_storage(cut, None, read_only=True) as storage:
            assert opened(load_study, storage).records() == whole


def test_a_damaged_journal_or_outcome_is_named(tmp_path):
    (tmp_path / "j").write_bytes(b'{"op_code": 0, "nonsense": 1}\nnot json\n')
    with pytest.raises(RunError, match=r"j is damaged"), open_storage(tmp_path / "j", None):
        pass
    with open_storage(tmp_path / "k", None) as storage:
        study = opened(create_study, storage)
        study.ask(0)
        study._study._storage.set_trial_user_attr(0, "outcome", {"state": "NO SUCH STATE"})
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
        for number in range(2):
            assert one.ask(number).number == two.ask(number).number == number
        tell_all(one, [0])
        assert one.told_trials() == {0}
        assert two.told_trials() == set()


def test_searches_that_begin_at_once_make_the_tables_of_one_database_together(tmp_path):
    def begin(number):
        together.wait()
        with open_storage(tmp_path / "unused", url) as storage:
            opened(create_study, storage, name=f"study-{number}").ask(0)

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


def test_samplers_are_held_against_the_space():
    with pytest.raises(SettingsError, match="unknown sampler 'tep'. Did you mean 'tpe'"):
        check_sampler("tep", SPACES["wide"])
    with pytest.raises(SettingsError, match="would not keep to it"):
        check_sampler("tpe", SPACES["mini-grid"])


def test_what_belongs_together_is_written_at_once(tmp_path):
    journal = tmp_path / "j"
    with open_storage(journal, None) as storage:
        study = opened(create_study, storage)
        before = journal.read_bytes()
        with study.batch():
            study.ask_pack(0, pack=0, members=lambda _: 3)
            with study.batch():
                study.assign(0, [[0, 1, 2]])
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
            study.ask_pack(0, pack=0, members=lambda _: 3)
            study.assign(0, [[0, 1, 2]])
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
            assert study.ask_pack(0, pack=0, members=lambda _: 3) == [r.proposal for r in whole]
            tell_all(study, sorted({0, 1, 2} - study.told_trials()))
            assert study.records() == whole


def test_optuna_reads_the_journal_of_a_search(tmp_path):
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(create_study, storage, "tpe")
        with study.batch():
            study.ask_pack(0, pack=0, members=lambda _: 4)
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
            opened(load_study, two).ask(0)
        for _ in range(2):
            with pytest.raises(RunError, match="another process writes to it. Stop that one, then resume"):
                first.ask(0)


def test_what_could_not_be_written_is_followed_by_nothing(tmp_path, monkeypatch):
    with open_storage(tmp_path / "j", None) as storage:
        study = opened(create_study, storage)
        study.ask_pack(0, pack=0, members=lambda _: 2)
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
