"""Rows 1 and 2: packed training against a plain PyTorch loop, time per trial.

    python tests/benchmarks/run.py --only 1 2 --data-dir MNIST_FOLDER

Both sides run in one process, set up as a worker is, on one thread. They take turns, so that other work on the machine
slows both. The plain loop gets its images as float32 in memory already; the pack scales its own from bytes.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from table import Options, Row, judge
from torch.nn import functional

from packtune.data import catalog
from packtune.data.dataset import Dataset
from packtune.data.description import PIXEL_SCALE
from packtune.machine import describe_machine
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.training.pack_training import Member, PackTraining
from packtune.worker.trainable import set_up_process

BATCH_SIZE = 32
STEPS = 200  # mini-batches in one repeat
REPEATS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One network in packs of one size.

    Attributes:
        number: of the row.
        configuration: of every member; their seeds differ.
        size: members in the pack.
        at_least: times faster than the plain loop, to be reached.
    """

    number: int
    configuration: Configuration
    size: int
    at_least: float


CASES = (
    Case(number=1, configuration=Configuration(hidden_units=10), size=16, at_least=10),
    Case(number=2, configuration=Configuration(hidden_units=128), size=4, at_least=2.1),
)


class PlainLoop:
    """The loop that people write: one network, one optimizer, autograd.

    Args:
        make_optimizer: parameters -> optimizer; none for SGD with the numbers of the configuration.
    """

    def __init__(
        self,
        configuration: Configuration,
        dataset: Dataset,
        make_optimizer: Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer] | None = None,
    ) -> None:
        self._images = dataset.train.inputs.to(torch.float32) / PIXEL_SCALE
        self._labels = dataset.train.labels[:, 0]
        self._network = build_network(configuration, input_shape=dataset.input_shape, outputs=dataset.outputs, seed=0)
        parameters = list(self._network.parameters())
        self._optimizer = (make_optimizer or partial(_sgd, configuration))(parameters)
        self._batch_size = configuration.batch_size
        self._order = torch.Generator().manual_seed(0)

    def train_epoch(self) -> None:
        """Walk once through the images in a new order."""
        for batch in torch.randperm(len(self._images), generator=self._order).split(self._batch_size):
            self._optimizer.zero_grad()
            functional.cross_entropy(self._network(self._images[batch]), self._labels[batch]).backward()
            self._optimizer.step()


def _sgd(configuration: Configuration, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    c = configuration
    return torch.optim.SGD(parameters, lr=c.learning_rate, momentum=c.momentum, nesterov=c.nesterov)


def time_in_turns(ours: Callable[[], None], theirs: Callable[[], None], repeats: int) -> list[tuple[float, float]]:
    """Time two pieces of work in turns, in seconds, after one of each that does not count."""
    ours()
    theirs()
    return [(seconds_of(ours), seconds_of(theirs)) for _ in range(repeats)]


def seconds_of(work: Callable[[], None]) -> float:
    """Time one call."""
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


def load_images(data_dir: Path | None, n: int) -> Dataset:
    """Load a data set with exactly `n` training images: MNIST from `data_dir`, else digits, repeated as needed."""
    dataset = catalog.load("digits" if data_dir is None else "mnist", data_dir)
    return replace(dataset, train=dataset.train.take(torch.arange(n) % len(dataset.train)))


def measure(case: Case, dataset: Dataset, repeats: int) -> Row:
    """Train a pack and a plain network in turns."""
    members = [Member(configuration=case.configuration, seed=seed) for seed in range(case.size)]
    pack = PackTraining(members, dataset, batch_seed=0)
    plain = PlainLoop(case.configuration, dataset)
    times = time_in_turns(pack.train_epoch, plain.train_epoch, repeats)
    steps = len(dataset.train) // case.configuration.batch_size
    ratios = tuple(alone * case.size / packed for packed, alone in times)
    packed_us = 1e6 * statistics.median(packed for packed, _ in times) / steps / case.size
    plain_us = 1e6 * statistics.median(alone for _, alone in times) / steps
    return Row(
        number=case.number,
        what=f"packed training, one core, batch {case.configuration.batch_size}, hidden "
        f"{case.configuration.hidden_units}, K = {case.size}: time per trial",
        against="plain PyTorch loop over resident tensors",
        reach=f">= {case.at_least:g}x",
        values=ratios,
        unit="x",
        held=judge(ratios, at_least=case.at_least),
        context=f"{packed_us:.0f} against {plain_us:.0f} µs a step of one trial ({dataset.name})",
        machine=describe_machine(),
    )


def rows(options: Options) -> list[Row]:
    """Measure the rows that are wanted."""
    set_up_process()
    steps, repeats = (STEPS // 10, 3) if options.quick else (STEPS, REPEATS)
    dataset = load_images(options.data_dir, steps * BATCH_SIZE)
    return [measure(case, dataset, repeats) for case in CASES if options.wants(case.number)]
