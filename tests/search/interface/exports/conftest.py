"""Finished runs on real data, trained without Ray in this process, and code that is run in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from packtune.interface.result import SearchResult
from packtune.report.live.progress import SilentView
from packtune.run.network.finding import space_and_network
from packtune.run.own.keeping import load_data
from packtune.run.own.new_search import new_search

SPACE = {"hidden_units": [12], "learning_rate": [0.1, 0.2], "batch_size": [32]}
OPTIONS = {"epochs": 2, "finalists": 1, "replicates": 2, "halving": False, "lookahead": 4, "seed": 3}


@pytest.fixture(scope="session")
def searched(carry_out_alone):
    """Give a function that searches two configurations: (data, results, options) -> result."""

    def search(data, results, *, space=SPACE, **options):
        source, network = space_and_network(space, options)
        made = new_search(data, source, {**OPTIONS, **options}, SilentView(), network=network)
        run = made.create(results=results, name="two")
        ending = carry_out_alone(run, load_data(run))
        return SearchResult(run=run, ending=ending)

    return search


@pytest.fixture(scope="session")
def in_fresh_process():
    """Give a function that runs code in a process of its own, and gives the last line that it prints, read as JSON."""

    def run(code, folder):
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run
