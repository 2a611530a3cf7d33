"""The dispatcher without Ray: whatever the timing and the crashes, the same search."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.pack_task import PackReport
from packtune.dispatch.standing import add_up
from packtune.errors import RunError
from packtune.models.hardware.precision import Precision
from packtune.settings import SearchPlan
from packtune.space.catalog import load_space
from packtune.space.domains import Choices, Dimension
from packtune.space.space import Space
from packtune.study.storage import open_storage
from packtune.study.study import create_study, load_study
from packtune.trial import Accuracy, Outcome, TrialState

SAMPLER_NAMES = ("grid", "random", "qmc", "tpe")


class Crash(Exception):
    """The driver is gone."""


def plan_of(sampler, trials=24, **changes):
    space = "grid" if sampler == "grid" else "sgd"
    plan = SearchPlan(sampler=sampler, space=space, trials=trials, epochs=9, seed=5, **changes)
    return plan.settle(precision=Precision.FLOAT32, lookahead=4)


def open_study(plan, storage, opening):
    return opening(storage, "test", load_space(plan.space), plan)


def search(dispatcher, train, *, workers=1, chance=None, steps=None):
    """Drive a search as Ray would: so many packs at once, finished in any order; crash after so many steps."""
    chance = chance or random.Random(0)
    running = []
    while True:
        while len(running) < workers and (task := dispatcher.next_pack()) is not None:
            running.append(task)
            steps = _step(steps)
        if not running:
            assert dispatcher.all_asked, "a pack can neither be started nor is one running"
            return
        task = running.pop(chance.randrange(len(running)))
        dispatcher.receive(task.pack, train(task))
        steps = _step(steps)


def _step(steps):
    if steps == 0:
        raise Crash
    return None if steps is None else steps - 1


def records_of(plan, train, folder, *, crashes=(), opening=create_study, **driving):
    """Search to the end, through crashes, and give the records."""
    journal = Path(folder) / "study.journal"
    for steps in (*crashes, None):
        with open_storage(journal, None) as storage:
            study = open_study(plan, storage, opening)
            opening = load_study
            try:
                search(Dispatcher(study, plan), train, steps=steps, **driving)
            except Crash:
                continue
            study.requeue()
            return study.records()
    raise AssertionError


@pytest.fixture(scope="module")
def undisturbed():
    """Give the records of a search by one worker that nothing disturbed, made once for each sampler."""
    known = {}

    def get(sampler, train):
        if sampler not in known:
            with TemporaryDirectory() as folder:
                known[sampler] = records_of(plan_of(sampler), train, folder)
        return known[sampler]

    return get


@pytest.mark.parametrize("sampler", SAMPLER_NAMES)
def test_a_search_has_exactly_its_trials_and_each_is_told(undisturbed, train, sampler):
    records = undisturbed(sampler, train)
    assert [record.proposal.number for record in records] == list(range(24))
    assert all(record.outcome for record in records)
    assert {record.state for record in records} == {
        TrialState.COMPLETE,
        TrialState.PRUNED,
        TrialState.DIVERGED,
        TrialState.FAIL,
    }


@pytest.mark.parametrize("sampler", SAMPLER_NAMES)
@given(workers=st.sampled_from([2, 3, 4, 9]), chance=st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_neither_workers_nor_the_order_of_arrival_change_the_search(undisturbed, train, sampler, workers, chance):
    with TemporaryDirectory() as folder:
        assert records_of(plan_of(sampler), train, folder, workers=workers, chance=chance) == undisturbed(
            sampler, train
        )


@pytest.mark.parametrize("sampler", SAMPLER_NAMES)
@given(
    crashes=st.lists(st.integers(0, 12), min_size=1, max_size=4),
    workers=st.sampled_from([1, 2, 4]),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=8, deadline=None)
def test_no_crash_changes_the_search(undisturbed, train, sampler, crashes, workers, chance):
    with TemporaryDirectory() as folder:
        disturbed = records_of(plan_of(sampler), train, folder, crashes=crashes, workers=workers, chance=chance)
    assert disturbed == undisturbed(sampler, train)


@pytest.mark.parametrize(
    ("sampler", "step"), [("tpe", 9), ("random", 9), ("qmc", 29), ("grid", 9), ("cmaes", 9), ("gp", 29)]
)
def test_a_search_cut_off_after_any_record_of_its_journal_ends_the_same(tmp_path, train, sampler, step):
    plan = plan_of(sampler, trials=12, pack_size=3)
    undisturbed = records_of(plan, train, tmp_path, workers=3)
    lines = (tmp_path / "study.journal").read_bytes().splitlines(keepends=True)
    for n_kept in range(2, len(lines), step):  # the first two records make the study
        (tmp_path / "cut").mkdir(exist_ok=True)
        (tmp_path / "cut" / "study.journal").write_bytes(b"".join(lines[:n_kept]))
        resumed = records_of(plan, train, tmp_path / "cut", workers=2, opening=load_study)
        assert resumed == undisturbed, f"cut after record {n_kept} of {len(lines)}"


def test_what_was_recorded_before_a_crash_is_not_trained_again(tmp_path, train):
    plan = plan_of("random")
    trained = []

    def count(task):
        trained.append(task.pack.number)
        return train(task)

    records_of(plan, count, tmp_path, crashes=[3, 5, 2, 7], workers=1)
    # One worker finishes what it started before anything else is counted, so nothing is lost between two steps.
    assert len(trained) == len(set(trained))


@pytest.mark.parametrize("lookahead", [1, 2, 5])
def test_no_pack_starts_before_those_beyond_the_lookahead_are_told(tmp_path, train, lookahead):
    plan = plan_of("tpe", lookahead=lookahead)
    with open_storage(tmp_path / "j", None) as storage:
        study = open_study(plan, storage, create_study)
        dispatcher = Dispatcher(study, plan)
        started = []
        while (task := dispatcher.next_pack()) is not None:
            started.append(task)
        assert [task.pack.number for task in started] == list(range(lookahead))
        for task in reversed(started[1:]):
            dispatcher.receive(task.pack, train(task))
            assert dispatcher.next_pack() is None
        dispatcher.receive(started[0].pack, train(started[0]))
        later = dispatcher.next_pack()
        assert later.pack.number == lookahead
        assert study.outcomes.told_trials() == {p.number for p in started[0].pack.proposals}


def test_halving_knows_what_was_told_and_nothing_else(tmp_path, train):
    plan = plan_of("random", lookahead=1)
    with open_storage(tmp_path / "j", None) as storage:
        dispatcher = Dispatcher(open_study(plan, storage, create_study), plan)
        known = []
        while (task := dispatcher.next_pack()) is not None:
            assert sorted(task.halving.told[1]) == sorted(known)
            report = train(task)
            known += [dict(outcome.curve)[1] for outcome in report.outcomes if outcome.curve]
            dispatcher.receive(task.pack, report)


def test_a_pack_given_back_is_the_next_one(tmp_path, train):
    plan = plan_of("random")
    with open_storage(tmp_path / "j", None) as storage:
        dispatcher = Dispatcher(open_study(plan, storage, create_study), plan)
        first, second = dispatcher.next_pack(), dispatcher.next_pack()
        dispatcher.give_back(second.pack)
        dispatcher.give_back(first.pack)
        assert dispatcher.next_pack() == first
        assert dispatcher.next_pack() == second


FIRST_FORM = Path(__file__).parent.parent / "study" / "first-form.journal"
"""A search of TPE that was stopped, as version 0.1.0 wrote it: packs among the attributes that Optuna's tools show,
trials RUNNING from the moment of their proposal, diverged ones COMPLETE with the value 0."""


def test_a_journal_of_the_first_form_is_resumed_as_if_it_had_never_stopped(undisturbed, train, tmp_path):
    journal = tmp_path / "study.journal"
    journal.write_bytes(FIRST_FORM.read_bytes())
    plan = plan_of("tpe")
    with open_storage(journal, None, read_only=True) as storage:
        study = optuna.load_study(study_name="test", storage=storage.optuna)
        assert any(name.startswith("window:") for name in study.user_attrs)
        assert [trial.value for trial in study.trials].count(0.0) == 3
        before = open_study(plan, storage, load_study)
        before.check_owner("0123456789abcdef")
        assert len(before.packs()) >= 5
        assert len(before.outcomes.told_trials()) < len(before.records()) < 24
    assert records_of(plan, train, tmp_path, opening=load_study) == undisturbed("tpe", train)


def test_the_standing_counts_trials_and_epochs(tmp_path, train):
    plan = plan_of("grid", trials=10, halving=False)
    with open_storage(tmp_path / "j", None) as storage:
        dispatcher = Dispatcher(open_study(plan, storage, create_study), plan)
        task = dispatcher.next_pack()
        members = len(task.pack.proposals)
        dispatcher.note_progress(task.pack, 3)
        standing = dispatcher.standing()
        assert (standing.trials, standing.running) == (10, members)
        assert standing.under_way == pytest.approx(members * 3 / 9)
        assert standing.best is None
        dispatcher.receive(task.pack, train(task))
        standing = dispatcher.standing()
        assert (standing.running, standing.under_way) == (0, 0)
        assert standing.finished.total() == members
        twice = add_up([standing, standing])
        assert (twice.trials, twice.finished.total(), twice.best) == (20, 2 * members, None)


def test_the_standing_knows_what_was_spent_and_what_is_left_by_kind(tmp_path, train):
    mixed = Space(
        name="mixed",
        dimensions=(
            Dimension(name="architecture", domain=Choices(values=("mlp", "cnn"))),
            Dimension(name="learning_rate", domain=Choices(values=(0.1, 0.2, 0.3))),
        ),
    )
    plan = plan_of("grid", trials=6, halving=False)
    with open_storage(tmp_path / "j", None) as storage:
        dispatcher = Dispatcher(create_study(storage, "test", mixed, plan), plan)
        before = dispatcher.standing().load
        assert [(kind[1].architecture, n, epochs) for kind, n, epochs in before.left] == [
            ("mlp", 3, 27),
            ("cnn", 3, 27),
        ]
        assert (before.spent, before.unproposed, before.training) == ({}, 0, 0)
        task = dispatcher.next_pack()
        dispatcher.note_progress(task.pack, 3)
        under_way = dispatcher.standing().load
        assert ("mlp", 3, 18) in [(kind[1].architecture, n, epochs) for kind, n, epochs in under_way.left]
        assert under_way.training == 1
        report = _complete(task)
        dispatcher.receive(task.pack, report)
        after = dispatcher.standing().load
        assert {kind[1].architecture: spent.trials for kind, spent in after.spent.items()} == {"mlp": 3}
        assert {kind[1].architecture for kind, *_ in after.left} == {"cnn"}


def test_a_sampler_that_draws_leaves_unknown_what_it_has_not_proposed(tmp_path):
    plan = plan_of("random", trials=200)
    with open_storage(tmp_path / "j", None) as storage:
        dispatcher = Dispatcher(open_study(plan, storage, create_study), plan)
        proposed = len(dispatcher.next_pack().pack.proposals)
        load = dispatcher.standing().load
        assert load.unproposed == 200 - sum(n for _, n, _ in load.left)
        assert sum(n for _, n, _ in load.left) >= proposed


def until_done(dispatcher, train, *, fails):
    """Drive a search one pack at a time; what `fails` says breaks its worker or raises is handed back as failed."""
    said, sizes = [], []
    while (task := dispatcher.next_pack()) is not None:
        sizes.append(len(task.pack.proposals))
        reason = fails(task.pack)
        if reason:
            said.append(dispatcher.fail(task.pack, reason, worker_died=reason.startswith("died")))
        else:
            dispatcher.receive(task.pack, train(task))
    assert dispatcher.finished
    return said, sizes


@pytest.mark.parametrize("kind", ["died", "raised"])
def test_a_pack_that_always_fails_is_split_down_to_the_guilty_member(tmp_path, kind):
    plan = plan_of("grid", trials=16, pack_size=8, halving=False)
    guilty = 5

    def complete(task):
        ended = _complete(task)
        assert guilty not in task.pack.trials
        return ended

    with open_storage(tmp_path / "j", None) as storage:
        study = open_study(plan, storage, create_study)
        dispatcher = Dispatcher(study, plan, max_failures=2)
        said, _ = until_done(
            dispatcher, complete, fails=lambda pack: f"{kind}: out of memory" if guilty in pack.trials else ""
        )
        study.requeue()
        records = study.records()
    assert [r.proposal.number for r in records if r.state is TrialState.FAIL] == [guilty]
    assert records[guilty].outcome.reason == f"{kind}: out of memory"
    assert all(r.state is TrialState.COMPLETE for r in records if r.proposal.number != guilty)
    assert study.outcomes.told_trials() == set(range(16))
    assert said[-1] == f"Trial {guilty} failed ({kind}: out of memory): given up."
    assert sum("once more" in line for line in said) == (4 if kind == "died" else 0)


def test_a_worker_that_dies_now_and_then_changes_nothing(tmp_path, undisturbed, train):
    plan = plan_of("tpe")
    tries = Counter()

    def now_and_then(pack):
        tries[pack.trials] += 1
        return "died" if tries[pack.trials] <= pack.number % 4 else ""

    with open_storage(tmp_path / "j", None) as storage:
        study = open_study(plan, storage, create_study)
        said, _ = until_done(Dispatcher(study, plan), train, fails=now_and_then)
        assert said
        assert study.records() == undisturbed("tpe", train)


def test_a_pack_of_which_one_half_arrived_before_a_crash_goes_on_with_the_other(tmp_path, train):
    plan = plan_of("grid", pack_size=4)
    with open_storage(tmp_path / "j", None) as storage:
        dispatcher = Dispatcher(open_study(plan, storage, create_study), plan)
        whole = dispatcher.next_pack().pack
        first, second = whole.halves()
        dispatcher.fail(whole, "raised", worker_died=False)
        half = dispatcher.next_pack()
        assert half.pack == first
        dispatcher.receive(half.pack, train(half))
        dispatcher.fail(dispatcher.next_pack().pack, "raised", worker_died=False)
    with open_storage(tmp_path / "j", None) as storage:
        study = open_study(plan, storage, load_study)
        again = Dispatcher(study, plan)
        assert [again.next_pack().pack for _ in range(2)] == list(second.halves())
        assert {r.proposal.number for r in study.records() if r.outcome} == set(first.trials)


class InParts:
    """Trains the packs in parts of one size, the last pack first."""

    def __init__(self, size):
        self.size, self.asked = size, []

    def longest(self, packs):
        return packs[-1]

    def part_size(self, pack, others):
        self.asked.append((pack, others))
        return self.size


@pytest.mark.parametrize("crashes", [(), (3,), (2, 2, 2)])
def test_a_search_in_parts_has_the_records_of_one_in_whole_packs(tmp_path, train, crashes):
    plan = plan_of("grid", halving=False)
    whole = records_of(plan, train, tmp_path)
    sizes, opening = [], create_study
    for steps in (*crashes, None):
        with open_storage(tmp_path / "parts", None) as storage:
            study = open_study(plan, storage, opening)
            opening = load_study
            dispatcher = Dispatcher(study, plan, sharing=InParts(2))

            def noted(task):
                sizes.append(len(task.pack.proposals))
                return train(task)

            with suppress(Crash):
                search(dispatcher, noted, workers=3, steps=steps)
            study.requeue()
            records = study.records()
    assert records == whole
    assert max(sizes) == 2


def test_no_worker_waits_for_a_pack_that_was_put_off(tmp_path):
    plan = plan_of("grid", trials=24, pack_size=1, halving=False, lookahead=2)
    with open_storage(tmp_path / "j", None) as storage:
        dispatcher = Dispatcher(open_study(plan, storage, create_study), plan, sharing=InParts(1))
        order = []
        search(dispatcher, lambda task: (order.append(task.pack.number), _complete(task))[1], workers=2)
    assert 0 in order[-2:]
    assert min(order[:-2]) > 0
    assert sorted(order) == list(range(len(order)))


def test_packs_stay_whole_while_more_are_to_be_asked_for(tmp_path, train):
    plan = plan_of("random", trials=24, pack_size=3, halving=False)
    sharing = InParts(1)
    with open_storage(tmp_path / "j", None) as storage:
        study = open_study(plan, storage, create_study)
        dispatcher = Dispatcher(study, plan, sharing=sharing)
        tasks = []
        search(dispatcher, lambda task: (tasks.append(task), train(task))[1], workers=4)
    packs = {task.pack.number for task in tasks}
    last, others = sharing.asked[0]
    assert {pack.number for pack, _ in sharing.asked} < packs
    assert all(
        len(task.pack.proposals) == 1 for task in tasks if task.pack.number in {p.number for p, _ in sharing.asked}
    )
    assert all(0 < share <= 1 and other != last for other, share in others)


def test_packs_stay_whole_where_their_members_are_compared_at_rungs(tmp_path):
    plan = plan_of("grid", halving=True)
    with open_storage(tmp_path / "j", None) as storage:
        dispatcher = Dispatcher(open_study(plan, storage, create_study), plan, sharing=InParts(2))
        task = dispatcher.next_pack()
        assert len(task.pack.proposals) > 2
        assert task.whole == ()


def test_a_part_whose_worker_died_is_trained_again_before_it_is_split(tmp_path):
    plan = plan_of("grid", halving=False)
    with open_storage(tmp_path / "j", None) as storage:
        dispatcher = Dispatcher(open_study(plan, storage, create_study), plan, max_failures=1, sharing=InParts(2))
        first, second = dispatcher.next_pack(), dispatcher.next_pack()
        assert first.pack.number == second.pack.number
        assert first.pack.trials < second.pack.trials
        assert first.whole == second.whole
        assert len(first.whole) > len(first.pack.proposals)
        assert "once more, try 2 of 2" in dispatcher.fail(first.pack, "died", worker_died=True)
        assert dispatcher.next_pack().pack == first.pack
        assert "training the two halves apart" in dispatcher.fail(first.pack, "died", worker_died=True)
        half = dispatcher.next_pack()
        assert half.pack in first.pack.halves()
        assert half.whole == ()


@pytest.mark.parametrize("parts", [[[0, 1, 2]], [[0, 1], [3, 2]], [[0, 1, 2, 3], []], [["0"]], 5, [[[0]]]])
def test_damaged_parts_of_a_pack_are_refused(tmp_path, parts):
    plan = plan_of("grid", pack_size=4)
    with open_storage(tmp_path / "j", None) as storage:
        study = open_study(plan, storage, create_study)
        pack = Dispatcher(study, plan).next_pack().pack
        assert study.pack_notes.parts(pack) == [pack]
        optuna.load_study(study_name="test", storage=storage.optuna).set_user_attr("parts:0", parts)
        with pytest.raises(RunError, match="the parts of packs of the study 'test' are damaged .*: restore it from a"):
            Dispatcher(study, plan)


def _complete(task):
    return PackReport(
        outcomes=tuple(
            Outcome(
                state=TrialState.COMPLETE,
                epochs=task.epochs,
                curve=((task.epochs, 0.5),),
                validation=Accuracy(joint=0.5, heads=(0.5,)),
                test=Accuracy(joint=0.5, heads=(0.5,)),
            )
            for _ in task.pack.proposals
        )
    )


def test_replicates_repeat_the_list_from_seeds_of_their_own(tmp_path, train):
    plan = plan_of("grid", trials=64, replicates=2)
    records = records_of(plan, train, tmp_path)
    assert [r.proposal.configuration for r in records[:32]] == [r.proposal.configuration for r in records[32:]]
    assert len({record.proposal.seed for record in records}) == 64


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_a_trial_whose_values_the_space_does_not_have_is_named(tmp_path, sampler):
    with open_storage(tmp_path / "j", None) as storage:
        plan = plan_of(sampler)
        study = open_study(plan, storage, create_study)
        Dispatcher(study, plan).next_pack()
        narrower = Space(
            name="narrower",
            dimensions=tuple(
                replace(dimension, domain=Choices(values=(32,))) if dimension.name == "batch_size" else dimension
                for dimension in study.space.dimensions
                if dimension.name != "dropout"
            ),
        )
        changed = load_study(storage, "test", narrower, plan)
        with pytest.raises(RunError, match="trial [0-9]+ of the study 'test' is damaged .*: restore the study from a"):
            Dispatcher(changed, plan)


def test_a_search_of_thousands_of_trials_takes_seconds(tmp_path):
    plan = plan_of("random", trials=2000, pack_size=8, halving=False)
    with open_storage(tmp_path / "j", None) as storage:
        study = open_study(plan, storage, create_study)
        started_s = time.process_time()
        search(Dispatcher(study, plan), _complete, workers=4)
        assert time.process_time() - started_s < 20
        assert len(study.outcomes.told_trials()) == 2000
