"""How much longer a search takes with its confirmation: 64 trials of 10 epochs, without and with early stopping.

    python tests/benchmarks/winner/duration.py --data-dir MNIST_FOLDER [--seeds 3] [--write results/winner]

Every pack is trained for real, one after another in this process and without Ray, and its processor time is noted,
which other programs on the machine disturb little. Two workers then take the packs of a stage in order, each the next
one as soon as it is free; a stage begins when the one before has ended. The start and the end of a search, some seconds
with Ray, are left out: with them the share of the confirmation is smaller.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from checkout import make_importable

make_importable()

from search_speed import SPACE
from table import Held, Row, to_csv, to_markdown

from packtune.data.catalog import load
from packtune.data.dataset import Dataset
from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.staged_search import StagedSearch
from packtune.dispatch.task_maker import Stage, exploration
from packtune.machine import describe_machine
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.proposals.packing import pack_capacity
from packtune.run.confirming import ConfirmingStages
from packtune.run.planning import PlanOptions, create_run, plan_search
from packtune.run.records import open_study
from packtune.settings import Resources, SettledPlan
from packtune.space.source import find_space
from packtune.study.storage import open_storage
from packtune.study.study import SearchStudy
from packtune.worker.pack_run import run_pack
from packtune.worker.trainable import set_up_process

TRIALS, EPOCHS, WORKERS = 64, 10, 2
LIMIT = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The packs of each stage, exploration first: members and seconds of processor time."""

    packs: tuple[tuple[tuple[int, float], ...], ...]

    @property
    def spans_s(self) -> list[float]:
        """How long two workers take for each stage."""
        return [span([seconds for _, seconds in stage]) for stage in self.packs]

    @property
    def extra(self) -> float:
        """What the confirmation takes besides exploration, as a share of it."""
        return sum(self.spans_s[1:]) / self.spans_s[0]


def span(seconds: Sequence[float]) -> float:
    """Give the time until the last of the workers is free, who take packs in order."""
    free_s = [0.0] * WORKERS
    for each in seconds:
        free_s[free_s.index(min(free_s))] += each
    return max(free_s)


def search(seed: int, dataset: Dataset, folder: Path, *, trials: int, epochs: int, halving: bool) -> Stages:
    """Carry out one search, and note the time of each pack."""
    space = folder / f"space-{seed}.toml"
    space.write_text(SPACE, encoding="utf-8")
    source = find_space(str(space))
    options = PlanOptions(trials=trials, epochs=epochs, seed=seed, halving=halving)
    run = create_run(plan_search(dataset.name, source, options), Resources(), source, results=folder)
    plan = run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=4)
    stages: list[list[tuple[int, float]]] = []

    def make(study: SearchStudy, plan: SettledPlan, stage: Stage) -> Dispatcher:
        stages.append([])
        return Dispatcher(study, plan, stage=stage)

    with open_storage(run.folder.journal, None) as storage:
        study = open_study(run, storage)
        capacity = partial(pack_capacity, device=Device.CPU)
        say = partial(print, file=sys.stderr, flush=True)
        following = ConfirmingStages(run, plan, study, storage, capacity=capacity, make=make, say=say)
        staged = StagedSearch(make(study, plan, exploration(study.space, plan, device=Device.CPU)), following)
        while (task := staged.next_pack()) is not None:
            before_s, stage = time.process_time(), stages[-1]
            report = run_pack(task, dataset)
            stage.append((len(task.pack.proposals), time.process_time() - before_s))
            staged.receive(task.pack, report)
    return Stages(packs=tuple(map(tuple, stages)))


def row_of(number: int, what: str, found: Sequence[Stages], command: str) -> Row:
    """Give the row of some searches, one value a search."""
    extras = tuple(100 * each.extra for each in found)
    spans = "; ".join(", ".join(f"{seconds:.1f}" for seconds in each.spans_s) + " s" for each in found)
    members = "; ".join(", then ".join(_members(stage) for stage in each.packs[1:]) for each in found)
    return Row(
        number=number,
        what=f"confirmation of {what}",
        against="exploration in the same search, without the start and the end of a search",
        reach=f"< {LIMIT} %",
        values=extras,
        unit="%",
        held=Held.YES if max(extras) < LIMIT else Held.NO,
        context=f"exploration, then each stage, by search: {spans}",
        remark=f"members of the packs of each stage: {members}",
        machine=describe_machine(),
        command=command,
    )


def _members(stage: Sequence[tuple[int, float]]) -> str:
    return "+".join(str(members) for members, _ in stage)


def main(argv: Sequence[str] | None = None) -> None:
    """Search, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data-dir", type=Path, help="folder of MNIST's files (default: the digits instead)")
    parser.add_argument("--seeds", type=int, default=3, help="searches (default: 3)")
    parser.add_argument("--quick", action="store_true", help="little work, only to see whether it runs")
    parser.add_argument("--write", type=Path, metavar="DIR", help="where time.md and time.csv go")
    options = parser.parse_args(argv)
    set_up_process()
    dataset = load("digits" if options.data_dir is None else "mnist", options.data_dir)
    trials, epochs, seeds = (8, 1, 1) if options.quick else (TRIALS, EPOCHS, options.seeds)
    table: list[Row] = []
    folder_word = "" if options.data_dir is None else " --data-dir MNIST_FOLDER"
    command = f"python tests/benchmarks/winner/duration.py{folder_word} --seeds {seeds}"
    for number, (halving, how) in enumerate(((False, "no early stopping"), (True, "early stopping, as by default")), 1):
        size = {"trials": trials, "epochs": epochs, "halving": halving}
        with tempfile.TemporaryDirectory() as folder:
            found = [search(seed, dataset, Path(folder), **size) for seed in range(seeds)]
        what = f"{trials} trials x {epochs} epochs on {dataset.name}, MLP space, two workers, {how}"
        table.append(row_of(number, what, found, command))
    text = to_markdown(table, title="What a confirmation takes besides exploration")
    print(text)
    if options.write is not None:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "time.md").write_text(text, encoding="utf-8")
        (options.write / "time.csv").write_text(to_csv(table), encoding="utf-8")


if __name__ == "__main__":
    main()
