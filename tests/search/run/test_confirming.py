"""Confirmation of real runs, trained here for real and without Ray: explored, selected and reported on."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from functools import partial

import pandas as pd
import pytest
import torch

from packtune.confirmation.layout import FIRST_OF_REPORT
from packtune.data.catalog import load
from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.staged_search import StagedSearch
from packtune.dispatch.task_maker import exploration
from packtune.interface.export import trained_model
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.models.model_file import model_from_bytes
from packtune.proposals.packing import pack_capacity
from packtune.report.words import describe_winner
from packtune.run.confirming import ConfirmingStages, confirmed_outcomes, requeue_confirmation
from packtune.run.ending import conclude, read_ending
from packtune.run.extension import extend_run
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.run.records import open_study
from packtune.settings import Resources
from packtune.space.source import find_space
from packtune.study.storage import open_storage
from packtune.trial import Accuracy, Answers, TrialState
from packtune.worker.pack_run import run_pack

SPACE = {"hidden_units": {"low": 6, "high": 24}, "learning_rate": {"low": 0.05, "high": 0.5, "log": True}}
OPTIONS = {"trials": 10, "epochs": 1, "sampler": "random", "halving": False, "finalists": 3, "replicates": 3}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def dataset():
    return load("digits")


@pytest.fixture
def make_run(tmp_path):
    def make(name="run", **options):
        source = find_space(SPACE)
        plan = plan_search("digits", source, PlanOptions(**OPTIONS | {"lookahead": 4} | options))
        return create_run(plan, Resources(), source, results=tmp_path, name=name)

    return make


@dataclass
class Session:
    """One session of a run, without Ray.

    Attributes:
        at_once: packs in training at the same time; which of them ends next is drawn.
        stop_after: reports after which the process is as if it were killed; none to go on to the end.
        cut_after: packs of exploration after which its share of a time budget is over; none for no budget.
        change: what becomes of an outcome before it is reported, given its task.
        tasks, said: what was trained, and what was told.
    """

    run: object
    dataset: object
    at_once: int = 1
    seed: int = 0
    stop_after: int | None = None
    cut_after: int | None = None
    change: object = staticmethod(lambda task, outcome: outcome)
    tasks: list = field(default_factory=list)
    said: list = field(default_factory=list)

    def go(self):
        draw, reports = random.Random(self.seed), 0
        with open_storage(self.run.folder.journal, None) as storage:
            study = open_study(self.run, storage)
            search, following = self._search(study, storage)
            under_way = []
            while not search.finished or under_way:
                while len(under_way) < self.at_once and (task := search.next_pack()) is not None:
                    self.tasks.append(task)
                    under_way.append(task)
                if not under_way:
                    break
                if self.stop_after is not None and reports >= self.stop_after:
                    return self
                task = under_way.pop(draw.randrange(len(under_way)))
                report = run_pack(task, self.dataset)
                outcomes = tuple(replace(self.change(task, o), seconds=0.0) for o in report.outcomes)
                report = replace(report, outcomes=outcomes)
                if following.keeper is not None:
                    following.keeper.offer(report)
                search.receive(task.pack, report)
                reports += 1
            study.requeue()
            records = study.records()
            requeue_confirmation(self.run, records, storage)
            self.ending = conclude(self.run, records, confirmed_outcomes(self.run, records, storage))
        return self

    def _search(self, study, storage):
        plan = self.run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=4)
        capacity = partial(pack_capacity, device=Device.CPU)

        def make(study, plan, stage):
            return Dispatcher(study, plan, stage=stage)

        explores = exploration(study.space, plan, device=Device.CPU)
        following = ConfirmingStages(self.run, plan, study, storage, capacity=capacity, make=make, say=self.said.append)
        cut = self.cut_after
        search = StagedSearch(
            make(study, plan, explores),
            following,
            cut_short=lambda: cut is not None and len([task for task in self.tasks if not task.wants_answers]) >= cut,
        )
        return search, following


def tables(run):
    return run.folder.leaderboard_csv.read_bytes(), run.folder.leaderboard_md.read_bytes()


@pytest.fixture(scope="module")
def usual(tmp_path_factory, dataset):
    """Give a run that was carried out one pack after another."""
    source = find_space(SPACE)
    plan = plan_search("digits", source, PlanOptions(**OPTIONS, lookahead=4))
    run = create_run(plan, Resources(), source, results=tmp_path_factory.mktemp("usual"), name="run")
    return Session(run, dataset).go()


def test_three_stages_see_disjoint_samples(usual, dataset):
    explored, confirmed = ([t for t in usual.tasks if t.wants_answers is wants] for wants in (False, True))
    plan = usual.run.settings.plan
    assert sum(len(task.pack.proposals) for task in explored) == plan.trials
    seeds = {task.batch_seed for task in explored}
    repeats = {task.batch_seed for task in confirmed}
    assert not seeds & repeats
    weights = [{p.seed for task in tasks for p in task.pack.proposals} for tasks in (explored, confirmed)]
    assert not weights[0] & weights[1]
    # Each training of a configuration has its own order of images, its own weights and its own validation images.
    for configuration in {p.configuration for task in confirmed for p in task.pack.proposals}:
        drawn = [
            (task.batch_seed, p.seed, task.resampling_seed)
            for task in confirmed
            for p in task.pack.proposals
            if p.configuration == configuration
        ]
        for values in zip(*drawn, strict=True):
            assert len(set(values)) == len(values)
    # Finalists share the draws of a repeat.
    by_order = {}
    for task in confirmed:
        by_order.setdefault(task.batch_seed, set()).update((p.seed, task.resampling_seed) for p in task.pack.proposals)
    assert all(len(shared) == 1 for shared in by_order.values())


def test_the_reported_accuracy_is_the_mean_of_the_reports_trainings_and_of_nothing_else(usual, dataset):
    verdict = usual.ending.verdict
    report = [task for task in usual.tasks if task.wants_answers][-3:]
    again = [run_pack(task, dataset).outcomes[0] for task in report]
    assert verdict.test.trainings == 3
    assert verdict.test.images == len(dataset.test)
    assert verdict.test.mean == pytest.approx(sum(o.test.joint for o in again) / 3)
    assert verdict.test.low <= verdict.test.mean <= verdict.test.high
    assert {p.configuration for task in report for p in task.pack.proposals} == {verdict.winner.configuration}
    shown = pd.read_csv(usual.run.folder.leaderboard_csv)
    assert shown.loc[0, "test_accuracy"] == pytest.approx(verdict.test.mean)
    assert shown["trainings"].notna().sum() == 3
    assert list(shown["trainings"].isna()) == sorted(shown["trainings"].isna())


def test_the_reader_of_a_run_finds_the_same(usual):
    ending = read_ending(usual.run.folder.load())
    assert ending.verdict == usual.ending.verdict
    assert ending.rows == usual.ending.rows
    assert not ending.is_open


@pytest.mark.parametrize("seed", range(4))
def test_neither_workers_nor_kills_change_a_byte(make_run, dataset, usual, seed):
    run, draw = make_run(), random.Random(seed)
    for _ in range(6):
        Session(run, dataset, at_once=draw.choice((1, 2, 5)), seed=seed, stop_after=draw.choice((1, 2, 3))).go()
        run = run.folder.load()
    Session(run, dataset, at_once=3, seed=seed).go()
    assert tables(run) == tables(usual.run)


def test_a_wrong_test_accuracy_changes_nothing_but_its_own_columns(make_run, dataset, usual):
    def plant(task, outcome):
        images = len(dataset.test)
        flipped = Answers(bits=bytes(-(-images // 8)), images=images) if outcome.right_test else None
        return replace(outcome, test=Accuracy(joint=task.pack.number % 3 / 3, heads=(0.0,)), right_test=flipped)

    planted = Session(make_run(), dataset, change=plant).go()
    honest, wrong = (pd.read_csv(course.run.folder.leaderboard_csv) for course in (usual, planted))
    changed = [name for name in honest if not honest[name].equals(wrong[name])]
    assert changed
    assert all(name.startswith("test") for name in changed)


def test_more_trials_are_explored_and_then_selected_among_from_scratch(make_run, dataset):
    longer = Session(make_run("longer", trials=14), dataset).go()
    run = make_run("run")
    Session(run, dataset).go()
    extended = Session(extend_run(run.folder.load(), trials="+4", epochs=None), dataset).go()
    assert extended.ending.verdict == longer.ending.verdict
    assert tables(extended.run)[0] == tables(longer.run)[0]


def test_a_search_that_is_cut_short_has_a_confirmed_winner_and_goes_on_later(make_run, dataset, usual):
    run = make_run()
    cut = Session(run, dataset, cut_after=2).go()
    assert cut.ending.open_trials > 0
    assert cut.ending.verdict.test.trainings == 3
    assert cut.ending.open_trainings == 0
    resumed = Session(run.folder.load(), dataset).go()
    assert resumed.ending.verdict == usual.ending.verdict
    assert tables(run) == tables(usual.run)


def test_a_stop_within_the_confirmation_leaves_its_trainings_open(make_run, dataset, usual):
    run = make_run()
    explored = sum(not task.wants_answers for task in usual.tasks)
    Session(run, dataset, stop_after=explored + 2).go()
    ending = read_ending(run.folder.load())
    assert ending.open_trials == 0
    assert ending.open_trainings > 0
    assert ending.is_open


def test_the_exported_model_is_the_best_of_the_report(usual, dataset):
    content = trained_model(usual.run, usual.ending.winner, say=lambda text: pytest.fail(text))
    model = model_from_bytes(content, source="here")
    assert model.configuration == usual.ending.verdict.winner.configuration
    right = (model.predict(dataset.test.inputs) == dataset.test.labels).all(1)
    assert right.float().mean().item() == pytest.approx(usual.ending.verdict.best_test.mean)
    usual.run.folder.winner_model.unlink()
    said = []
    again = trained_model(usual.run, usual.ending.winner, say=said.append)
    assert said
    trained = model_from_bytes(again, source="again")
    assert all(map(torch.equal, trained.network.state_dict().values(), model.network.state_dict().values()))
    usual.run.folder.winner_model.write_bytes(content)


def test_a_configuration_that_diverges_from_every_seed_counts_as_0(make_run, dataset):
    def diverge(task, outcome):
        if not task.wants_answers:
            return outcome
        return replace(
            outcome, state=TrialState.DIVERGED, validation=None, test=None, right_validation=None, right_test=None
        )

    ending = Session(make_run(), dataset, change=diverge).go().ending
    assert ending.verdict.test.mean == 0
    assert ending.verdict.test.diverged == 3
    assert ending.verdict.best_repeat is None


def collapse(outcome):
    """Give the outcome of the same training with a network that labels every image alike, as a dead one does."""

    def alike(answers):
        return replace(answers, bits=bytes([255] + [0] * (len(answers.bits) - 1)))

    guess = Accuracy(joint=0.1, heads=(0.1,))
    right = {"right_validation": alike(outcome.right_validation), "right_test": alike(outcome.right_test)}
    return replace(outcome, validation=guess, test=guess, **right)


@pytest.fixture(scope="module")
def alone(usual):
    """Give the tasks of the round that the best finalist has alone."""
    return [task for task in usual.tasks if task.wants_answers][-5:-3]


def test_a_finalist_that_collapses_when_it_is_tried_alone_is_not_selected(make_run, dataset, usual, alone):
    bad = usual.ending.verdict.winner.configuration
    seeds = {task.batch_seed for task in alone}

    def change(task, outcome):
        return collapse(outcome) if task.wants_answers and task.batch_seed in seeds else outcome

    course = Session(make_run(), dataset, change=change).go()
    verdict = course.ending.verdict
    assert verdict.winner.configuration != bad
    assert verdict.test.collapsed == 0
    behind = verdict.finalists[-1]
    assert behind.candidate.configuration == bad
    assert behind.spread.collapsed == 2
    shown = pd.read_csv(course.run.folder.leaderboard_csv)
    assert list(shown["collapsed"].dropna()) == [0, 0, 2]
    assert "come last" in course.run.folder.leaderboard_md.read_text()


def test_a_collapse_within_the_report_is_said_and_chooses_nothing(make_run, dataset, usual):
    report = [task for task in usual.tasks if task.wants_answers][-1]

    def change(task, outcome):
        return collapse(outcome) if task.wants_answers and task.batch_seed == report.batch_seed else outcome

    course = Session(make_run(), dataset, change=change).go()
    verdict = course.ending.verdict
    assert verdict.winner == usual.ending.verdict.winner
    assert verdict.test.collapsed == 1
    assert verdict.test.mean < usual.ending.verdict.test.mean
    assert "it collapses from 1 of these 3 seeds" in describe_winner(course.ending.winner)
    assert "it collapsed from 1 of these seeds" in course.run.folder.leaderboard_md.read_text()


def test_a_stop_within_selection_shows_who_is_ahead(make_run, dataset, usual, alone):
    run = make_run()
    before = usual.tasks.index(alone[0])
    Session(run, dataset, stop_after=before).go()
    ending = read_ending(run.folder.load())
    assert ending.open_trainings > 0
    assert ending.verdict.test is None
    assert not ending.verdict.has_selected
    assert ending.winner.row.confirmed.spread.trainings == 2
    said = describe_winner(ending.winner)
    assert "ahead so far" in said
    assert "selection among 3 finalists is not finished" in said
    assert "not known yet" in said


def test_one_finalist_is_named_as_what_it_is(make_run, dataset):
    course = Session(make_run(finalists=1), dataset).go()
    verdict, said = course.ending.verdict, describe_winner(course.ending.winner)
    assert len(verdict.finalists) == 1
    assert verdict.finalists[0].spread.trainings == verdict.test.trainings == 3
    assert f"The only finalist is trial {verdict.winner.trial}" in course.said[0]
    assert "seen once in the search: optimistic" in said
    assert "the only finalist" in said
    assert "the only finalist" in course.run.folder.leaderboard_md.read_text()


def test_of_finalists_that_cannot_be_told_apart_the_smallest_can_win(make_run, dataset):
    ending = Session(make_run(prefer="small"), dataset).go().ending
    tied = [row for row in ending.rows if row.confirmed and row.confirmed.tied]
    assert ending.winner.row.parameters == min(row.parameters for row in tied)
    assert ending.winner.row.confirmed.test == ending.verdict.test


@pytest.mark.parametrize(
    ("options", "finalists", "trainings", "said"),
    [
        ({"finalists": 99}, 10, 3, "(99 were wanted, and no more were trained to the end)"),
        ({"replicates": 1}, 3, 1, "its interval is of the images alone"),
    ],
)
def test_the_best_that_can_be_had_is_given_and_named(make_run, dataset, options, finalists, trainings, said):
    course = Session(make_run(**options), dataset).go()
    verdict = course.ending.verdict
    assert len(verdict.finalists) == finalists
    assert verdict.test.trainings == trainings
    assert said in course.run.folder.leaderboard_md.read_text()
    if trainings == 1:
        assert "the interval is of the images alone" in describe_winner(course.ending.winner)
    else:
        assert course.said[0].startswith("99 finalists were wanted, and 10 configurations were trained to the end")


def test_a_list_with_replicates_has_the_same_statistics(tmp_path, dataset):
    """Each configuration is explored three times; the report has as many trainings, from seeds of its own."""
    source = find_space("mini-grid")
    options = PlanOptions(replicates=3, protocol="search", epochs=1, lookahead=4)
    run = create_run(plan_search("digits", source, options), Resources(), source, results=tmp_path, name="list")
    course = Session(run, dataset).go()
    verdict = course.ending.verdict
    assert sum(len(task.pack.proposals) for task in course.tasks if not task.wants_answers) == 30
    assert [each.candidate.trials for each in verdict.finalists] == [3] * len(verdict.finalists)
    assert verdict.test.trainings == 3
    assert verdict.test.low <= verdict.test.mean <= verdict.test.high
    assert max(each.spread.trainings for each in verdict.finalists) == 4
    shown = pd.read_csv(run.folder.leaderboard_csv)
    assert list(shown["replicates"]) == [3] * 10
    seeds = [{p.seed for t in course.tasks if t.wants_answers is wants for p in t.pack.proposals} for wants in (0, 1)]
    assert not seeds[0] & seeds[1]


def test_without_confirmation_nothing_is_trained_again(make_run, dataset):
    course = Session(make_run(confirm=False, finalists=None), dataset).go()
    assert not any(task.wants_answers for task in course.tasks)
    assert course.ending.verdict is None
    assert "trainings" not in pd.read_csv(course.run.folder.leaderboard_csv)


def test_reports_are_of_other_repeats_than_selections(usual):
    assert usual.ending.verdict.best_repeat >= FIRST_OF_REPORT
