"""A run that was searched and confirmed, without Ray; and a server that a test starts and reads over HTTP."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import torch

from packtune.data.catalog import load
from packtune.files import write_bytes
from packtune.interface.export import trained_model
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.settings import Resources
from packtune.space.source import find_space

SPACE = {"hidden_units": {"low": 6, "high": 24}, "learning_rate": {"low": 0.05, "high": 0.5, "log": True}}
TIMEOUT_S = 240


@pytest.fixture(scope="module")
def searched(tmp_path_factory, carry_out_alone):
    """Give a finished run with its ending: four trials of two epochs, and the trainings of two finalists."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    source = find_space(SPACE)
    options = PlanOptions(trials=4, epochs=2, sampler="random", halving=False, finalists=2, replicates=2)
    plan = plan_search("digits", source, options)
    run = create_run(plan, Resources(), source, results=tmp_path_factory.mktemp("results"), name="one")
    ending = carry_out_alone(run, load("digits"))
    # Whoever trains a pack for a search keeps the best model.
    write_bytes(run.folder.winner_model, trained_model(run, ending.winner, say=print))
    yield run, ending
    torch.set_num_threads(threads)


class Server:
    """A program that answers over HTTP.

    Attributes:
        url: without a slash at its end.
    """

    def __init__(self, command, url, **options):
        self.url = url
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)

    def wait(self, path="/"):
        """Wait until it answers."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline_s:
            assert self._process.poll() is None, "the server has ended"
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.url + path, timeout=TIMEOUT_S).close()
                return self
            time.sleep(0.1)
        raise TimeoutError(self.url)

    def get(self, path):
        """Read JSON."""
        with urllib.request.urlopen(self.url + path, timeout=TIMEOUT_S) as answer:
            return json.load(answer)

    def post(self, path, content):
        """Send JSON, and read JSON."""
        request = urllib.request.Request(
            self.url + path, json.dumps(content).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer)

    def stop(self):
        """End it."""
        self._process.terminate()
        self._process.wait(timeout=TIMEOUT_S)


@pytest.fixture
def serve():
    """Give a function that starts a server; all are ended with the test."""
    servers = []

    def start(command, url, **options):
        servers.append(Server(command, url, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def free_port():
    """Give the number of a port that no program listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
