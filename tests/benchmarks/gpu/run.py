"""Measure packs on a GPU against one plain PyTorch trial on the same GPU, and a CNN's way to 99% test accuracy.

    python tests/benchmarks/gpu/run.py --data-dir MNIST_FOLDER

Needs PyTorch, NumPy, a CUDA GPU and this checkout: neither Ray nor Optuna, and nothing need be installed. Writes
results/gpu.md and results/gpu.csv. With `--device cpu --quick` the same code runs on a processor in seconds, on noise
if no folder is given, and writes nothing unless told where: a check of the benchmark, not a measurement.
"""

from __future__ import annotations

import argparse
import platform
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the table and the way to a checkout are the other benchmarks'
from checkout import make_importable

make_importable()

import torch
from measure import measure
from plan import FULL, QUICK, Plan, blank_rows
from table import Row, to_csv, to_markdown

from packtune.data.dataset import Dataset, Split
from packtune.data.description import digit_heads
from packtune.data.sets import mnist
from packtune.errors import DataError

ROOT = Path(__file__).parents[3]
COMMAND = "python tests/benchmarks/gpu/run.py --data-dir MNIST_FOLDER"
TITLE = "Packs on a GPU"
NO_CUDA = "This benchmark needs a CUDA GPU, and PyTorch finds none here"


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data-dir", type=Path, help="folder with MNIST's four files")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="(default: cuda)")
    parser.add_argument("--quick", action="store_true", help="small packs, few steps: only whether it runs")
    parser.add_argument("--blank", action="store_true", help="measure nothing: print the table of what would be")
    parser.add_argument("--write", type=Path, metavar="DIR", help="where gpu.md and gpu.csv go (default: results)")
    options = parser.parse_args(argv)
    if options.data_dir is None and not (options.quick or options.blank):
        parser.error("--data-dir is missing: give the folder with MNIST's four files")
    if options.device == "cpu" and not options.quick:
        parser.error("--device cpu is only for --quick: a processor would take days for the rest")
    return options


def load_images(data_dir: Path | None) -> Dataset:
    """Load MNIST, or noise of its shape where no folder is given.

    Raises:
        DataError: the folder lacks a file, or a file is not the original.
    """
    if data_dir is not None:
        return mnist.load(data_dir)
    generator = torch.Generator().manual_seed(0)
    split = Split(
        inputs=torch.randint(256, (640, 1, 28, 28), generator=generator, dtype=torch.uint8),
        labels=torch.randint(10, (640, 1), generator=generator),
    )
    return Dataset(name="noise", train=split, validation=split, test=split, heads=digit_heads("digit"))


def describe(device: torch.device) -> str:
    """Name the device and the versions."""
    versions = f"Python {platform.python_version()}, PyTorch {torch.__version__}, {platform.system()}"
    if device.type != "cuda":
        return f"a processor, one thread; {versions}"
    properties = torch.cuda.get_device_properties(device)
    return (
        f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB; {versions}, CUDA {torch.version.cuda}, "
        f"cuDNN {torch.backends.cudnn.version()}"
    )


def run(plan: Plan, dataset: Dataset, device: torch.device) -> Iterator[list[Row]]:
    """Measure all rows, and give the whole table after each. The rows that are still to be measured were not run."""
    rows, blank = [], blank_rows(plan)
    try:
        for row in measure(plan, dataset, device):
            rows.append(row)
            _say(f"{len(rows)}: {row.what}: {row.measured} (reach {row.reach}: {row.held}) {row.remark}")
            yield [*rows, *blank[len(rows) :]]
    except Exception as error:
        traceback.print_exc()
        failed, *rest = blank[len(rows) :]
        yield [*rows, replace(failed, remark=f"failed: {type(error).__name__}"), *rest]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and write it where asked."""
    options = parse(argv)
    if options.device == "cuda" and not (options.blank or torch.cuda.is_available()):
        _say(f"{NO_CUDA} (PyTorch {torch.__version__}). Run it on a machine with one, or check the code here with")
        _say("--device cpu --quick.")
        return 2
    device, plan = torch.device(options.device), QUICK if options.quick else FULL
    command = COMMAND if not options.quick else f"{COMMAND} --quick --device {device}"
    folder = options.write or (None if options.quick or options.blank else ROOT / "results")
    if options.blank:
        tables, machine = iter([blank_rows(plan)]), "no GPU was at hand"
    else:
        if device.type == "cpu":
            torch.set_num_threads(1)
        try:
            dataset = load_images(options.data_dir)
        except DataError as error:
            _say(str(error))
            return 2
        tables, machine = run(plan, dataset, device), describe(device)
    for table in tables:
        rows = [replace(row, number=number, machine=machine, command=command) for number, row in enumerate(table, 1)]
        write(rows, folder)
    print(to_markdown(rows, title=TITLE))
    return 1 if any(row.remark.startswith("failed") for row in rows) else 0


def write(rows: Sequence[Row], folder: Path | None) -> None:
    """Write the table to a folder, if one is given."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "gpu.md").write_text(to_markdown(rows, title=TITLE), encoding="utf-8")
        (folder / "gpu.csv").write_text(to_csv(rows), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
