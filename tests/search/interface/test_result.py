"""What a Python program gets from a run, without Ray: the run is trained here, one pack after another."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
import torch

import packtune
from packtune.data.sets import digits
from packtune.dispatch.dispatcher import Dispatcher
from packtune.models.hardware.precision import Precision
from packtune.run.ending import conclude
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.run.records import open_study
from packtune.settings import Resources
from packtune.space.source import find_space
from packtune.study.storage import open_storage
from packtune.worker.pack_run import run_pack

SPACE = {"hidden_units": [8, 16], "learning_rate": {"low": 0.05, "high": 0.3, "log": True}, "nesterov": [True, False]}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Give a finished run of three trials, trained for real."""
    source = find_space(SPACE)
    plan = plan_search("digits", source, PlanOptions(trials=3, epochs=1, halving=False, seed=1))
    made = create_run(plan, Resources(), source, results=tmp_path_factory.mktemp("results"), name="three")
    with open_storage(made.folder.journal, None) as storage:
        study = open_study(made, storage)
        dispatcher = Dispatcher(study, plan.settle(precision=Precision.FLOAT32, lookahead=4))
        while (task := dispatcher.next_pack()) is not None:
            dispatcher.receive(task.pack, run_pack(task, digits.load()))
        conclude(made, study.records())
    return made


@pytest.fixture
def result(run):
    return packtune.load(run.folder.path)


def test_a_run_is_loaded_by_its_folder_or_by_its_name(run, result):
    by_name = packtune.load("three", results=run.folder.results)
    assert (by_name.name, by_name.folder) == ("three", run.folder.path)
    assert by_name.leaderboard.equals(result.leaderboard)
    with pytest.raises(packtune.RunError, match="no run named 'tree' .*Did you mean 'three'"):
        packtune.load("tree", results=run.folder.results)


def test_the_leaderboard_is_a_data_frame_with_the_bytes_of_the_file(run, result, tmp_path):
    written = run.folder.leaderboard_csv.read_text()
    assert isinstance(result.leaderboard, pd.DataFrame)
    assert result.leaderboard.to_csv() == result.leaderboard.to_csv(index=False) == written
    result.leaderboard.to_csv(tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == written
    buffer = io.StringIO()
    result.leaderboard.to_csv(buffer)
    assert buffer.getvalue() == written
    assert result.leaderboard.to_csv(index=True, sep=";").startswith(";rank;trial")
    assert run.folder.trials_csv.read_text() == result.trials.to_csv()
    assert run.folder.curves_csv.read_text() == result.curves.to_csv()
    assert len(result.curves) == result.trials["epochs"].sum()


def test_the_leaderboard_can_be_computed_with(result):
    best = result.leaderboard.nlargest(1, "validation_accuracy").iloc[0]
    assert best["trial"] == result.winner.trial
    assert result.leaderboard["parameters"].sum() > 0
    assert set(result.leaderboard["nesterov"]) <= {True, False}


def test_the_winner_is_a_record_with_a_plain_network(result):
    winner = result.winner
    row = result.rows[0]
    assert (winner.trial, winner.configuration) == (row.trial, row.configuration)
    assert winner.interval[0] <= winner.validation.joint <= winner.interval[1]
    assert winner.ties == tuple(r.trial for r in result.rows[1:] if r.score >= winner.interval[0])
    assert type(winner.model) is torch.nn.Sequential
    data = digits.load()
    right = winner.predict(data.validation.inputs.numpy())[:, 0] == data.validation.labels[:, 0].numpy()
    assert right.mean() == pytest.approx(winner.validation.joint)
    with pytest.raises(packtune.SettingsError, match="the images are 5 x 5, but the model was trained on 28 x 28"):
        winner.predict(np.zeros((1, 5, 5), np.uint8), prepare="none")
    assert winner.predict(np.zeros((1, 5, 5), np.uint8)).tolist() == [[-1]]  # blank
    inverted = 255 - data.test.inputs.numpy()
    assert (winner.predict(inverted) == winner.predict(data.test.inputs, prepare="none")).all()


def test_the_winners_model_goes_to_a_file_and_comes_back(result, tmp_path):
    images = digits.load().test.inputs.numpy()
    file = result.winner.export(tmp_path / "digits.pt")
    again = packtune.load_model(file)
    assert (again.predict(torch.from_numpy(images)).numpy() == result.winner.predict(images)).all()
    np.savez(tmp_path / "images.npz", images=images[:5, 0])
    labels = packtune.predict_images(file, tmp_path / "images.npz").labels
    assert list(labels.columns) == ["image", "digit", "probability", "note"]
    assert labels["digit"].tolist() == result.winner.predict(images[:5])[:, 0].tolist()
    for run, results in ((result.folder, "nowhere"), (result.folder.name, result.folder.parents[1])):
        assert packtune.predict(run, tmp_path / "images.npz", results=results).labels.equals(labels)
    with pytest.raises(packtune.RunError, match="nothing is no model file, and no run: "):
        packtune.load_model("nothing", results=tmp_path)
    with pytest.raises(packtune.SettingsError, match="which is a folder: give the name of a file"):
        result.winner.export(tmp_path)
    with pytest.raises(
        packtune.SettingsError, match=r"no model file ends in .h5. Allowed: .pt, .pth, .safetensors, .o"
    ):
        result.winner.export(tmp_path / "digits.h5")
    with pytest.raises(packtune.SettingsError, match="cannot read .*none.pt: No such file"):
        packtune.load_model(tmp_path / "none.pt")


def test_a_notebook_shows_the_leaderboard_as_a_table(result):
    shown = result._repr_html_()
    assert shown.count("<tr") == 1 + len(result.rows)
    assert "validation_accuracy" in shown
    assert "Winner: trial" in str(result)


def test_several_runs_are_ranked_in_one_table(run, result):
    both = packtune.leaderboard(result, run.folder.path)
    assert len(both) == 2 * len(result.rows)
    assert list(both["run"].unique()) == ["three"]
    assert both["validation_accuracy"].is_monotonic_decreasing


def test_loading_writes_nothing(run):
    before = {path: path.stat().st_mtime_ns for path in run.folder.path.iterdir()}
    assert packtune.load(run.folder.path).winner
    assert {path: path.stat().st_mtime_ns for path in run.folder.path.iterdir()} == before


def test_what_is_exported_is_there_and_the_rest_is_missed_with_its_name():
    for name in packtune.__all__:
        assert getattr(packtune, name) is not None
    assert set(packtune.__all__) <= set(dir(packtune))
    with pytest.raises(AttributeError, match="module 'packtune' has no attribute 'serch'"):
        packtune.serch  # noqa: B018


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"trails": 3}, packtune.SettingsError, "unknown option 'trails'. Did you mean 'trials'"),
        ({"data": "minst"}, packtune.DataError, "unknown data set 'minst', .*Did you mean 'mnist'"),
        ({"space": "wid"}, packtune.SpaceError, "unknown space 'wid'. Did you mean 'wide'"),
        ({"space": {"learning_rate": {"low": 2}}}, packtune.SpaceError, "give one of: value"),
        ({"name": "a/b"}, packtune.SettingsError, "the name 'a/b' is not allowed"),
        ({"progress": "bar"}, packtune.SettingsError, "unknown progress view 'bar'"),
    ],
)
def test_mistakes_raise_the_errors_of_the_command_line_and_leave_nothing(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        packtune.search(results=tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


def test_the_report_is_written_and_its_facts_are_records(result):
    page = result.report()
    assert page == result.folder / "report.html"
    assert "<html" in page.read_text(encoding="utf-8")
    assert [row.trial for row in result.facts.leaderboard] == [row.trial for row in result.rows]
    assert result.facts.run.is_decided
    assert result.facts.winner.trial == result.winner.trial
    for name in ("report.html", "report.md", "report.json", "report-progress.svg", "report-leaders.svg"):
        (result.folder / name).unlink()
