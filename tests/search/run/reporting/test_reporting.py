"""Reports of real runs, trained here without Ray: what they tell, and that test examples stay unread till the end."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections import Counter
from dataclasses import replace

import pytest

from packtune.data.catalog import load
from packtune.files import write_bytes
from packtune.interface.export import trained_model
from packtune.models.model_file import model_from_bytes
from packtune.report.facts.json_form import to_json
from packtune.report.facts.report import SCHEMA, ReportFacts
from packtune.run.ending import read_ending
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.run.reporting.writing import facts_of, try_to_report, write_report
from packtune.settings import Resources
from packtune.space.source import find_space
from packtune.trial import Accuracy

SPACE = {
    "architecture": "mlp",
    "hidden_units": {"low": 6, "high": 24},
    "learning_rate": {"low": 0.05, "high": 0.5, "log": True},
    "schedule": ["constant", "cosine"],
    "warmup": {"choices": [0.0, 0.1], "when": {"schedule": "cosine"}},
}
STAGES = ["exploration", "selection", "report"]
UNCONFIRMED = {"trials": 8, "epochs": 1, "confirm": False, "finalists": None, "replicates": None}
OPTIONS = {"trials": 24, "epochs": 2, "sampler": "random", "finalists": 3, "replicates": 3, "lookahead": 4}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def dataset():
    return load("digits")


@pytest.fixture(scope="module")
def make_run(tmp_path_factory):
    def make(**options):
        source = find_space(SPACE)
        plan = plan_search("digits", source, PlanOptions(**OPTIONS | options))
        return create_run(plan, Resources(), source, results=tmp_path_factory.mktemp("results"), name="run")

    return make


@pytest.fixture(scope="module")
def finished(make_run, carry_out_alone, dataset):
    """Give a run with its ending, and with the model that its search would have kept."""
    run = make_run()
    ending = carry_out_alone(run, dataset)
    write_bytes(run.folder.winner_model, trained_model(run, ending.winner, say=lambda text: None))
    return run, ending


@pytest.fixture(scope="module")
def facts(finished, dataset):
    return facts_of(*finished, lambda: dataset)


def common(facts):
    """Give what must be the same on every machine."""
    parts = json.loads(to_json(facts))
    return {name: part for name, part in parts.items() if name not in ("times", "place")}


def test_the_leaderboard_and_the_winner_are_those_of_the_run(finished, facts):
    _, ending = finished
    assert [row.trial for row in facts.leaderboard] == [row.trial for row in ending.rows]
    assert [row.score and row.score.mean for row in facts.leaderboard] == [
        row.validation and row.validation.joint for row in ending.rows
    ]
    assert [row.trial for row in facts.leaderboard if row.is_winner] == [facts.winner.trial]
    assert facts.winner.trial == ending.winner.row.trial
    assert facts.run.is_decided
    assert facts.winner.score.mean == ending.verdict.test.mean
    assert facts.winner.lines[0].startswith(f"Winner: trial {facts.winner.trial} (")
    assert sum(row.is_finalist for row in facts.leaderboard) == 3
    assert {row.trial for row in facts.leaderboard if row.is_tied} == set(facts.winner.ties)


def test_every_trial_is_there_with_its_values_and_its_curve(finished, facts):
    _, ending = finished
    assert [trial.number for trial in facts.trials] == list(range(24))
    names = [axis.name for axis in facts.hyperparameters]
    assert set(names) == {"hidden_units", "learning_rate", "schedule", "warmup"}
    for trial, record in zip(facts.trials, ending.records, strict=True):
        used = record.proposal.configuration.counting()
        assert dict(zip(names, trial.values, strict=True)) == {name: used.get(name) for name in names}
        assert trial.curve == record.outcome.curve
    assert ("architecture", "mlp") in facts.fixed
    assert Counter(trial.state for trial in facts.trials) == dict(facts.run.counts)
    assert len(facts.times.trial_s) == 24


def test_stages_follow_each_other_and_the_best_only_gets_better(finished, facts):
    _, ending = finished
    stages = facts.progress.stages
    assert [stage.name for stage in stages] == ["exploration", "selection", "report"]
    assert [stage.first for stage in stages] == [0, *(stage.end for stage in stages[:-1])]
    assert facts.progress.trainings == stages[-1].end == 24 + len(ending.confirmed)
    scores = [step.score for step in facts.progress.best]
    assert scores == sorted(set(scores))
    assert scores[-1] == max(trial.score for trial in facts.trials if trial.state == "COMPLETE")
    timed = facts.times
    assert [step.trial for step in timed.best] == [step.trial for step in facts.progress.best]
    assert timed.stages[-1].end_s == pytest.approx(timed.training_s)


def test_finalists_have_the_curves_of_their_fresh_trainings(facts):
    by_trial = {row.trial: row for row in facts.leaderboard}
    assert [each.trial for each in facts.finalists] == [row.trial for row in facts.leaderboard[:3]]
    for finalist in facts.finalists:
        score, last = by_trial[finalist.trial].score, finalist.spread[-1]
        assert len(finalist.curves) == score.trainings
        assert last.mean == pytest.approx(score.mean)
        assert last.low <= last.mean <= last.high


def test_the_kept_network_is_examined_on_the_test_examples(finished, facts, dataset):
    run, _ = finished
    answers, head = facts.answers, facts.answers.heads[0]
    assert (answers.split, answers.examples) == ("test", len(dataset.test))
    assert answers.right / answers.examples == pytest.approx(facts.winner.model_test.mean)
    assert sum(map(sum, head.matrix)) == answers.examples
    assert sum(head.matrix[n][n] for n in range(10)) == answers.right
    assert head.classes[3].recall == pytest.approx(head.matrix[3][3] / sum(head.matrix[3]))
    model = model_from_bytes(run.folder.winner_model.read_bytes(), source="kept")
    for worst in answers.worst:
        said = model.label(dataset.test.inputs[worst.index : worst.index + 1])
        assert worst.said == (str(int(said.labels)),) != worst.right == (str(int(dataset.test.labels[worst.index])),)
        assert worst.picture and (worst.width, worst.height) == (28, 28)
    assert len(answers.worst) == min(12, answers.examples - answers.right)
    assert not answers.columns


def test_importance_is_judged_where_a_condition_holds(facts):
    found = {each.hyperparameter: each for each in facts.importance}
    assert found["learning_rate"].trials == 24
    everywhere = [each.share for each in facts.importance if not each.condition]
    assert sum(everywhere) == pytest.approx(1)
    if "warmup" in found:
        assert found["warmup"].condition == "schedule = cosine"
    assert any("rough" in note for note in facts.notes_on("importance"))


def test_facts_are_the_same_whatever_order_packs_ended_in(make_run, carry_out_alone, dataset, facts):
    other = make_run()
    ending = carry_out_alone(other, dataset, at_once=3)
    write_bytes(other.folder.winner_model, trained_model(other, ending.winner, say=lambda text: None))
    assert common(facts_of(other, ending, lambda: dataset)) == common(facts)


def with_other_test_results(ending):
    """Change what test examples say in all that was recorded."""

    def changed(outcome):
        return outcome and replace(outcome, test=outcome.test and Accuracy(joint=0.123, heads=(0.123,)))

    records = [replace(record, outcome=changed(record.outcome)) for record in ending.records]
    rows = [replace(row, test=row.test and Accuracy(joint=0.123, heads=(0.123,))) for row in ending.rows]
    by_trial = {row.trial: row for row in rows}
    winner = replace(ending.winner, row=by_trial[ending.winner.row.trial])
    confirmed = ending.confirmed and {number: changed(outcome) for number, outcome in ending.confirmed.items()}
    return replace(ending, records=records, rows=rows, winner=winner, confirmed=confirmed)


def read_killed(make_run, carry_out_alone, dataset, reports):
    run = make_run()
    assert carry_out_alone(run, dataset, reports=reports) is None
    return replace(run, new=False), read_ending(replace(run, new=False))


@pytest.mark.parametrize(("reports", "stages"), [(2, STAGES[:1]), (10, STAGES[:2]), (14, STAGES)])
def test_of_a_stopped_search_nothing_is_told_of_test_examples(make_run, carry_out_alone, dataset, reports, stages):
    run, ending = read_killed(make_run, carry_out_alone, dataset, reports)
    assert ending.is_open
    write_bytes(run.folder.best_model, trained_model(run, ending.winner, say=lambda text: None))
    facts = facts_of(run, ending, lambda: dataset)
    assert not facts.run.is_decided
    assert [stage.name for stage in facts.progress.stages] == stages
    assert common(facts_of(run, with_other_test_results(ending), lambda: dataset)) == common(facts)
    assert not any(row.test is not None for row in facts.leaderboard)
    assert "test example" in facts.notes_on("leaderboard")[0]
    assert facts.answers is None or facts.answers.split == "validation"
    assert (
        facts.place.commands[0].line.endswith(f"resume {run.folder.path}") or "resume" in facts.place.commands[0].line
    )


def test_without_a_kept_network_the_report_says_so(make_run, carry_out_alone, dataset):
    run = make_run(**UNCONFIRMED)
    facts = facts_of(run, carry_out_alone(run, dataset), lambda: dataset)
    assert facts.answers is None
    assert "kept no network" in facts.notes_on("answers")[0]
    assert [stage.name for stage in facts.progress.stages] == ["exploration"]
    assert facts.winner.score is None
    assert "from 20 trials on; 8 have ended" in facts.notes_on("importance")[0]


def test_a_brief_report_leaves_out_what_takes_long_and_says_how_to_add_it(finished, facts):
    run, ending = finished
    brief = facts_of(run, ending, None)
    assert (brief.answers, brief.importance) == (None, ())
    again = run.folder.command("report")
    assert all(again in brief.notes_on(section)[0] for section in ("answers", "importance"))
    assert brief.leaderboard == facts.leaderboard


def test_a_report_that_cannot_be_written_is_told_and_costs_nothing_else(make_run, carry_out_alone, dataset):
    run = make_run(**UNCONFIRMED)
    ending = carry_out_alone(run, dataset)
    (run.folder.path / "report.json").mkdir()
    said = []
    try_to_report(run, ending, lambda: dataset, said.append)
    assert "The report could not be written (RunError: cannot write" in said[0]
    assert "packtune report" in said[0] or " report " in said[0]


def test_report_json_is_read_back_as_the_same_facts(finished, facts, dataset):
    run, ending = finished
    paths = write_report(run, ending, lambda: dataset)
    assert all(path.is_file() for path in paths)
    parts = json.loads((run.folder.path / "report.json").read_text(encoding="utf-8"))
    assert next(iter(parts.items())) == ("schema", SCHEMA)
    again = read_as(ReportFacts, {name: part for name, part in parts.items() if name != "schema"})
    assert replace(again, place=facts.place) == facts


def read_as(kind, value):
    """Read a value of JSON as a type, which must be exactly what was written."""
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        assert value.keys() == hints.keys()
        return kind(**{name: read_as(hints[name], part) for name, part in value.items()})
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        kinds = [inside[0]] * len(value) if inside[1:] == (...,) else inside
        return tuple(read_as(each, part) for each, part in zip(kinds, value, strict=True))
    if origin in (typing.Union, types.UnionType):
        return _read_as_one_of(inside, value)
    assert type(value) is kind or (kind is float and type(value) is int), (kind, value)
    return value


def _read_as_one_of(kinds, value):
    if value is None:
        assert type(None) in kinds
        return None
    for kind in kinds:
        if type(value) is kind or (isinstance(value, dict) and dataclasses.is_dataclass(kind)):
            return read_as(kind, value)
        if isinstance(value, list) and typing.get_origin(kind) is tuple:
            return read_as(kind, value)
    return read_as(float, value)
