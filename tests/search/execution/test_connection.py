"""Addresses, and the code that is shipped; without a cluster."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from packtune.errors import ClusterError
from packtune.execution.connection import connection
from packtune.execution.environment import environment
from packtune.execution.shipping import JOB_CONFIG, modules_of_the_job, packed_code
from packtune.settings import Resources

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:8265", "ray job submit --address http://127.0.0.1:8265 -- packtune run"),
        ("ray://127.0.0.1:10001", "is not allowed: a search runs on a node of its cluster"),
        ("somewhere", "write HOST:PORT"),
        ("127.0.0.1:", "write HOST:PORT"),
        (":6379", "write HOST:PORT"),
        ("127.0.0.1:99999", "nothing answers"),
        ("127.0.0.1:1", "use --address local to search on this machine"),
    ],
)
def test_an_address_that_cannot_be_is_refused(address, words):
    before = dict(os.environ)
    with connection(Resources(address=address), print) as opened, pytest.raises(ClusterError, match=words):
        opened.placement()
    assert dict(os.environ) == before


def test_the_code_is_shipped_as_one_package_as_a_wheel_has_it():
    with packed_code() as folder:
        assert folder.name == "packtune"
        for part, source in (("models", "models"), ("data", "data"), ("execution", "search/execution")):
            assert (folder / part).resolve() == ROOT / source
        assert (folder / "__init__.py").samefile(ROOT / "search/__init__.py")
    assert not folder.exists()
    assert (ROOT / "models/__init__.py").exists()


def test_a_jobs_own_modules_stay(monkeypatch):
    monkeypatch.setenv(JOB_CONFIG, json.dumps({"runtime_env": {"py_modules": ["gcs://theirs.zip"]}}))
    assert modules_of_the_job() == ["gcs://theirs.zip"]
    for without in ({"runtime_env": None}, {"runtime_env": {}}, {}):
        monkeypatch.setenv(JOB_CONFIG, json.dumps(without))
        assert modules_of_the_job() == []
    monkeypatch.delenv(JOB_CONFIG)
    assert modules_of_the_job() == []


def test_variables_are_put_back_and_those_of_the_user_stay(monkeypatch):
    monkeypatch.setenv("RAY_TEST_MINE", "mine")
    with environment({"RAY_TEST_MINE": "1", "TUNE_TEST_OURS": "2"}, {"RAY_TEST_OTHER": "3"}):
        names = ("RAY_TEST_MINE", "TUNE_TEST_OURS", "RAY_TEST_OTHER")
        assert [os.environ[name] for name in names] == ["mine", "2", "3"]
        os.environ["RAY_TEST_SET_BY_RAY"] = os.environ["RAY_TEST_MINE"] = "4"
    assert {name for name in os.environ if "_TEST_" in name} == {"RAY_TEST_MINE"}
    assert os.environ["RAY_TEST_MINE"] == "mine"
