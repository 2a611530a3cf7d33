"""Search a space in which all configurations are the same in truth: how far is the reported accuracy from the true one?

    python tests/benchmarks/winner/equals.py [--searches 200] [--replicates 24] [--write results/winner]

Only the weight decay differs, from 1e-12 to 1e-9, which changes nothing. Every search is real: 64 random trials of five
epochs on digits, then selection and report, trained by the project's own code without Ray. The true accuracy is the
mean over some thousand further trainings, each from weights, an order and a split of its own seeds.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from checkout import make_importable

make_importable()

import numpy as np
import torch
from table import Held, Row, to_csv, to_markdown

from packtune.confirmation.verdict import Verdict
from packtune.data.catalog import load
from packtune.data.dataset import Dataset
from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.pack_task import PackTask
from packtune.dispatch.staged_search import StagedSearch
from packtune.dispatch.task_maker import exploration
from packtune.machine import processor_name
from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.proposals.packing import pack_capacity
from packtune.run.confirming import ConfirmingStages, confirmed_outcomes
from packtune.run.ending import judge
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.run.records import open_study
from packtune.settings import Resources
from packtune.space.source import find_space
from packtune.study.storage import open_storage
from packtune.trial import Pack, Proposal
from packtune.worker.pack_run import run_pack

UNITS, EPOCHS, TRIALS = 32, 5, 64
SPACE = {"hidden_units": UNITS, "weight_decay": {"low": 1e-12, "high": 1e-9, "log": True}}
SIGNIFICANT = 1.96
BIAS_POINTS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What one search shows.

    Attributes:
        naive: validation accuracy of the best of its trials.
        mean: validation accuracy of all its trials.
    """

    naive: float
    mean: float
    verdict: Verdict


def search(seed: int, dataset: Dataset, folder: Path, replicates: int | None) -> Search:
    """Carry out one search."""
    source = find_space(SPACE)
    options = PlanOptions(
        trials=TRIALS, epochs=EPOCHS, sampler="random", seed=seed, halving=False, replicates=replicates
    )
    run = create_run(plan_search("digits", source, options), Resources(), source, results=folder)
    plan = run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=4)
    with open_storage(run.folder.journal, None) as storage:
        study = open_study(run, storage)
        stages = ConfirmingStages(
            run,
            plan,
            study,
            storage,
            capacity=partial(pack_capacity, device=Device.CPU),
            make=lambda study, plan, stage: Dispatcher(study, plan, stage=stage),
            say=lambda text: None,
        )
        first = exploration(study.space, plan, device=Device.CPU)
        staged = StagedSearch(Dispatcher(study, plan, stage=first), stages)
        while (task := staged.next_pack()) is not None:
            staged.receive(task.pack, run_pack(task, dataset))
        records = study.records()
        verdict = judge(run, records, confirmed_outcomes(run, records, storage)).verdict
    assert verdict is not None
    seen = [r.outcome.validation.joint for r in records if r.outcome is not None and r.outcome.validation is not None]
    return Search(naive=max(seen), mean=float(np.mean(seen)), verdict=verdict)


def true_accuracy(dataset: Dataset, packs: int) -> tuple[float, float]:
    """Train many networks from fresh seeds of every kind: their mean test accuracy, and its standard error.

    The members of a pack share the order of the images and the split, so that a pack counts as one draw.
    """
    means = []
    members = pack_capacity(Configuration(hidden_units=UNITS), Device.CPU)
    for index in range(packs):
        proposals = tuple(
            Proposal(number=n, configuration=Configuration(hidden_units=UNITS), seed=1_000_000 + index * members + n)
            for n in range(members)
        )
        task = PackTask(
            pack=Pack(number=index, proposals=proposals),
            data="digits",
            epochs=EPOCHS,
            batch_seed=2_000_000 + index,
            resampling_seed=3_000_000 + index,
        )
        tests = [outcome.test for outcome in run_pack(task, dataset).outcomes]
        means.append(float(np.mean([0.0 if test is None else test.joint for test in tests])))
    return float(np.mean(means)), float(np.std(means, ddof=1) / np.sqrt(packs))


def rows_of(searches: Sequence[Search], truth: float, truth_error: float) -> list[Row]:
    """Give the rows of the table."""
    estimates = [each.verdict.test for each in searches]
    reported = np.array([estimate.mean for estimate in estimates if estimate is not None])
    bias = 100 * (float(reported.mean()) - truth)
    error = 100 * float(np.hypot(reported.std(ddof=1) / np.sqrt(len(reported)), truth_error))
    held = abs(bias) <= BIAS_POINTS and abs(bias) <= SIGNIFICANT * error
    naive = 100 * float(np.mean([each.naive - each.mean for each in searches]))
    blank = Row(
        number=0, what="", against="", reach="", values=(0.0,), unit="", held=Held.YES, machine="", n=len(searches)
    )
    return [
        replace(
            blank,
            what="space of equals: reported minus true accuracy of the winner, in points",
            against=f"what the best of {TRIALS} trials shows, minus the mean of all: {naive:+.2f}",
            reach=f"within +-{BIAS_POINTS}, and not significant",
            values=(bias,),
            held=Held.YES if held else Held.NO,
            context=f"standard error {error:.3f}; true accuracy {truth:.4f} +- {truth_error:.5f}",
        ),
        replace(
            blank,
            what="space of equals: finalists that are named as tied, of all finalists",
            against="all are the same in truth",
            reach=">= 0.95",
            values=(float(np.mean([np.mean([f.tied for f in each.verdict.finalists]) for each in searches])),),
            held=Held.NOT_RUN,
        ),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Search, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--searches", type=int, default=200, help="(default: 200)")
    parser.add_argument(
        "--replicates",
        type=int,
        default=24,
        help="trainings of each report; the default of a search, 4, leaves more noise than the bias looked for "
        "(default: 24)",
    )
    parser.add_argument("--packs", type=int, default=1000, help="of 16 trainings each, for the truth (default: 1000)")
    parser.add_argument("--write", type=Path, metavar="DIR", help="where equals.md and equals.csv go")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    dataset = load("digits")
    searches = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.searches):
            searches.append(search(seed, dataset, Path(folder), options.replicates))
            if seed % 10 == 9:
                print(f"{seed + 1} of {options.searches} searches", file=sys.stderr, flush=True)
    rows = rows_of(searches, *true_accuracy(dataset, options.packs))
    tied = rows[1].values[0]
    rows[1] = replace(rows[1], held=Held.YES if tied >= 0.95 else Held.NO)
    machine = f"{processor_name()}; Python {platform.python_version()}, PyTorch {torch.__version__}"
    command = (
        f"python tests/benchmarks/winner/equals.py --searches {options.searches} --packs {options.packs} "
        f"--replicates {options.replicates}"
    )
    rows = [replace(row, number=n, machine=machine, command=command) for n, row in enumerate(rows, 1)]
    text = to_markdown(rows, title=f"Searches among equals: {TRIALS} random trials on digits, all the same in truth")
    print(text)
    if options.write is not None:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "equals.md").write_text(text, encoding="utf-8")
        (options.write / "equals.csv").write_text(to_csv(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
