"""Row 12: how much of a perfectly uniform pack's speed the packs of a real search have.

64 proposals of the space `sgd`, its MLP part, come as packs in the way that a search asks for them: once with the
default sampler, which proposes packs, once with independent draws, which are grouped afterwards. A trial's efficiency
is the time per trial of a uniform pack (as many members as pay, all of them that trial's configuration) over the time
per trial of the pack that it is in; 1 means that nothing is lost to padding, to packs that are not full, and to
members that need different arithmetic.
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from table import Options, Row, judge
from training import load_images, seconds_of

from packtune.data.dataset import Dataset
from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.pack_task import PackReport, PackTask
from packtune.machine import describe_machine
from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.models.training.pack_training import Member, PackTraining
from packtune.proposals.packing import pack_capacity
from packtune.settings import SearchPlan
from packtune.space.catalog import SPACES
from packtune.space.domains import Choices, Dimension
from packtune.space.space import Space
from packtune.study.storage import open_storage
from packtune.study.study import create_study
from packtune.trial import Accuracy, Outcome, Pack, TrialState

TRIALS = 64
IMAGES = 2048  # in one repeat: four steps of the largest batch
SAMPLERS = {"tpe": "asked for in packs (tpe, the default)", "random": "independent draws grouped afterwards (random)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """Of one trial.

    Attributes:
        pack_us, uniform_us: microseconds an image of one trial, in its pack and in a uniform one.
    """

    pack_us: float
    uniform_us: float

    @property
    def share(self) -> float:
        """Say how much of the uniform pack's speed there is, 0 to 1 and a bit."""
        return self.uniform_us / self.pack_us


def rows(options: Options) -> list[Row]:
    """Measure both ways of asking."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    dataset = load_images(options.data_dir, IMAGES)
    trials, repeats = (8, 1) if options.quick else (TRIALS, 3)
    return [_row(sampler, dataset, trials, repeats) for sampler in SAMPLERS]


def _row(sampler: str, dataset: Dataset, trials: int, repeats: int) -> Row:
    packs = ask(sampler, trials)
    found = [each for pack in packs for each in measure(pack, dataset, repeats)]
    mean = 100 * statistics.fmean(each.share for each in found)
    sizes = sorted((len(pack.proposals) for pack in packs), reverse=True)
    return Row(
        number=12,
        what=f"{trials} proposals of `sgd` (MLP part), {SAMPLERS[sampler]}: mean pack efficiency",
        against="a uniform pack of each trial's own configuration",
        reach=">= 60%",
        values=(mean,),
        unit="%",
        n=len(found),
        held=judge([mean], at_least=60),
        context=f"{sum(each.uniform_us for each in found):.0f} against {sum(each.pack_us for each in found):.0f} µs an "
        f"image for all trials; {len(packs)} packs of {', '.join(map(str, sizes))}",
        remark=f"n trials, the mean over them; each timed {repeats} times, the fastest counts",
        machine=describe_machine(),
    )


def mlps() -> Space:
    """Give `sgd` without its convolutions."""
    sgd = SPACES["sgd"]
    only = Dimension(name="architecture", domain=Choices(values=("mlp",)))
    dimensions = [
        only if d.name == "architecture" else d for d in sgd.dimensions if d.when.get("architecture") != ("cnn",)
    ]
    return replace(sgd, name="sgd-mlp", dimensions=tuple(dimensions))


def ask(sampler: str, trials: int) -> list[Pack]:
    """Ask for packs as a search does; what they are told is a made-up function of the configuration."""
    space = mlps()
    plan = SearchPlan(sampler=sampler, trials=trials).settle(precision=Precision.FLOAT32, lookahead=4)
    packs = []
    with tempfile.TemporaryDirectory() as folder, open_storage(Path(folder) / "study.journal", None) as storage:
        study = create_study(storage, "mixed", space, plan)
        dispatcher = Dispatcher(study, plan)
        while (task := dispatcher.next_pack()) is not None:
            packs.append(task.pack)
            dispatcher.receive(task.pack, made_up(task))
    return packs


def made_up(task: PackTask) -> PackReport:
    """Report what nobody trained: wider networks and middling learning rates do better."""
    accuracies = [
        min(0.99, 0.9 + 0.00005 * c.hidden_units) - abs(c.learning_rate - 0.1)
        for c in (proposal.configuration for proposal in task.pack.proposals)
    ]
    reached = [Accuracy(joint=accuracy, heads=(accuracy,)) for accuracy in accuracies]
    return PackReport(
        outcomes=tuple(
            Outcome(
                state=TrialState.COMPLETE, epochs=task.epochs, curve=((task.epochs, a.joint),), validation=a, test=a
            )
            for a in reached
        )
    )


def measure(pack: Pack, dataset: Dataset, repeats: int) -> list[Efficiency]:
    """Time a pack, and beside it the uniform packs of its members: one efficiency a trial."""
    configurations = [proposal.configuration for proposal in pack.proposals]
    pack_us = microseconds(configurations, dataset, repeats)
    return [
        Efficiency(
            pack_us=pack_us,
            uniform_us=microseconds([each] * pack_capacity(each, Device.CPU), dataset, repeats),
        )
        for each in configurations
    ]


def microseconds(configurations: list[Configuration], dataset: Dataset, repeats: int) -> float:
    """Time the training of a pack: microseconds an image of one trial, the fastest of the repeats."""
    members = [Member(configuration=each, seed=seed) for seed, each in enumerate(configurations)]
    training = PackTraining(members, dataset, batch_seed=0)
    training.train_epoch()
    fastest_s = min(seconds_of(training.train_epoch) for _ in range(repeats))
    return 1e6 * fastest_s / len(dataset.train) / len(members)
