"""Leaderboards kept from version 0.1.0: for fixed seeds, the code of today writes the same bytes.

Each search is trained here for real, one pack after another and without Ray. Processors round differently: on another
kind than that of the kept files, and with other versions of PyTorch and NumPy, there is nothing to compare with.

The values are those of version 0.1.0. Their form has changed once since: missing values are empty cells (they were
`nan` where a column of whole numbers had any), whole numbers have no decimal point, and the learning rate stands among
the first hyperparameters.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from packtune.data.catalog import load
from packtune.dispatch.dispatcher import Dispatcher
from packtune.machine import processor_name
from packtune.models.hardware.precision import Precision
from packtune.run.ending import conclude
from packtune.run.extension import extend_run
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.run.records import open_study
from packtune.settings import Resources
from packtune.space.source import find_space
from packtune.study.storage import open_storage
from packtune.worker.pack_run import run_pack
from packtune.worker.trainable import keep_freed_memory

HERE = Path(__file__).parent
MNIST_DIR = Path(__file__).parents[2].parent / "shared" / "data" / "mnist"
MADE_ON = ("AMD EPYC", "AVX512", "2.13", "2.4")
"""Processor, vector instructions, and the versions of PyTorch and NumPy that made the kept files."""

# The data set, the space and the options of `packtune run`, and what `packtune resume` was given afterwards.
SEARCHES = {
    "digits-random": ("digits", "sgd", {"sampler": "random", "trials": 24, "epochs": 6, "seed": 7}, {"epochs": 8}),
    "digits-resumed": ("digits", "sgd", {"trials": 16, "epochs": 4, "seed": 3}, {"trials": "+16"}),
    "digits-grid-replicates": ("digits", "grid", {"replicates": 2, "epochs": 3}, None),
    "digits-qmc": ("digits", "sgd", {"sampler": "qmc", "trials": 16, "epochs": 3}, None),
    "digits-gp": ("digits", "sgd", {"sampler": "gp", "trials": 12, "epochs": 3}, None),
    "digits-cmaes": ("digits", "sgd", {"sampler": "cmaes", "trials": 24, "epochs": 3}, None),
    "digits-overlap": ("digits-overlap", "sgd", {"trials": 12, "epochs": 3}, None),
    "mnist-mini-grid": ("mnist", "mini-grid", {}, None),
    "digits-sgd": ("digits", "sgd", {"trials": 48}, None),
}


def here() -> tuple[str, ...]:
    versions = (module.__version__.rpartition(".")[0] for module in (torch, np))
    return processor_name(), torch.backends.cpu.get_cpu_capability(), *versions


@contextmanager
def as_a_worker():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    keep_freed_memory()
    yield
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)


def carry_out(run, dataset):
    """Train what is open in a run, and write its tables."""
    with open_storage(run.folder.journal, None) as storage:
        study = open_study(run, storage)
        dispatcher = Dispatcher(study, run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=4))
        while (task := dispatcher.next_pack()) is not None:
            dispatcher.receive(task.pack, run_pack(task, dataset))
        study.requeue()
        conclude(run, study.records())


LONG = ("digits-random", "digits-resumed", "digits-qmc", "digits-gp", "digits-cmaes", "mnist-mini-grid", "digits-sgd")
CASES = [pytest.param(name, marks=pytest.mark.long if name in LONG else pytest.mark.slow) for name in SEARCHES]


@pytest.mark.skipif(here() != MADE_ON, reason=f"the kept files were made on {MADE_ON}, and this is {here()}")
@pytest.mark.parametrize("name", CASES)
def test_a_kept_leaderboard_is_written_again_byte_for_byte(tmp_path, name):
    data, space, options, extension = SEARCHES[name]
    if data == "mnist" and not MNIST_DIR.is_dir():
        pytest.skip(f"real MNIST is not at {MNIST_DIR}")
    source = find_space(space)
    plan = plan_search(data, source, PlanOptions(**options, lookahead=4))
    run = create_run(plan, Resources(), source, results=tmp_path, name=name)
    dataset = load(data, MNIST_DIR)
    with as_a_worker():
        carry_out(run, dataset)
        if extension is not None:
            carry_out(extend_run(run.folder.load(), **{"trials": None, "epochs": None} | extension), dataset)
    assert run.folder.leaderboard_csv.read_bytes() == (HERE / f"{name}.csv").read_bytes()
