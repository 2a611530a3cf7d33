"""Real searches by each metric, trained here without Ray: explored with early stopping, selected and reported on."""

from __future__ import annotations

import math
import tomllib

import optuna
import pandas as pd
import pytest
import torch
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection

from packtune.data.catalog import load
from packtune.errors import RunError, SettingsError
from packtune.interface.comparison import compare_runs
from packtune.interface.export import trained_model
from packtune.models.model_file import model_from_bytes
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.measure import scores_of
from packtune.report.leaderboard import leaderboard_frame
from packtune.report.screen import to_screen
from packtune.report.words import describe_winner, space_of
from packtune.run.ending import read_ending
from packtune.run.extension import check_metric, extend_run
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.settings import Preference, Resources
from packtune.space.source import find_space
from packtune.trial import TrialState

SPACE = {"hidden_units": {"low": 6, "high": 24}, "learning_rate": {"low": 0.02, "high": 1.0, "log": True}}
OPTIONS = {"trials": 8, "epochs": 3, "sampler": "random", "finalists": 2, "replicates": 2, "lookahead": 2}
OTHERS = [metric for metric in Metric if metric is not Metric.ACCURACY]


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def make_run(results, metric, name="run", **options):
    source = find_space(SPACE)
    plan = plan_search("digits", source, PlanOptions(**OPTIONS | {"pack_size": 4, "metric": metric} | options))
    return create_run(plan, Resources(), source, results=results, name=name)


@pytest.fixture(scope="module")
def searched(tmp_path_factory, digits, carry_out_alone):
    """Give the function that searches by a metric, once: metric -> (run, ending)."""
    known = {}

    def search(metric):
        if metric not in known:
            run = make_run(tmp_path_factory.mktemp("searched"), metric)
            known[metric] = run, carry_out_alone(run, digits)
        return known[metric]

    return search


def tables(run):
    folder = run.folder
    return [path.read_bytes() for path in (folder.leaderboard_csv, folder.leaderboard_md, folder.curves_csv)]


@pytest.mark.parametrize("metric", OTHERS)
def test_tables_name_the_score_and_accuracy_stands_beside_it(searched, metric):
    run, ending = searched(metric)
    board = pd.read_csv(run.folder.leaderboard_csv)
    for split in ("validation", "test"):
        assert board[f"{split}_{metric.column}"].between(0, metric.entry.highest).all()
        assert board[f"{split}_accuracy"].between(0, 1).all()
        assert list(board).index(f"{split}_{metric.column}") == list(board).index(f"{split}_accuracy") - 1
    assert list(pd.read_csv(run.folder.curves_csv)) == ["trial", "epoch", metric.column]
    trials = pd.read_csv(run.folder.trials_csv)
    shown = trials.dropna(subset=["validation_accuracy"])
    assert {f"validation_{metric.column}", f"test_{metric.column}"} < set(trials)
    for record, score in zip(ending.records, shown[f"validation_{metric.column}"], strict=True):
        assert record.outcome.curve[-1][1] == score == record.outcome.validation.score
    assert f"ordered by their {metric.in_words} on" in run.folder.leaderboard_md.read_text()


@pytest.mark.parametrize("metric", OTHERS)
def test_rows_below_the_finalists_are_ordered_by_the_score(searched, metric):
    _, ending = searched(metric)
    explored = [row for row in ending.rows if row.confirmed is None]
    complete = [row.score for row in explored if row.state is TrialState.COMPLETE]
    assert complete == sorted(complete, reverse=metric.entry.larger_is_better)
    finalists = [row for row in ending.rows if row.confirmed is not None]
    assert len(finalists) == 2
    assert {row.place for row in finalists} == {0, 1}


@pytest.mark.parametrize("metric", OTHERS)
def test_the_worse_members_of_a_pack_stop_early(searched, metric):
    _, ending = searched(metric)
    first = [record for record in ending.records if record.proposal.number < 4]
    better = sorted(first, key=lambda r: (-metric.merit(r.outcome.curve[0][1]), r.proposal.number))
    assert {record.outcome.epochs for record in better[2:]} == {1}
    assert all(record.state is TrialState.PRUNED for record in better[2:])
    assert better[0].state is TrialState.COMPLETE


@pytest.mark.parametrize("metric", OTHERS)
def test_the_winner_has_estimates_of_score_and_of_accuracy(searched, metric):
    _, ending = searched(metric)
    verdict, row = ending.verdict, ending.winner.row
    score, accuracy = verdict.test, verdict.test_accuracy
    assert score.low < score.mean < score.high
    assert accuracy.low < accuracy.mean < accuracy.high
    assert (row.test.score, row.test.joint) == (pytest.approx(score.mean, abs=1e-6), accuracy.mean)
    said = describe_winner(ending.winner)
    assert f"expected {metric.in_words} {score.mean:.4f} (95% interval" in said
    assert f"expected accuracy {accuracy.mean:.4f} (95% interval" in said
    assert "-" not in said.replace(metric.in_words, "")
    assert f"validation {metric.in_words} {row.score:.6f}" in space_of(row)
    header = to_screen(leaderboard_frame(ending.rows)).splitlines()[:4]
    assert any("accuracy" in line for line in header)


@pytest.mark.parametrize("metric", OTHERS)
def test_the_exported_network_has_its_score(searched, digits, metric):
    run, ending = searched(metric)
    content = trained_model(run, ending.winner, say=lambda text: None)
    model = model_from_bytes(content, source="model")
    assert (model.metric, model.merit) == (metric, metric.merit(model.validation_score))
    repeat = ending.verdict.best_repeat
    with torch.inference_mode():
        logits = model.network(digits.test.inputs.float() / 256).t().unsqueeze(0)
    (score,) = scores_of(metric, logits, digits.test.labels)
    assert repeat is not None
    assert score == pytest.approx(ending.verdict.best_test.mean, rel=1e-3)


@pytest.mark.parametrize("metric", OTHERS)
@pytest.mark.parametrize("reports", [1, 4])
def test_a_search_that_was_killed_goes_on_to_the_same_bytes(
    searched, digits, carry_out_alone, tmp_path, metric, reports
):
    run = make_run(tmp_path, metric)
    assert carry_out_alone(run, digits, reports=reports) is None
    again = run.folder.load()
    assert again.settings.plan.metric is metric
    carry_out_alone(again, digits)
    assert tables(again) == tables(searched(metric)[0])


@pytest.mark.parametrize("metric", OTHERS)
def test_two_workers_give_the_same_bytes_as_one(searched, digits, carry_out_alone, tmp_path, metric):
    run = make_run(tmp_path, metric)
    carry_out_alone(run, digits, at_once=2)
    assert tables(run) == tables(searched(metric)[0])


@pytest.mark.parametrize("metric", Metric)
def test_optuna_shows_the_score_itself_with_its_direction(searched, metric):
    run, ending = searched(metric)
    storage = JournalStorage(JournalFileBackend(str(run.folder.journal)))
    study = optuna.load_study(study_name=run.folder.name, storage=storage)
    assert study.metric_names == [f"validation_{metric.column}"]
    assert study.direction is (StudyDirection.MAXIMIZE if metric.entry.larger_is_better else StudyDirection.MINIMIZE)
    scores = {r.proposal.number: r.outcome.validation.score for r in ending.records}
    assert {trial.number: trial.value for trial in study.trials} == scores
    assert all(value >= 0 for trial in study.trials for value in trial.intermediate_values.values())


@pytest.mark.parametrize("metric", OTHERS)
def test_without_a_confirmation_the_images_give_the_interval(digits, carry_out_alone, tmp_path, metric):
    run = make_run(tmp_path, metric, trials=3, confirm=False, finalists=None, halving=False)
    ending = carry_out_alone(run, digits)
    winner = ending.winner
    low, high = winner.interval
    assert low < winner.row.score < high
    inside = [low <= row.score <= high for row in ending.rows[1:]]
    assert [row in winner.ties for row in ending.rows[1:]] == inside
    said = describe_winner(winner)
    assert f"validation {metric.in_words} {winner.row.score:.4f}" in said
    assert f"validation accuracy {winner.row.validation.joint:.4f}, test accuracy" in said


def test_a_training_that_diverged_counts_as_the_worst_score(digits, carry_out_alone, tmp_path):
    source = find_space(
        {"learning_rate": {"choices": [0.001, 100.0]}, "momentum": {"choices": [0.99]}, "activation": "identity"}
    )
    options = OPTIONS | {"trials": 4, "epochs": 1, "halving": False, "metric": "log-loss", "sampler": "random"}
    run = create_run(plan_search("digits", source, PlanOptions(**options)), Resources(), source, results=tmp_path)
    ending = carry_out_alone(run, digits)
    diverged = [record for record in ending.records if record.state is TrialState.DIVERGED]
    assert all(record.outcome.curve[-1][1] == Metric.LOG_LOSS.entry.worst for record in diverged)
    assert diverged
    assert ending.winner.row.configuration.learning_rate == 0.001
    assert pd.read_csv(run.folder.leaderboard_csv)["validation_log_loss"].max() < Metric.LOG_LOSS.entry.worst


def test_extended_to_more_trials_a_run_keeps_its_metric(digits, carry_out_alone, tmp_path):
    run = make_run(tmp_path, "log-loss", trials=2, confirm=False, finalists=None)
    carry_out_alone(run, digits)
    ending = carry_out_alone(extend_run(run.folder.load(), trials="+2", epochs=None), digits)
    assert len(ending.records) == 4
    assert all(record.outcome.metric is Metric.LOG_LOSS for record in ending.records)


def test_runs_from_before_metrics_are_of_accuracy(tmp_path):
    run = make_run(tmp_path, "accuracy")
    text = run.folder.settings.read_text()
    assert tomllib.loads(text)["metric"] == "accuracy"
    run.folder.settings.write_text(text.replace('metric = "accuracy"\n', ""))
    assert run.folder.load().settings.plan.metric is Metric.ACCURACY


def test_the_best_was_called_the_most_accurate_before(tmp_path):
    run = make_run(tmp_path, "auc", prefer="accuracy")
    assert run.settings.plan.prefer is Preference.BEST
    text = run.folder.settings.read_text()
    assert 'prefer = "best"' in text
    run.folder.settings.write_text(text.replace('prefer = "best"', 'prefer = "accuracy"'))
    assert run.folder.load().settings.plan.prefer is Preference.BEST


def test_a_metric_that_is_edited_afterwards_is_refused(digits, carry_out_alone, tmp_path):
    run = make_run(tmp_path, "log-loss", trials=2, confirm=False, finalists=None)
    carry_out_alone(run, digits)
    settings = run.folder.settings
    settings.write_text(settings.read_text().replace('metric = "log-loss"', 'metric = "auc"'))
    with pytest.raises(RunError, match="trial 0 .* log-loss.* not auc"):
        read_ending(run.folder.load())


@pytest.mark.parametrize(("given", "meant"), [("logloss", "log-loss"), ("AUC", "auc"), ("macro_f1", "macro-f1")])
def test_an_unknown_metric_gets_the_nearest_name(tmp_path, given, meant):
    with pytest.raises(SettingsError, match=f"unknown metric {given!r}. Did you mean {meant!r}"):
        make_run(tmp_path, given)


def test_a_run_goes_on_by_its_own_metric_alone(searched):
    run, _ = searched(Metric.AUC)
    check_metric(run, None)
    check_metric(run, "auc")
    with pytest.raises(SettingsError, match="compares its trials by auc; leave --metric out, or start a new run"):
        check_metric(run, "log-loss")


def test_runs_of_different_metrics_have_no_common_table(searched):
    runs = [searched(metric)[0] for metric in (Metric.AUC, Metric.LOG_LOSS)]
    with pytest.raises(SettingsError, match=r"\(run by AUC, run by log-loss\): give runs of one metric"):
        compare_runs(runs)
    table = compare_runs(runs[:1])
    assert "validation_auc" in table
    assert math.isfinite(table["validation_auc"].max())
