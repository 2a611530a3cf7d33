"""Optuna's dashboard on a real study, started by the command and read over HTTP: it shows all and changes nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from optuna.storages import BaseStorage, InMemoryStorage

from packtune.dispatch.dispatcher import Dispatcher
from packtune.errors import RunError, SettingsError
from packtune.models.hardware.precision import Precision
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.run.records import open_study
from packtune.settings import Resources
from packtune.space.source import find_space
from packtune.study.storage import open_storage
from packtune.study.storages.read_only import ReadOnlyStorage
from packtune.tools.dashboard.server import listening

PACKTUNE = str(Path(sys.executable).parent / "packtune")
TIMEOUT_S = 240
SPACE = {"hidden_units": {"low": 6, "high": 24}, "learning_rate": {"low": 0.05, "high": 0.5}}
WRITES = [name for name in sorted(BaseStorage.__abstractmethods__) if not name.startswith("get_")]


@pytest.fixture(params=["journal", "sqlite"])
def run(request, tmp_path):
    source = find_space(SPACE)
    plan = plan_search("digits", source, PlanOptions(trials=6, epochs=2, sampler="random", pack_size=2, confirm=False))
    resources = Resources(storage=None if request.param == "journal" else f"sqlite:///{tmp_path}/studies.db")
    return create_run(plan, resources, source, results=tmp_path / "results", name="one")


@contextmanager
def searching(run):
    """Give a function that trains one more pack of a run, with the study open for the search all the while."""
    plan = run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=1)
    with open_storage(run.folder.journal, run.settings.resources.storage) as storage:
        dispatcher = Dispatcher(open_study(run, storage), plan)

        def train_one(train):
            task = dispatcher.next_pack()
            dispatcher.note_progress(task.pack, 0)
            dispatcher.receive(task.pack, train(task))

        yield train_one


@pytest.fixture
def dashboard(run):
    """Give a function that starts the dashboard, and gives its URL and its process."""
    started = []

    def start(*options):
        command = [PACKTUNE, "dashboard", str(run.folder.path), "--no-browser", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        url = process.stdout.readline().strip()
        assert url, process.communicate(timeout=TIMEOUT_S)
        return url, process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=TIMEOUT_S)


def ask(url, *, method="GET", content=None, **headers):
    """Give the status and the content of an answer."""
    request = urllib.request.Request(url, content, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def trials_at(url):
    page, _, number = url.rpartition("/")
    status, content = ask(f"{page.removesuffix('/dashboard/studies')}/api/studies/{number}?after=0")
    assert status == 200, content
    return json.loads(content)["trials"]


@pytest.mark.slow
def test_it_shows_a_search_that_goes_on_and_changes_nothing(run, dashboard, train):
    with searching(run) as train_one:
        train_one(train)
        url, process = dashboard()
        base = url.partition("/dashboard")[0]
        assert base.startswith("http://127.0.0.1:")
        status, page = ask(url)
        assert status == 200 and b"Optuna Dashboard" in page
        (first, second) = trials_at(url)
        assert {first["number"], second["number"]} == {0, 1}
        attributes = {each["key"]: each["value"] for each in first["user_attrs"]}
        assert "outcome" not in attributes and {"epochs", "validation_accuracy", "test_accuracy"} <= set(attributes)
        before = run.folder.journal.read_bytes() if run.folder.journal.exists() else b""
        number = url.rpartition("/")[2]
        for method, path in (("POST", f"/{number}/rename"), ("DELETE", f"/{number}"), ("PUT", f"/{number}/note")):
            status, why = ask(f"{base}/api/studies{path}", method=method, content=b'{"study_name": "two", "body": "x"}')
            assert (status, json.loads(why)["reason"][:31]) == (403, "this dashboard can only be read")
        status, why = ask(f"{base}/api/studies", Host="evil.example")
        assert status == 403 and b"answers only at 127.0.0.1" in why
        assert before == (run.folder.journal.read_bytes() if before else b"")
        train_one(train)
        while len(trials_at(url)) < 4:  # the dashboard asks the study anew every two seconds
            pass
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, said
    assert f"Again: {PACKTUNE} dashboard" in said or "Again: packtune dashboard" in said
    assert "Traceback" not in said and "Warning" not in said


def test_it_lists_the_studies_of_its_run_alone(tmp_path):
    storage = InMemoryStorage()
    for name, run_id in (("one", "a"), ("other", "b"), ("one:confirmed-8", "a"), ("of nobody", None)):
        study = storage.create_new_study([], name)
        if run_id:
            storage.set_study_user_attr(study, "run_id", run_id)
    listed = [study.study_name for study in ReadOnlyStorage(storage, "one", "a").get_all_studies()]
    assert listed == ["one", "one:confirmed-8"]
    assert len(ReadOnlyStorage(storage, "one", "").get_all_studies()) == 1


@pytest.mark.parametrize("name", WRITES)
def test_its_storage_refuses_every_write(name):
    assert len(WRITES) >= 9
    storage = ReadOnlyStorage(InMemoryStorage(), "one", "a")
    assert isinstance(storage, BaseStorage)
    with pytest.raises(RunError, match="can only be read"):
        getattr(storage, name)(0, "x", 1)


def listen(port):
    with listening(lambda environ, start: [], port) as server:
        return server.server_port


def test_a_port_that_is_taken_or_none_is_refused():
    with listening(lambda environ, start: [], 0) as server:
        taken = server.server_port
        with pytest.raises(SettingsError, match=rf"cannot listen at port {taken}: another program has it"):
            listen(taken)
    with pytest.raises(SettingsError, match="port = 70000 is not allowed"):
        listen(70_000)


def test_a_run_without_a_study_is_told(run):
    done = subprocess.run(
        [PACKTUNE, "dashboard", str(run.folder.path), "--no-browser"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 2
    assert "has no study yet: begin it with `" in done.stderr
