"""Train the notebook's CNN in a pack of one and by a plain PyTorch loop, from the same seeds: speed and accuracy.

    python tests/benchmarks/cnn.py --data-dir MNIST_FOLDER --seeds 3 --write results/benchmarks

Both sides run on one thread and take turns, epoch by epoch, so that other work on the machine slows both. The plain
loop is the notebook's: float32, PyTorch's default memory layout, autograd, torch.optim.SGD, images resident in memory.
Accuracies are over full mini-batches, as in the notebook.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from a checkout that need not be installed

from data import catalog
from data.dataset import PIXEL_SCALE, Dataset, Split
from models.catalog import build_network
from models.configuration import Configuration
from models.training import Member, PackTraining
from search.machine import describe_machine
from search.notebook import SYSTEMS
from search.protocol import NOTEBOOK_SEED, notebook_view
from search.worker import keep_freed_memory

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
        self._network = build_network(CONFIGURATION, height=28, width=28, outputs=10, seed=seed)
        self._images = dataset.train.images.unsqueeze(1).to(torch.float32) / PIXEL_SCALE
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
        images = split.images.unsqueeze(1).to(torch.float32) / PIXEL_SCALE
        right = [
            (self._network(part).argmax(1) == labels[:, 0]).sum().item()
            for part, labels in zip(images.split(1000), split.labels.split(1000), strict=True)
        ]
        return sum(right) / len(images)


def compare(dataset: Dataset, seed: int, epochs: int) -> tuple[Result, Result]:
    """Train both sides from one seed, in turns: (packed, plain)."""
    packed = PackTraining([Member(configuration=CONFIGURATION, seed=seed)], dataset, batch_seed=seed, shuffle=False)
    plain = PlainLoop(dataset, seed)
    times = [(_seconds(packed.train_epoch), _seconds(plain.train_epoch)) for _ in range(epochs)]
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


def _seconds(work: Callable[[], None]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


def report(results: Sequence[tuple[Result, Result]], command: str) -> str:
    """Write the table as Markdown."""
    lines = [
        "| way | seeds | validation accuracy | test accuracy | seconds an epoch |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, side in (("pack of one, hand-written gradients, channels-last", 0), ("plain PyTorch loop", 1)):
        rows = [pair[side] for pair in results]
        cells = (
            [row.validation for row in rows],
            [row.test for row in rows],
            [second for row in rows for second in row.epoch_s],
        )
        lines.append(f"| {name} | {len(rows)} | " + " | ".join(_spread(values) for values in cells) + " |")
    ratios = [b / a for ours, theirs in results for a, b in zip(ours.epoch_s, theirs.epoch_s, strict=True)]
    lines += [
        "",
        f"Plain time / packed time, epoch by epoch: {_spread(ratios)} (n = {len(ratios)}). "
        "Mean ± standard deviation throughout; float32.",
        "",
        f"- {describe_machine()}",
        f"- command: `{command}`",
        "",
    ]
    return "\n".join(lines)


def _spread(values: Sequence[float]) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):.4f} ± {deviation:.4f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Train, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with MNIST's files")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each side (default: 3)")
    parser.add_argument("--epochs", type=int, default=10, help="(default: 10)")
    parser.add_argument("--write", type=Path, metavar="DIR", help="also write cnn.md there")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    keep_freed_memory()
    mnist = catalog.load("mnist", options.data_dir)
    dataset = notebook_view(mnist, order_seed=NOTEBOOK_SEED, batch_size=CONFIGURATION.batch_size)
    results = []
    for seed in range(NOTEBOOK_SEED, NOTEBOOK_SEED + options.seeds):
        results.append(compare(dataset, seed, options.epochs))
        print(seed, *results[-1], file=sys.stderr, flush=True)
    text = report(results, "python tests/benchmarks/cnn.py " + " ".join(sys.argv[1:] if argv is None else argv))
    print(text)
    if options.write is not None:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "cnn.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
