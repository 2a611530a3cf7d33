"""Addresses, and the code that is shipped; without a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packtune.errors import ClusterError
from packtune.execution.connection import Connection, _modules
from packtune.execution.shipping import JOB_CONFIG
from packtune.settings import Settings

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
    connection = Connection(Settings(name="x", address=address))
    with pytest.raises(ClusterError, match=words):
        connection.placement()
    connection.close()


def test_the_three_packages_are_shipped(monkeypatch):
    monkeypatch.delenv(JOB_CONFIG, raising=False)
    assert _modules() == [str(ROOT / name) for name in ("data", "models", "search")]


def test_a_jobs_own_modules_stay(monkeypatch):
    monkeypatch.setenv(JOB_CONFIG, json.dumps({"runtime_env": {"py_modules": ["gcs://theirs.zip"]}}))
    assert _modules()[3:] == ["gcs://theirs.zip"]
    for without in ({"runtime_env": None}, {"runtime_env": {}}, {}):
        monkeypatch.setenv(JOB_CONFIG, json.dumps(without))
        assert len(_modules()) == 3
