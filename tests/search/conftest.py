"""A journal and a database for studies, training that is worked out instead of done, and packtune as installed."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.halving import survivors
from packtune.dispatch.pack_task import PackReport
from packtune.dispatch.staged_search import StagedSearch
from packtune.dispatch.task_maker import exploration
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.proposals.packing import pack_capacity
from packtune.run.confirming import ConfirmingStages, confirmed_outcomes
from packtune.run.ending import conclude
from packtune.run.given.further import narrowed_space
from packtune.run.given.stops import settle_end
from packtune.run.records import open_study
from packtune.study.storage import open_storage
from packtune.trial import Accuracy, Outcome, TrialState
from packtune.worker.pack_run import run_pack

ROOT = Path(__file__).parents[2]
# Run as the command line is; each worker writes down which modules it finds under which names.
PROGRAM = """
import importlib
import sys
from pathlib import Path

THEIRS = ["data.loader", "models.x", "search"]
OURS = ["packtune", "packtune.data.catalog", "packtune.models.configuration"]


def found(names):
    return [importlib.import_module(name).__file__ for name in names]


driver = found(THEIRS + OURS if sys.argv.pop(1) == "theirs-first" else OURS + THEIRS)

from packtune.cli.main import main
from packtune.worker.trainable import PackTrainable


class Noting(PackTrainable):
    folder = Path.cwd()

    def begin(self, task):
        (self.folder / "worker.txt").write_text("\\n".join(found(THEIRS + OURS)))
        return super().begin(task)


Path("driver.txt").write_text("\\n".join(sorted(driver)))
main(Noting)
"""
USER_FILES = {
    "models/x.py": "",
    "data/__init__.py": "",
    "data/loader.py": "",
    "search.py": "",
    "packtune.toml": "",
    "program.py": PROGRAM,
}


@pytest.fixture(scope="session")
def carry_out_alone():
    """Give the function that carries out a run with its confirmation, without Ray.

    It takes `at_once` packs, trains them, and reports the last one first. With `reports` it ends after so many, as a
    process does that is killed.
    """

    def carry_out(run, dataset, *, at_once=1, reports=None):
        plan = run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=4)
        with open_storage(run.folder.journal, run.settings.resources.storage) as storage:
            study = open_study(run, storage)
            capacity = partial(pack_capacity, device=Device.CPU)
            following = ConfirmingStages(
                run, plan, study, storage, capacity=capacity, make=make_dispatcher, say=lambda text: None
            )
            first = exploration(narrowed_space(study.space, plan), plan, device=Device.CPU, given=run.given)
            explorer = make_dispatcher(study, plan, first)
            following.explore_further = lambda: explorer if explorer.end.go_on() else None
            search = StagedSearch(explorer, following)
            n_reports = 0
            while tasks := list(itertools.islice(iter(search.next_pack, None), at_once)):
                for task in reversed(tasks):
                    if n_reports == reports:
                        return None
                    search.receive(task.pack, run_pack(task, dataset))
                    n_reports += 1
            records = study.records()
            confirmed = confirmed_outcomes(run, records, storage)
            return conclude(settle_end(run, study, plan, records, confirmed), records, confirmed)

    return carry_out


def make_dispatcher(study, plan, stage):
    return Dispatcher(study, plan, stage=stage)


@pytest.fixture(params=["journal", "sqlite"])
def storage_of(request, tmp_path):
    """Give the arguments of open_storage for one storage, the same at each call."""
    return tmp_path / "study.journal", None if request.param == "journal" else f"sqlite:///{tmp_path}/studies.db"


def draw(*parts):
    """Give a number from 0 to 1 that depends on the parts alone."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big") / 2**32


@pytest.fixture(scope="session")
def train():
    """Give a stand-in for training: a report that is a function of the task, with every kind of outcome."""
    return _train


def _train(task):
    trials = task.pack.proposals
    accuracies = [round(draw(p.configuration.used(), p.seed), 3) for p in trials]
    outcomes = [None] * len(trials)
    for index, proposal in enumerate(trials):
        kind = draw("kind", proposal.seed)
        if kind < 0.08:
            outcomes[index] = Outcome(state=TrialState.FAIL, reason="it broke")
        elif kind < 0.16:
            outcomes[index] = Outcome(state=TrialState.DIVERGED, epochs=1, curve=((1, 0.0),), reason="it diverged")
    for rung in task.halving.rungs:
        still_open = [index for index, outcome in enumerate(outcomes) if outcome is None]
        kept = survivors([accuracies[index] for index in still_open], task.halving.told.get(rung, ()))
        for position, index in enumerate(still_open):
            if position not in kept:
                outcomes[index] = _ended(TrialState.PRUNED, rung, accuracies[index])
    return PackReport(
        outcomes=tuple(
            outcome or _ended(TrialState.COMPLETE, task.epochs, accuracy)
            for outcome, accuracy in zip(outcomes, accuracies, strict=True)
        )
    )


def _ended(state, epochs, accuracy):
    reached = Accuracy(joint=accuracy, heads=(accuracy,))
    curve = tuple((epoch, accuracy) for epoch in range(1, epochs + 1))
    return Outcome(state=state, epochs=epochs, curve=curve, validation=reached, test=reached, seconds=0.5, device="cpu")


@dataclass(frozen=True)
class Installed:
    """An environment into which packtune was installed from its wheel, as a user has it.

    Attributes:
        wheel: the file.
        packages: the folder of installed packages, which holds packtune alone.
        bin: the folder with `python` and `packtune`.
    """

    wheel: Path
    packages: Path
    bin: Path


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Build the wheel and install it into a new environment, which borrows the other packages of this one."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    for name in ("search", "models", "data"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source], check=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv/bin/python"
    subprocess.run([*pip, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True)
    (packages,) = (folder / "venv/lib").glob("python*/site-packages")
    # A path in this file is searched, but the .pth files there are not read: they would bring in this checkout.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return Installed(wheel=wheel, packages=packages, bin=python.parent)


@pytest.fixture
def user_folder(tmp_path):
    """Make a folder of a user who has modules of the same names as folders of this project."""
    folder = tmp_path / "project"
    for name, text in USER_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def clean_environment():
    """Give a function that makes the environment of a process: this one's, without PYTHONPATH, and with changes."""

    def make(**changes):
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return inherited | {name: value for name, value in changes.items() if value is not None}

    return make


@pytest.fixture(scope="session")
def assert_found():
    """Give a function that checks where a process of the user's program found the modules."""

    def check(user_folder, process, *, ours):
        files = [Path(line) for line in (user_folder / f"{process}.txt").read_text().splitlines()]
        theirs = {user_folder / name for name in ("data/loader.py", "models/x.py", "search.py")}
        assert {file for file in files if file in theirs} == theirs
        rest = [file for file in files if file not in theirs]
        assert len(rest) == 3
        assert all(str(ours) in str(file) for file in rest), rest

    return check
