"""What an exported network reaches: by other metrics, in the notebook's protocol, and where trainings diverge."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sklearn.metrics import log_loss, roc_auc_score

import packtune
from packtune.data.sets import digits
from packtune.interface.exports.choice import Choice
from packtune.interface.exports.measuring import measure, recorded
from packtune.interface.exports.training import make_model, members_of
from packtune.models.training.metrics.catalog import Metric
from packtune.protocol import Protocol
from packtune.report.live.progress import SilentView

BOTH = Choice(retrain=True, ensemble=True)


@pytest.fixture(scope="module")
def dataset():
    return digits.load()


@pytest.fixture(scope="module")
def by_loss(searched, tmp_path_factory):
    return searched("digits", tmp_path_factory.mktemp("loss"), metric="log-loss")


def test_another_metric_is_measured_as_scikit_learn_does_with_accuracy_beside_it(by_loss, dataset):
    model = make_model(by_loss.run, by_loss.ending.winner, dataset, Choice(ensemble=True), SilentView())
    truth, found = dataset.test.labels[:, 0].numpy(), model.label(dataset.test.inputs)
    reached = measure(model, dataset.test, Metric.LOG_LOSS)
    assert reached.score.mean == pytest.approx(log_loss(truth, found.probabilities[:, 0].numpy()), rel=1e-5)
    assert reached.score.low < reached.score.mean < reached.score.high
    assert reached.accuracy.mean == pytest.approx((found.labels[:, 0].numpy() == truth).mean())
    assert reached.in_words.startswith(f"test log-loss {reached.score.mean:.4f} (95% interval ")
    assert f"; accuracy {reached.accuracy.mean:.4f} (95% interval " in reached.in_words
    area = measure(model, dataset.test, Metric.AUC).score
    expected = roc_auc_score(truth, found.probabilities[:, 0].numpy(), multi_class="ovr")
    assert area.mean == pytest.approx(expected, abs=1e-4)


def test_what_the_run_recorded_of_its_network_is_what_is_measured(by_loss, dataset):
    known = recorded(by_loss.ending.winner, Protocol.SEARCH)
    found = measure(by_loss.winner.trained, dataset.test, Metric.LOG_LOSS)
    assert known.score.mean == pytest.approx(found.score.mean, rel=1e-4)
    assert (known.score.low, known.score.high) == pytest.approx((found.score.low, found.score.high), rel=1e-3)


def test_the_protocol_of_the_notebook_and_a_search_without_confirmation_have_ensembles_of_four(
    searched, dataset, tmp_path
):
    result = searched("digits", tmp_path, protocol="notebook", finalists=None, replicates=None, confirm=False)
    winner = result.ending.winner
    assert members_of(result.run, winner) == 4
    model = make_model(result.run, winner, dataset, BOTH, SilentView())
    assert len(set(model.members)) == 4
    assert 0.3 < measure(model, dataset.test, Metric.ACCURACY).score.mean <= 1
    assert recorded(winner, Protocol.NOTEBOOK).score.images == 256


def test_trainings_that_diverge_leave_nothing_to_export(by_loss, dataset):
    winner = by_loss.ending.winner
    wild = replace(winner.row.configuration, learning_rate=100.0, momentum=0.99, activation="identity", depth=8)
    diverging = replace(winner, row=replace(winner.row, configuration=wild))
    said = []
    view = SilentView()
    view.say = said.append
    with pytest.raises(packtune.SettingsError, match="its training diverged from these seeds. Export it without --ret"):
        make_model(by_loss.run, diverging, dataset, BOTH, view)
    assert said == ["2 of 2 trainings diverged, and left no network."]
