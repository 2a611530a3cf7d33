"""Runs in MLflow, by its real client: in a database, on a server where there is one, and where there is none.

The server needs the whole of MLflow, which needs an older pandas than this project. It is started where `mlflow` is on
the path or MLFLOW_PROGRAM names it, as in an environment of its own:

    python -m venv server && server/bin/pip install mlflow && MLFLOW_PROGRAM=server/bin/mlflow make test
"""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from packtune.data.files import readable
from packtune.run.listening.audience import Audience
from packtune.run.listening.everything import everything_of
from packtune.tools import to_mlflow
from packtune.tools.courier import Patience
from packtune.tools.options import Tools

pytest.importorskip("mlflow")
# Those of MLflow's own imports: warnings are errors here.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def database(tmp_path, monkeypatch):
    """Give the URI of a database of the test's own; files go to a folder below the working one."""
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture
def server(serve, free_port, tmp_path):
    """Give the URI of a server."""
    program = os.environ.get("MLFLOW_PROGRAM") or shutil.which("mlflow")
    if program is None or not (Path(program).parent / "flask").exists():
        pytest.skip("there is no MLflow with a server here: MLFLOW_PROGRAM can name one")
    where = ["--backend-store-uri", f"sqlite:///{tmp_path}/server.db", "--artifacts-destination", str(tmp_path / "a")]
    command = [program, "server", "--host", "127.0.0.1", "--port", str(free_port), "--workers", "1", *where]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return serve(command, f"http://127.0.0.1:{free_port}", env=environment, cwd=tmp_path).wait("/health").url


def log(searched, uri):
    """Tell MLflow of a finished run; give what was said."""
    run, ending = searched
    said = []
    with Audience(run, Tools(mlflow=uri), said.append).told_at_the_end(ending):
        pass
    return said


def runs_in(uri):
    """Give the parent run and its children, by their keys."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("packtune")
    found = client.search_runs([experiment.experiment_id], max_results=1000)
    by_key = {run.data.tags["packtune.key"]: run for run in found}
    assert len(by_key) == len(found), "a run was logged twice"
    return client, by_key.pop("run"), by_key


def assert_logged(searched, uri):
    run, ending = searched
    client, parent, children = runs_in(uri)
    everything = {each.key: each for each in everything_of(run, ending)}
    assert set(children) == set(everything)
    for key, finished in everything.items():
        logged, outcome = children[key], finished.outcome
        assert logged.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert logged.data.tags["packtune.state"] == outcome.state
        assert logged.info.status == to_mlflow.STATUS[outcome.state]
        configuration = finished.proposal.configuration.counting()
        assert logged.data.params == {name: str(value) for name, value in configuration.items()}
        history = client.get_metric_history(logged.info.run_id, "validation_accuracy")
        assert sorted((point.step, point.value) for point in history) == sorted(outcome.curve)
        if outcome.test is not None:
            assert logged.data.metrics["test_accuracy"] == outcome.test.joint
    winner = ending.winner
    assert parent.info.status == "FINISHED"
    assert parent.data.params["trials"] == "4"
    assert parent.data.metrics["expected_accuracy"] == winner.verdict.test.mean
    assert f"Winner: trial {winner.row.trial}" in parent.data.tags["mlflow.note.content"]
    return client, parent


def downloaded(client, parent, path, folder):
    return Path(client.download_artifacts(parent.info.run_id, path, str(folder))).read_bytes()


def assert_has_files(searched, client, parent, folder):
    run, _ = searched
    listed = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert {"leaderboard.csv", "leaderboard.md", "trials.csv", "curves.csv", "winner.toml", "model"} <= listed
    assert downloaded(client, parent, "leaderboard.csv", folder) == run.folder.leaderboard_csv.read_bytes()
    assert downloaded(client, parent, "model/winner-model.pt", folder) == run.folder.winner_model.read_bytes()


def test_a_database_gets_the_run_its_trials_and_its_files(searched, database, tmp_path):
    assert log(searched, database) == [f"MLflow: run one at {database}"]
    client, parent = assert_logged(searched, database)
    assert_has_files(searched, client, parent, tmp_path)


def test_logging_again_adds_nothing_twice_and_mends_what_was_cut_off(searched, database):
    log(searched, database)
    client, parent, children = runs_in(database)
    lost, cut_off, *_ = children.values()
    client.delete_run(lost.info.run_id)
    client.update_run(cut_off.info.run_id, status="RUNNING")
    log(searched, database)
    assert_logged(searched, database)
    again = runs_in(database)
    assert again[1].info.run_id == parent.info.run_id
    same = {key for key, child in again[2].items() if child.info.run_id == children[key].info.run_id}
    assert len(same) == len(children) - 2


def test_a_run_that_is_still_open_is_no_finished_one(searched, database):
    run, ending = searched
    log((run, replace(ending, open_trials=1)), database)
    assert runs_in(database)[1].info.status == "KILLED"


@pytest.mark.slow
def test_a_server_gets_the_same(searched, server, tmp_path):
    assert log(searched, server) == [f"MLflow: run one at {server}"]
    client, parent = assert_logged(searched, server)
    assert_has_files(searched, client, parent, tmp_path)


def test_a_server_that_is_not_there_is_told_with_the_command_that_sends_later(searched, free_port):
    (said,) = log(searched, f"http://anna:geheim@127.0.0.1:{free_port}")
    run, _ = searched
    assert said.startswith("MLflow did not get 1")
    assert "(Connection refused). Send them later with: " in said
    assert f"resume one --results {readable(str(run.folder.results))} --mlflow 'http://anna:***@127.0.0.1" in said
    assert "geheim" not in said


def test_a_server_that_never_answers_is_given_up(searched, monkeypatch):
    from packtune.run.listening import audience

    monkeypatch.setattr(audience, "AFTER_A_SIGNAL", Patience(total_s=0.5))
    run, ending = searched
    with socket.create_server(("127.0.0.1", 0)) as silent:
        from signal import SIGINT

        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (said,) = log((run, replace(ending, stopped_by=SIGINT)), uri)
    assert "did not answer in time" in said


def test_passwords_are_not_shown():
    shown = to_mlflow.shown_uri("postgresql+psycopg://anna:geheim@host/mlflow")
    assert shown == "postgresql+psycopg://anna:***@host/mlflow"
