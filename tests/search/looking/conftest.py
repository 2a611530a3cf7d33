"""Runs to look at, trained here for real and without Ray: finished, stopped, unconfirmed, and in a database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from packtune.cli.commands import app
from packtune.data.catalog import load
from packtune.run.find import find_run
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.settings import Resources
from packtune.space.source import find_space

SPACE = {"hidden_units": {"low": 6, "high": 24}, "learning_rate": {"low": 0.05, "high": 0.5, "log": True}}
WIDER = {"hidden_units": {"low": 30, "high": 60}, "learning_rate": {"low": 0.05, "high": 0.5, "log": True}}
OPTIONS = {"trials": 8, "epochs": 1, "sampler": "random", "halving": True, "finalists": 2, "replicates": 2}


@pytest.fixture(scope="session")
def make_run(carry_out_alone):
    """Give the function that makes and trains a run: (results, name) -> run."""
    dataset = load("digits")
    threads = torch.get_num_threads()

    def make(results, name, *, space=SPACE, storage=None, reports=None, train=True, **options):
        source = find_space(space)
        plan = plan_search("digits", source, PlanOptions(**OPTIONS | {"lookahead": 4} | options))
        run = create_run(plan, Resources(storage=storage), source, results=results, name=name)
        if train:
            carry_out_alone(run, dataset, reports=reports)
        return find_run(name, results)

    torch.set_num_threads(1)
    yield make
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def trained(tmp_path_factory, make_run):
    """Give a folder of results that no test may change."""
    results = tmp_path_factory.mktemp("trained")
    make_run(results, "first")
    make_run(results, "second", space=WIDER, trials=9)
    make_run(results, "other-seed", space=WIDER, seed=7)
    make_run(results, "unconfirmed", trials=3, confirm=False, finalists=None)
    make_run(results, "by-loss", metric="log-loss", confirm=False, finalists=None, trials=3)
    make_run(results, "stopped", reports=2, pack_size=1)
    make_run(results, "new", train=False)
    return results


@pytest.fixture
def results(trained, tmp_path):
    """Give a copy of the results, to be changed."""
    shutil.copytree(trained, tmp_path / "results")
    return tmp_path / "results"


@pytest.fixture
def packtune():
    """Give the function that runs a command in this process: arguments -> exit code, stdout, stderr."""

    def run(*arguments):
        done = CliRunner().invoke(app, list(map(str, arguments)))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


@pytest.fixture
def files_of():
    """Give the function that lists all files below a folder with their content and time of change."""

    def files(folder: Path):
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}

    return files
