"""Row 5: the notebook's CNN in a pack of one and by a plain PyTorch loop, from the same seeds: speed and accuracy.

    python tests/benchmarks/run.py --only 5 --data-dir MNIST_FOLDER

Both sides run on one thread and take turns, epoch by epoch, so that other work on the machine slows both. The plain
loop is the notebook's: float32, PyTorch's default memory layout, autograd, torch.optim.SGD, images resident in memory.
Accuracies are over full mini-batches, as in the notebook.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from table import Held, Options, Row, judge
from torch.nn import functional
from training import seconds_of

from packtune.data import catalog
from packtune.data.dataset import Dataset, Split
from packtune.data.description import PIXEL_SCALE
from packtune.machine import describe_machine
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision, fastest_precision
from packtune.models.training.pack_training import Member, PackTraining
from packtune.protocol import NOTEBOOK_SEED
from packtune.reproduction.notebook import SYSTEMS
from packtune.worker.notebook_view import notebook_view
from packtune.worker.trainable import set_up_process

SEEDS = 5
EPOCHS = 2
MOST_LOST = 0.001  # 0.1 point of accuracy
CONFIGURATION = Configuration(**SYSTEMS["cnn"].rows["baseline"].values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One seed's training, one side.

    Attributes:
        validation, test: accuracy after the last epoch, 0 to 1.
        epoch_s: seconds of each epoch's training.
    """

    validation: float
    test: float
    epoch_s: tuple[float, ...]


class PlainLoop:
    """The notebook's way."""

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self._network = build_network(CONFIGURATION, input_shape=(1, 28, 28), outputs=10, seed=seed)
        self._images = dataset.train.inputs.to(torch.float32) / PIXEL_SCALE
        self._labels = dataset.train.labels[:, 0]
        self._optimizer = torch.optim.SGD(
            self._network.parameters(),
            lr=CONFIGURATION.learning_rate,
            momentum=CONFIGURATION.momentum,
            nesterov=CONFIGURATION.nesterov,
        )
        torch.manual_seed(seed)  # of dropout

    def train_epoch(self) -> None:
        """Walk once through the images in their order."""
        size = CONFIGURATION.batch_size
        self._network.train()
        for start in range(0, len(self._images) - size + 1, size):
            self._optimizer.zero_grad()
            logits = self._network(self._images[start : start + size])
            functional.cross_entropy(logits, self._labels[start : start + size]).backward()
            self._optimizer.step()

    @torch.no_grad()
    def accuracy(self, split: Split) -> float:
        """Give the share of labels right."""
        self._network.eval()
        images = split.inputs.to(torch.float32) / PIXEL_SCALE
        right = [
            (self._network(part).argmax(1) == labels[:, 0]).sum().item()
            for part, labels in zip(images.split(1000), split.labels.split(1000), strict=True)
        ]
        return sum(right) / len(images)


def rows(options: Options) -> list[Row]:
    """Train every seed both ways, in float32 and in what is fastest here."""
    set_up_process()
    seeds, epochs = (2, 1) if options.quick else (SEEDS, EPOCHS)
    dataset = catalog.load(options.data, options.data_dir)
    if options.quick:
        dataset = replace(dataset, train=dataset.train.first(960))
    dataset = notebook_view(dataset, order_seed=NOTEBOOK_SEED, batch_size=CONFIGURATION.batch_size)
    precision = fastest_precision(Device.CPU)
    results = [compare(dataset, NOTEBOOK_SEED + n, epochs, precision) for n in range(seeds)]
    return [to_row(results, precision, dataset.name, epochs)]


def compare(dataset: Dataset, seed: int, epochs: int, precision: Precision) -> tuple[Result, Result]:
    """Train both sides from one seed, in turns: (packed, plain)."""
    member = Member(configuration=CONFIGURATION, seed=seed)
    packed = PackTraining([member], dataset, batch_seed=seed, shuffle=False, precision=precision)
    plain = PlainLoop(dataset, seed)
    times = [(seconds_of(packed.train_epoch), seconds_of(plain.train_epoch)) for _ in range(epochs)]
    return (
        Result(
            validation=packed.evaluate(dataset.validation)[0].accuracy,
            test=packed.evaluate(dataset.test)[0].accuracy,
            epoch_s=tuple(ours for ours, _ in times),
        ),
        Result(
            validation=plain.accuracy(dataset.validation),
            test=plain.accuracy(dataset.test),
            epoch_s=tuple(theirs for _, theirs in times),
        ),
    )


def to_row(results: Sequence[tuple[Result, Result]], precision: Precision, data: str, epochs: int) -> Row:
    """Compare the two sides."""
    ratios = tuple(b / a for ours, theirs in results for a, b in zip(ours.epoch_s, theirs.epoch_s, strict=True))
    ours, theirs = ([pair[side].test for pair in results] for side in (0, 1))
    difference = statistics.fmean(ours) - statistics.fmean(theirs)
    error = statistics.stdev(a - b for a, b in zip(ours, theirs, strict=True)) / len(ours) ** 0.5
    seconds = [statistics.median(s for pair in results for s in pair[side].epoch_s) for side in (0, 1)]
    equal = abs(difference) <= MOST_LOST
    return Row(
        number=5,
        what=f"training of the notebook's CNN, one core, {precision} products, channels-last",
        against="plain float32 PyTorch loop",
        reach=">= 1.9x, test accuracy equal within 0.1 point",
        values=ratios,
        unit="x",
        held=judge(ratios, at_least=1.9) if equal else Held.NO,
        n=len(ratios),
        context=f"{seconds[0]:.1f} against {seconds[1]:.1f} s an epoch ({data})",
        remark=f"test accuracy over {len(ours)} seeds, {epochs} epochs: {100 * statistics.fmean(ours):.2f} % against "
        f"{100 * statistics.fmean(theirs):.2f} %, difference {100 * difference:+.2f} ± {100 * error:.2f} points; "
        "dropout's masks are not the same",
        machine=describe_machine(),
    )
