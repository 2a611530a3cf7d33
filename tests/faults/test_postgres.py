"""Studies in a PostgreSQL database, on a real server."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from postgres import PASSWORD, PostgresServer, find_binaries

from packtune.dispatch.dispatcher import Dispatcher
from packtune.errors import RunError, SettingsError
from packtune.models.hardware.precision import Precision
from packtune.settings import SearchPlan
from packtune.space.catalog import load_space
from packtune.study.storage import open_storage
from packtune.study.study import create_study, load_study
from packtune.trial import Accuracy, Outcome, TrialState

PACKTUNE = str(Path(sys.executable).parent / "packtune")


@pytest.fixture(scope="module")
def server():
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed here (Debian: apt-get install postgresql)")
    server = PostgresServer(binaries)
    try:
        server.start()
        yield server
    finally:
        server.remove()


PLAN = SearchPlan(sampler="tpe", trials=12, epochs=3, seed=5).settle(precision=Precision.FLOAT32, lookahead=4)


def create(storage, name):
    return create_study(storage, name, load_space("sgd"), PLAN)


def search(study, packs=None):
    """Train packs in no time; all of them, or so many."""
    dispatcher = Dispatcher(study, PLAN)
    done = 0
    while done != packs and (task := dispatcher.next_pack()) is not None:
        dispatcher.receive(task.pack, report_of(task))
        done += 1


def report_of(task):
    from packtune.dispatch.pack_task import PackReport

    return PackReport(outcomes=tuple(outcome_of(p, task.epochs) for p in task.pack.proposals))


def outcome_of(proposal, epochs):
    accuracy = Accuracy(joint=proposal.configuration.momentum, heads=(proposal.configuration.momentum,))
    curve = tuple((epoch, accuracy.joint) for epoch in range(1, epochs + 1))
    return Outcome(state=TrialState.COMPLETE, epochs=epochs, curve=curve, validation=accuracy, test=accuracy)


def test_two_searches_share_a_database_and_equal_those_in_journals(server, tmp_path):
    def records_in(storages):
        found = []
        for name, storage in storages.items():
            study = create(storage, name)
            search(study)
            study.requeue()
            found.append(study.records())
        return found

    with open_storage(tmp_path / "unused", server.url) as storage:
        in_database = records_in({"first": storage, "second": storage})
    with open_storage(tmp_path / "a", None) as first, open_storage(tmp_path / "b", None) as second:
        assert records_in({"first": first, "second": second}) == in_database


def test_searches_that_begin_at_once_make_the_tables_together(server, tmp_path):
    def begin(name):
        together.wait()
        with open_storage(tmp_path / "unused", url) as storage:
            search(create(storage, name), packs=1)

    for database in ("first", "second"):
        with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}")
        url, together = f"{server.url.removesuffix('/postgres')}/{database}", threading.Barrier(3)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(begin, ("a", "b", "c")))


def test_a_server_that_restarts_between_two_packs_is_not_noticed(server, tmp_path):
    with open_storage(tmp_path / "unused", server.url) as storage:
        study = create(storage, "restarted")
        search(study, packs=1)
        server.stop()
        server.start()
        search(study)
        assert len(study.outcomes.told_trials()) == 12


def test_a_server_that_is_gone_is_named_without_its_password_and_nothing_is_lost(server, tmp_path):
    try:
        with (
            pytest.raises(RunError, match=r"the storage .*packtune:\*\*\*@127.* stopped answering.*resume") as caught,
            open_storage(tmp_path / "unused", server.url) as storage,
        ):
            study = create(storage, "gone")
            search(study, packs=2)
            kept = [record for record in study.records() if record.outcome]
            server.stop()
            search(study)
        assert PASSWORD not in str(caught.value)
        with (
            pytest.raises(SettingsError, match=r"cannot open the storage .*\*\*\*.*") as caught,
            open_storage(tmp_path / "unused", server.url),
        ):
            pass
        assert PASSWORD not in str(caught.value)
    finally:
        server.start()
    with open_storage(tmp_path / "unused", server.url) as storage:
        study = load_study(storage, "gone", load_space("sgd"), PLAN)
        assert kept
        assert [record for record in study.records() if record.outcome] == kept
        search(study)
        assert len(study.outcomes.told_trials()) == 12


@pytest.mark.slow
def test_a_real_search_whose_password_is_written_nowhere(server, tmp_path):
    done = subprocess.run(
        [PACKTUNE, "run", "--space", "mini-grid", "--epochs", "1", "--name", "ten", "--storage", server.url],
        cwd=tmp_path, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "results" / "runs" / "ten"
    assert len(pd.read_csv(folder / "leaderboard.csv")) == 10
    assert not (folder / "study.journal").exists()
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if PASSWORD.encode() in path.read_bytes()]
    assert PASSWORD not in done.stdout + done.stderr
    asked = subprocess.run([PACKTUNE, "best", "ten"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert asked.returncode == 2
    assert "needs its password" in asked.stderr
    told = subprocess.run(
        [PACKTUNE, "best", "ten", "--storage", server.url], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert told.stdout.startswith("Winner: trial")
