"""Metrics on data of a user's own: classes that validation lacks, several heads, and what simple methods reach."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from packtune.data.catalog import load
from packtune.errors import SettingsError
from packtune.models.training.metrics.catalog import METRICS, Metric
from packtune.report.method import describe_baselines
from packtune.run.own.baselines import keep_baselines, read_baselines
from packtune.run.own.classes import check_classes
from packtune.run.own.keeping import load_data
from packtune.run.own.new_search import new_search
from packtune.space.source import find_space

OPTIONS = {"trials": 8, "epochs": 2, "finalists": 2, "replicates": 2, "lookahead": 4, "sampler": "random"}
OTHERS = [metric for metric in METRICS if metric is not Metric.ACCURACY]


class Told:
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)

    def stage(self, text):
        pass


def archive(path, *, validation=(0, 1, 2), test=(0, 1, 2)):
    """Write arrays of three classes that are easily told apart, with those classes in validation and in test."""
    generator = np.random.default_rng(0)
    arrays = {}
    for split, classes, n in (("train", (0, 1, 2), 240), ("val", validation, 90), ("test", test, 90)):
        labels = np.resize(np.array(classes), n)
        images = generator.integers(0, 90, (n, 8, 8)).astype(np.uint8)
        images[np.arange(n), labels * 2] += 120
        arrays |= {f"{split}_images": images, f"{split}_labels": labels}
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return archive(tmp_path_factory.mktemp("arrays") / "three.npz")


def test_an_auc_needs_every_class_in_validation(tmp_path):
    path = archive(tmp_path / "two.npz", validation=(0, 2))
    with pytest.raises(SettingsError, match="the validation examples of two have none of the class '1', and without"):
        new_search(path, find_space("sgd"), {"metric": "auc"}, Told())
    for metric in OTHERS:
        if metric is not Metric.AUC:
            assert new_search(path, find_space("sgd"), {"metric": metric.value}, Told()).plan.metric is metric


def test_an_auc_needs_two_classes_in_the_test(tmp_path):
    path = archive(tmp_path / "one.npz", test=(1,))
    with pytest.raises(SettingsError, match="the test examples of one are all of one class; give another test split"):
        new_search(path, find_space("sgd"), {"metric": "auc"}, Told())
    two = archive(tmp_path / "two.npz", test=(0, 1))
    assert new_search(two, find_space("sgd"), {"metric": "auc"}, Told()).plan.metric is Metric.AUC


def test_an_unknown_metric_is_told_before_the_data_are_read(tmp_path):
    with pytest.raises(SettingsError, match="unknown metric 'aucc'. Did you mean 'auc'"):
        new_search(tmp_path / "missing.npz", find_space("sgd"), {"metric": "aucc"}, Told())


@pytest.mark.parametrize("name", ["digits", "digits-overlap"])
def test_built_in_data_have_every_class(name):
    check_classes(load(name), Metric.AUC)


@pytest.mark.parametrize("metric", OTHERS)
def test_simple_methods_are_scored_by_the_metric_too(three, tmp_path, metric):
    made = new_search(three, find_space("sgd"), {**OPTIONS, "metric": metric.value}, Told())
    run = made.create(results=tmp_path)
    dataset = load_data(run)
    keep_baselines(run.folder.path, dataset, Told().say, metric)
    majority, regression = read_baselines(run.folder.path)
    assert {majority.metric, regression.metric} == {metric.value}
    better = metric.merit(regression.test_score) > metric.merit(majority.test_score)
    assert better
    assert 0 <= regression.validation_score <= metric.entry.highest
    foot = describe_baselines([majority, regression], n_train=dataset.description.n_train)
    assert f"{regression.test_score:.4f} on test ({metric.in_words})" in foot
    assert f"{regression.test:.4f} on test (accuracy)" in foot


def test_the_scores_of_a_logistic_regression_are_those_of_scikit_learn(three, tmp_path):
    run = new_search(three, find_space("sgd"), {**OPTIONS, "metric": "auc"}, Told()).create(results=tmp_path)
    dataset = load_data(run)
    inputs = {name: split.inputs.flatten(1).numpy() / np.float32(255) for name, split in dataset.splits.items()}
    labels = {name: split.labels[:, 0].numpy() for name, split in dataset.splits.items()}
    model = LogisticRegression(max_iter=100).fit(inputs["train"], labels["train"])
    probabilities = model.predict_proba(inputs["test"])
    expected = {
        Metric.AUC: roc_auc_score(labels["test"], probabilities, multi_class="ovr"),
        Metric.LOG_LOSS: log_loss(labels["test"], probabilities),
    }
    for metric, score in expected.items():
        (run.folder.path / "baselines.json").unlink(missing_ok=True)
        keep_baselines(run.folder.path, dataset, Told().say, metric)
        assert read_baselines(run.folder.path)[1].test_score == pytest.approx(score, abs=0.01)


@pytest.mark.parametrize("metric", [Metric.MACRO_F1, Metric.LOG_LOSS])
def test_a_table_with_two_targets_is_searched_by_the_mean_of_its_heads(tmp_path, metric, carry_out_alone):
    generator = np.random.default_rng(1)
    x = generator.standard_normal((400, 3))
    lines = ["a,b,c,first,second"]
    lines += [f"{r[0]},{r[1]},{r[2]},{'p' if r[0] > 0 else 'q'},{int(r[1] > 0.3) + int(r[2] > 0)}" for r in x]
    (tmp_path / "two.csv").write_text("\n".join(lines) + "\n")
    options = {**OPTIONS, "metric": metric.value, "target": ("first", "second")}
    run = new_search(tmp_path / "two.csv", find_space("sgd"), options, Told()).create(results=tmp_path)
    ending = carry_out_alone(run, load_data(run))
    row = ending.winner.row
    assert {"validation_first", "validation_second", f"validation_{metric.column}", "validation_accuracy"} <= set(
        run.folder.leaderboard_csv.read_text().splitlines()[0].split(",")
    )
    assert ending.verdict.test.low <= row.test.score <= ending.verdict.test.high
    if metric is Metric.MACRO_F1:
        assert row.test.score > row.test.joint  # both right is rarer than each
