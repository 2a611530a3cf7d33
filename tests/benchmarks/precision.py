"""Rows 3 and 4: how near packs come to what a core can do, and what bfloat16 products gain and cost.

    python tests/benchmarks/run.py --only 3 4 --data-dir MNIST_FOLDER

One thread; all sides of a row take turns.
"""

from __future__ import annotations

import statistics

import torch
from table import Held, Options, Row, judge
from training import load_images, time_in_turns

from packtune.data import catalog
from packtune.data.dataset import Dataset
from packtune.machine import describe_machine
from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision, fastest_precision, processor_has_bfloat16
from packtune.models.training.pack_training import Member, PackTraining

UNITS = 512  # K * hidden
MATRIX = 2048  # side of the product that shows what the core can do
REPEATS = 9
STEPS = 200
BATCH_SIZES = (32, 64, 128, 512)
SEEDS = 10
EPOCHS = 3
MIN_GAIN = 1.4
MOST_LOST = 0.001  # 0.1 point of accuracy


def rows(options: Options) -> list[Row]:
    """Measure the rows that are wanted."""
    torch.set_num_threads(1)
    repeats, steps = (3, STEPS // 10) if options.quick else (REPEATS, STEPS)
    found = []
    if options.wants(3):
        found += [measure_rate(options, size, hidden, repeats, steps) for size, hidden in ((4, 128), (16, 32))]
    if options.wants(4):
        accuracy = compare_accuracy(options)
        found += [measure_gain(options, batch_size, repeats, steps, accuracy) for batch_size in BATCH_SIZES]
    return found


def pack_of(size: int, hidden: int, batch_size: int, dataset: Dataset, precision: Precision) -> PackTraining:
    """Make a pack of plain SGD members."""
    configuration = Configuration(hidden_units=hidden, batch_size=batch_size)
    members = [Member(configuration=configuration, seed=seed) for seed in range(size)]
    return PackTraining(members, dataset, batch_seed=0, precision=precision)


def measure_rate(options: Options, size: int, hidden: int, repeats: int, steps: int) -> Row:
    """Hold a pack's arithmetic against a large product of the same core."""
    dataset = load_images(options.data_dir, steps * 32)
    pack = pack_of(size, hidden, 32, dataset, Precision.FLOAT32)
    left, right = torch.randn(MATRIX, MATRIX), torch.randn(MATRIX, MATRIX)
    times = time_in_turns(pack.train_epoch, lambda: torch.mm(left, right), repeats)
    # Forward and the weights' gradient of the first layer; those two and the input's gradient of the second.
    work = steps * size * hidden * 2 * 32 * (2 * dataset.description.inputs + 3 * dataset.classes)
    rates = [(work / ours / 1e9, 2 * MATRIX**3 / whole / 1e9) for ours, whole in times]
    shares = tuple(100 * ours / whole for ours, whole in rates)
    ours, whole = (statistics.median(side) for side in zip(*rates, strict=True))
    return Row(
        number=3,
        what=f"arithmetic rate of packed training, batch 32, K = {size}, hidden {hidden}: forward, backward, update",
        against=f"the core's own float32 product of {MATRIX} x {MATRIX} matrices",
        reach=">= 70 %",
        values=shares,
        unit="%",
        held=judge(shares, at_least=70),
        context=f"{ours:.0f} of {whole:.0f} GFLOP/s",
        machine=describe_machine(),
    )


def measure_gain(options: Options, batch_size: int, repeats: int, steps: int, accuracy: str) -> Row:
    """Time float32 and bfloat16 products in turns."""
    dataset = load_images(options.data_dir, max(2, steps * 32 // batch_size) * batch_size)
    low, full = (pack_of(4, 128, batch_size, dataset, p) for p in (Precision.BFLOAT16, Precision.FLOAT32))
    values = tuple(b / a for a, b in time_in_turns(low.train_epoch, full.train_epoch, repeats))
    auto = fastest_precision(Device.CPU).where_it_pays(Configuration(batch_size=batch_size))
    remark = f"--precision auto takes {auto} here; {accuracy}"
    if not processor_has_bfloat16():
        remark = f"this processor has no bfloat16 products; {remark}"
    elif statistics.median(values) < 1:
        remark = f"this processor multiplies bfloat16 slower than float32; {remark}"
    elif statistics.median(values) < MIN_GAIN:
        remark += (
            ". Bound by the float32 weights: rounding them, adding the gradient to them and both products' reading are "
            "each a pass over 1.6 MB, more than the second-level cache holds, for 26 million multiplications"
        )
    return Row(
        number=4,
        what=f"bfloat16 products with float32 weights, K = 4, hidden 128, batch {batch_size}",
        against="float32 packs",
        reach=f">= {MIN_GAIN}x",
        values=values,
        unit="x",
        held=judge(values, at_least=MIN_GAIN) if processor_has_bfloat16() else Held.NO,
        remark=remark,
        machine=describe_machine(),
    )


def compare_accuracy(options: Options) -> str:
    """Train the same seeds both ways, and put their accuracies in words."""
    seeds, epochs = (3, 1) if options.quick else (SEEDS, EPOCHS)
    dataset = catalog.load(options.data, options.data_dir)
    accuracies = []
    for precision in (Precision.BFLOAT16, Precision.FLOAT32):
        pack = pack_of(seeds, 128, 32, dataset, precision)
        for _ in range(epochs):
            pack.train_epoch()
        accuracies.append([evaluation.accuracy for evaluation in pack.evaluate(dataset.test)])
    lost = [full - low for low, full in zip(*accuracies, strict=True)]
    low, full = (statistics.fmean(side) for side in accuracies)
    error = statistics.stdev(lost) / len(lost) ** 0.5
    verdict = "within" if abs(full - low) <= MOST_LOST else "NOT within"
    return (
        f"test accuracy at batch 32 over {seeds} seeds, {epochs} epochs: {100 * low:.2f} % against {100 * full:.2f} %, "
        f"difference {100 * (low - full):+.2f} ± {100 * error:.2f} points ({verdict} 0.1)"
    )
