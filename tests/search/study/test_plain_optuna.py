"""The study of a run opens in plain Optuna, by the lines that docs/tools.md gives, in a process without packtune."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from packtune.dispatch.dispatcher import Dispatcher
from packtune.models.hardware.precision import Precision
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.run.records import open_study
from packtune.settings import Resources
from packtune.space.source import find_space
from packtune.study.storage import open_storage

PAGE = (Path(__file__).parents[3] / "docs/tools.md").read_text(encoding="utf-8")
JOURNAL, DATABASE = re.findall(r"^```python\n(.*?)^```", PAGE.partition("## Plain Optuna")[2], re.DOTALL | re.MULTILINE)
NAME = "digits-wide-001"
SHOW = """
import json, sys
assert not [name for name in sys.modules if name.startswith("packtune")]
print(json.dumps({
    "trials": [
        [t.number, t.state.name, t.value, sorted(t.intermediate_values.items()), t.params, t.user_attrs]
        for t in study.trials
    ],
    "direction": study.direction.name,
    "names": study.metric_names,
    "attributes": study.user_attrs,
}))
"""


@pytest.fixture(params=["journal", "sqlite"])
def run(request, tmp_path, monkeypatch):
    """Give a run of six trials that was searched without Ray, its study in a journal or in SQLite."""
    monkeypatch.chdir(tmp_path)
    source = find_space({"hidden_units": {"low": 6, "high": 24}, "learning_rate": {"low": 0.05, "high": 0.5}})
    plan = plan_search("digits", source, PlanOptions(trials=6, epochs=2, sampler="random", confirm=False))
    resources = Resources(storage=None if request.param == "journal" else "sqlite:///studies.db")
    return create_run(plan, resources, source, results=tmp_path / "results", name=NAME)


def search(run, train, *, packs=None):
    """Search, all of it or some packs; give the records."""
    plan = run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=1)
    with open_storage(run.folder.journal, run.settings.resources.storage) as storage:
        study = open_study(run, storage)
        dispatcher = Dispatcher(study, plan)
        while packs != 0 and (task := dispatcher.next_pack()) is not None:
            dispatcher.receive(task.pack, train(task))
            packs = None if packs is None else packs - 1
        return study.records()


def in_plain_optuna(run, lines):
    done = subprocess.run([sys.executable, "-c", lines + SHOW], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_lines_of_the_documentation_show_what_was_recorded(run, train):
    records = search(run, train)
    shown = in_plain_optuna(run, DATABASE if run.settings.resources.storage else JOURNAL)
    assert (shown["direction"], shown["names"]) == ("MAXIMIZE", ["validation_accuracy"])
    assert shown["attributes"] == {"run_id": run.settings.run_id}
    assert len(shown["trials"]) == len(records) == 6
    for record, (number, state, value, points, params, attributes) in zip(records, shown["trials"], strict=True):
        outcome = record.outcome
        assert number == record.proposal.number
        assert state == {"DIVERGED": "FAIL"}.get(outcome.state, outcome.state)
        assert params.items() <= record.proposal.configuration.as_dict().items()
        if outcome.validation is not None:
            assert value == outcome.validation.score
            assert [tuple(point) for point in points] == list(outcome.curve)
        assert attributes["outcome"]["state"] == outcome.state
        assert attributes.get("training_seconds", 0) == pytest.approx(outcome.seconds, abs=1e-3)
        assert attributes.get("reason", "") == outcome.reason


def test_every_attribute_that_plain_optuna_shows_is_explained(run, train):
    search(run, train)
    shown = in_plain_optuna(run, DATABASE if run.settings.resources.storage else JOURNAL)
    names = {name for trial in shown["trials"] for name in trial[-1]} | set(shown["attributes"])
    names |= {name for trial in shown["trials"] for name in trial[-1]["outcome"]}
    explained = set(re.findall(r"`([a-z_]+)`", PAGE.partition("## Plain Optuna")[2]))
    assert names <= explained
