"""The stops that a user asks for end a search at the same trial, however it is carried out."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.stops.exploration_end import reason_of
from packtune.dispatch.stops.rule import StopRule
from packtune.models.hardware.precision import Precision
from packtune.settings import EndedBy, SearchPlan
from packtune.space.catalog import load_space
from packtune.study.storage import open_storage
from packtune.study.study import create_study, load_study
from packtune.trial import Accuracy, Outcome, TrialState


def plan_of(sampler="tpe", trials=200, **changes):
    space = "grid" if sampler == "grid" else "sgd"
    plan = SearchPlan(**{"sampler": sampler, "space": space, "trials": trials, "epochs": 9, "seed": 5, **changes})
    return plan.settle(precision=Precision.FLOAT32, lookahead=3)


def outcome(score):
    if score is None:
        return Outcome(state=TrialState.PRUNED, epochs=1, validation=Accuracy(joint=0.1, heads=(0.1,)))
    return Outcome(state=TrialState.COMPLETE, epochs=9, validation=Accuracy(joint=score, heads=(score,)))


def rule_of(packs, **changes):
    rule = StopRule(plan_of(**changes))
    for pack in packs:
        rule.add([outcome(score) for score in pack])
    return [rule.reason(n) for n in range(len(packs) + 2)]


def test_patience_counts_told_trials_since_the_best_one_in_the_order_of_the_trials():
    assert rule_of([[0.5, 0.4], [None], [0.5]], patience=3) == [None, None, None, EndedBy.PATIENCE, None]
    assert rule_of([[0.5, 0.4], [None], [0.6]], patience=3) == [None] * 5
    assert rule_of([[0.5], [0.4, 0.3]], patience=2, stops_from=2) == [None] * 4
    assert rule_of([[None], [None]], patience=2)[2] is EndedBy.PATIENCE


def test_a_score_wants_three_trials_where_one_is_confirmed_and_one_where_none_is():
    packs = [[0.9], [0.95, None], [0.91, 0.2], [0.9]]
    assert rule_of(packs, stop_at=0.9, confirm=True)[1:5] == [None, None, EndedBy.SCORE, EndedBy.SCORE]
    assert rule_of(packs, stop_at=0.95, confirm=False)[1:3] == [None, EndedBy.SCORE]


def test_after_a_confirmation_without_such_a_winner_twice_as_many_are_wanted():
    rule = StopRule(plan_of(stop_at=0.9, confirm=True))
    for n in range(1, 9):
        rule.add([outcome(0.9)])
        if n == 4:
            assert rule.reason(4) is EndedBy.SCORE
            assert rule.go_on(4) == 4
    assert [rule.reason(n) for n in (4, 7, 8)] == [None, None, EndedBy.SCORE]
    assert StopRule(plan_of(stop_at=0.9, confirm=True), [4]).reason(1) is None


CASES = {
    "patience": {"patience": 12},
    "patience of a list": {"patience": 6, "sampler": "grid", "trials": 32, "halving": False},
    "patience one by one": {"patience": 12, "sampler": "qmc"},
    "score": {"stop_at": 0.9},
    "score of a list": {"stop_at": 0.8, "sampler": "grid", "trials": 32, "halving": False},
    "both": {"stop_at": 0.97, "patience": 30, "sampler": "random"},
}


@pytest.fixture(scope="module")
def undisturbed(records_of):
    known = {}

    def get(case):
        if case not in known:
            plan = plan_of(**CASES[case])
            with TemporaryDirectory() as folder:
                known[case] = records_of(plan, load_space(plan.space), folder)
        return known[case]

    return get


@pytest.mark.parametrize("case", CASES)
def test_a_search_ends_early_with_all_that_was_proposed(undisturbed, records_of, tmp_path, case):
    plan, records = plan_of(**CASES[case]), undisturbed(case)
    assert 4 <= len(records) < plan.trials or "list" in case
    assert all(record.outcome for record in records)
    assert [record.proposal.number for record in records] == list(range(len(records)))
    records_of(plan, load_space(plan.space), tmp_path)
    with open_storage(tmp_path / "study.journal", None, read_only=True) as storage:
        study = load_study(storage, "test", load_space(plan.space), plan)
        reason = reason_of(study, plan)
        assert (reason is None) is (len(records) == plan.trials)
        scores = [r.outcome.validation.joint if r.state is TrialState.COMPLETE else -1 for r in records]
        packs = study.packs()
    if reason is EndedBy.PATIENCE:
        told = [n for pack in packs[: len(packs) - plan.lookahead + 1] for n in pack.trials]
        best = max(told, key=lambda n: (scores[n], -told.index(n)))
        assert len(told) - 1 - told.index(best) >= plan.patience
    elif reason is EndedBy.SCORE:
        assert max(scores) >= plan.stop_at


@pytest.mark.parametrize("case", CASES)
@given(
    workers=st.sampled_from([1, 2, 3, 7]),
    chance=st.randoms(use_true_random=False),
    crashes=st.lists(st.integers(0, 15), max_size=3),
)
@settings(max_examples=5, deadline=None)
def test_it_ends_at_the_same_trial_for_any_workers_order_and_crashes(
    undisturbed, records_of, case, workers, chance, crashes
):
    plan = plan_of(**CASES[case])
    with TemporaryDirectory() as folder:
        found = records_of(plan, load_space(plan.space), folder, workers=workers, chance=chance, crashes=crashes)
    assert found == undisturbed(case)


def test_a_search_without_stops_proposes_as_it_did(records_of, tmp_path):
    far, none = plan_of(trials=24, patience=1000), plan_of(trials=24)
    (tmp_path / "far").mkdir()
    wide = load_space("sgd")
    assert records_of(far, wide, tmp_path / "far") == records_of(none, wide, tmp_path)


def test_going_on_is_kept_with_the_study(train, tmp_path):
    plan = plan_of(stop_at=0.5, confirm=True)
    with open_storage(tmp_path / "study.journal", None) as storage:
        study = create_study(storage, "test", load_space("sgd"), plan)
        dispatcher = Dispatcher(study, plan)
        lengths = []
        for _ in range(3):
            while (task := dispatcher.next_pack()) is not None:
                dispatcher.receive(task.pack, train(task))
            assert dispatcher.finished
            lengths.append(len(study.trials))
            again = Dispatcher(study, plan)
            assert (again.finished, again.end.reason) == (True, EndedBy.SCORE)
            assert dispatcher.end.go_on()
        assert lengths == sorted(set(lengths))
        assert len(study.attempts.read(0.5)) == 3
        assert study.attempts.read(0.6) == []
        assert not Dispatcher(study, plan).finished
