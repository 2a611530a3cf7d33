"""Measure packed training, per trial, against a plain PyTorch loop over the same images.

    python tests/benchmarks/training.py --data-dir MNIST_FOLDER --write results

Both sides run on one thread and take turns in the same run, so that other work on the machine slows both. The
plain loop gets its images as float32 in memory already; the pack scales its own from bytes. Prints a Markdown
table; what one run shows holds for the machine and the versions named below it.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from a checkout that need not be installed

from data import catalog
from data.dataset import PIXEL_SCALE, Dataset, Split
from data.errors import DataError
from models.catalog import build_network
from models.configuration import Configuration
from models.training import Member, PackTraining

pack_capacity: Callable[[Configuration, str], int] | None
try:
    from search.packing import pack_capacity
except ImportError:  # without what `search` needs, the training itself can still be measured
    pack_capacity = None

BATCH_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One network, measured in packs of several sizes.

    Attributes:
        name: for the table.
        configuration: of every member; their seeds differ.
        sizes: members in a pack, from small to large.
        steps: mini-batches in one repeat.
    """

    name: str
    configuration: Configuration
    sizes: tuple[int, ...]
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured of one pack size.

    Attributes:
        case: the network.
        size: members in the pack.
        packed_us, plain_us: microseconds for one step of one trial, one value a repeat.
    """

    case: Case
    size: int
    packed_us: tuple[float, ...]
    plain_us: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times faster the pack is, repeat by repeat."""
        return tuple(plain / packed for plain, packed in zip(self.plain_us, self.packed_us, strict=True))


CASES = (
    Case(name="784-10-10", configuration=Configuration(hidden_units=10), sizes=(1, 2, 4, 8, 16, 32), steps=200),
    Case(name="784-32-10", configuration=Configuration(hidden_units=32), sizes=(1, 4, 8, 16), steps=200),
    Case(name="784-128-10", configuration=Configuration(hidden_units=128), sizes=(1, 2, 4, 8), steps=200),
    Case(
        name="cnn",
        configuration=Configuration(architecture="cnn", hidden_units=128, dropout=0.5, learning_rate=0.01),
        sizes=(1, 2),
        steps=10,
    ),
)


class PlainLoop:
    """The loop that people write: one network, one optimizer, autograd."""

    def __init__(self, configuration: Configuration, dataset: Dataset) -> None:
        self._images = dataset.train.images.unsqueeze(1).to(torch.float32) / PIXEL_SCALE
        self._labels = dataset.train.labels[:, 0]
        self._network = build_network(
            configuration, height=dataset.height, width=dataset.width, outputs=dataset.classes, seed=0
        )
        self._optimizer = torch.optim.SGD(self._network.parameters(), lr=configuration.learning_rate)
        self._order = torch.Generator().manual_seed(0)

    def train_epoch(self) -> None:
        """Walk once through the images in a new order."""
        for batch in torch.randperm(len(self._images), generator=self._order).split(BATCH_SIZE):
            self._optimizer.zero_grad()
            functional.cross_entropy(self._network(self._images[batch]), self._labels[batch]).backward()
            self._optimizer.step()


def measure(case: Case, size: int, dataset: Dataset, repeats: int) -> Row:
    """Time epochs of a pack and of the plain loop in turns, after one of each that does not count."""
    dataset = replace(dataset, train=dataset.train.first(case.steps * BATCH_SIZE))
    members = [Member(configuration=case.configuration, seed=seed) for seed in range(size)]
    pack = PackTraining(members, dataset, batch_seed=0)
    plain = PlainLoop(case.configuration, dataset)
    pack.train_epoch()
    plain.train_epoch()
    times = [(_seconds(pack.train_epoch), _seconds(plain.train_epoch)) for _ in range(repeats)]
    return Row(
        case=case,
        size=size,
        packed_us=tuple(1e6 * packed / case.steps / size for packed, _ in times),
        plain_us=tuple(1e6 * alone / case.steps for _, alone in times),
    )


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def load_images(data_dir: Path | None, n: int) -> Dataset:
    """Load at least `n` training images: MNIST from `data_dir`, else scikit-learn's digits repeated, else noise."""
    try:
        dataset = catalog.load("digits" if data_dir is None else "mnist", data_dir)
    except DataError:
        if data_dir is not None:
            raise
        dataset = _noise(n)
    places = torch.arange(max(n, len(dataset.train))) % len(dataset.train)
    return replace(dataset, train=dataset.train.take(places))


def _noise(n: int) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    split = Split(
        images=torch.randint(256, (n, 28, 28), generator=generator, dtype=torch.uint8),
        labels=torch.randint(10, (n, 1), generator=generator),
    )
    return Dataset(name="noise", train=split, validation=split, test=split, head_names=("digit",))


def capacity_of(case: Case) -> int | None:
    """Give the pack size that a search chooses by itself on a processor, if `search` can be imported."""
    return None if pack_capacity is None else pack_capacity(case.configuration, "cpu")


def find_faster_smaller(rows: Sequence[Row], case: Case) -> Row | None:
    """Find a pack smaller than the chosen one that was faster per trial in every repeat, beyond all spread."""
    capacity = capacity_of(case)
    allowed = [row for row in rows if row.case is case and capacity is not None and row.size <= capacity]
    if not allowed:
        return None
    chosen = max(allowed, key=lambda row: row.size)
    faster = [row for row in allowed if max(row.packed_us) < min(chosen.packed_us)]
    return min(faster, key=lambda row: statistics.median(row.packed_us), default=None)


def _spread(values: Sequence[float], digits: int) -> str:
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _remark(row: Row, rows: Sequence[Row]) -> str:
    capacity = capacity_of(row.case)
    if capacity is None:
        return "not known"
    faster = find_faster_smaller(rows, row.case)
    largest = max(other.size for other in rows if other.case is row.case and other.size <= capacity)
    if faster is not None and row.size == largest:
        return f"{capacity}; SLOWER than a pack of {faster.size}"
    return str(capacity)


def format_report(rows: Sequence[Row], dataset: Dataset, command: str) -> str:
    """Write the table and what it was measured on, in Markdown."""
    lines = [
        "# Packed training against a plain PyTorch loop",
        "",
        "Microseconds for one step of one trial: median (min to max).",
        "",
        "| network | pack size | pack | plain loop | times faster | n | `--pack-size auto` |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    lines += [
        f"| {row.case.name} | {row.size} | {_spread(row.packed_us, 0)} | {_spread(row.plain_us, 0)} "
        f"| {_spread(row.ratios, 2)} | {len(row.ratios)} | {_remark(row, rows)} |"
        for row in rows
    ]
    lines += ["", *(f"- {fact}" for fact in _facts(dataset)), f"- command: `{command}`", ""]
    return "\n".join(lines)


def _facts(dataset: Dataset) -> list[str]:
    return [
        f"images: {dataset.name}, batch size {BATCH_SIZE}, plain SGD, float32",
        f"processor: {_processor()}, {os.cpu_count()} cores, 1 thread used",
        f"Python {platform.python_version()}, PyTorch {torch.__version__}, {platform.system()}",
    ]


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    names = listing.read_text().splitlines() if listing.is_file() else []
    models = [line.partition(":")[2].strip() for line in names if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def format_csv(rows: Sequence[Row]) -> str:
    """Write every repeat of every row, as comma-separated values."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["network", "pack_size", "repeat", "packed_us", "plain_us"])
    for row in rows:
        for repeat, (packed, plain) in enumerate(zip(row.packed_us, row.plain_us, strict=True)):
            writer.writerow([row.case.name, row.size, repeat, f"{packed:.3f}", f"{plain:.3f}"])
    return text.getvalue()


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data-dir", type=Path, help="folder with MNIST's files (default: scikit-learn's digits)")
    parser.add_argument("--repeats", type=int, default=9, help="how often each side is timed (default: 9)")
    parser.add_argument("--quick", action="store_true", help="few repeats of few steps: only whether it runs")
    parser.add_argument("--write", type=Path, metavar="DIR", help="also write benchmarks.md and benchmarks.csv there")
    options = parser.parse_args(argv)
    if options.repeats < 1:
        parser.error(f"--repeats {options.repeats} is not allowed: it must be at least 1")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Measure all cases, print the table, and write it where asked."""
    options = parse(argv)
    torch.set_num_threads(1)
    repeats = min(options.repeats, 3) if options.quick else options.repeats
    cases = [replace(case, steps=max(2, case.steps // 10)) for case in CASES] if options.quick else list(CASES)
    dataset = load_images(options.data_dir, max(case.steps for case in cases) * BATCH_SIZE)
    rows = [measure(case, size, dataset, repeats) for case in cases for size in case.sizes]
    arguments = " ".join(sys.argv[1:] if argv is None else argv)
    report = format_report(rows, dataset, f"python tests/benchmarks/training.py {arguments}".rstrip())
    print(report)
    if options.write is not None:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "benchmarks.md").write_text(report, encoding="utf-8")
        (options.write / "benchmarks.csv").write_text(format_csv(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
