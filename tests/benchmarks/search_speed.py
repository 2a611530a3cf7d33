"""Rows 6, 7 and 8: whole searches, from the start of a process to its end, against what people use else.

    python tests/benchmarks/run.py --only 6 7 8 --data-dir MNIST_FOLDER

The other sides are scripts of their own, `plain_tune.py` and `plain_grid.py`; every side runs in a fresh process.
"""

from __future__ import annotations

import contextlib
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import training
from precision import MATRIX
from table import Options, Row, judge

from packtune.data import catalog
from packtune.limits import usable_cpus
from packtune.machine import describe_machine
from packtune.space.catalog import SPACES

HERE = Path(__file__).parent
# The same as PARAM_SPACE of plain_tune.py.
SPACE = """
architecture = "mlp"
batch_size = [32, 64, 128]
hidden_units = { low = 10, high = 128, log = true }
activation = ["relu", "leaky_relu", "tanh", "gelu"]
learning_rate = { low = 0.001, high = 1.0, log = true }
momentum = { low = 0.0, high = 0.99 }
"""
GOOD = 0.978
POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured.

    Attributes:
        trials, plain_trials: of a whole search, ours and Ray Tune's.
        plain_epochs: of Ray Tune's trials where it is only their rate that is measured.
        epochs: of full training.
        repeats: of our side where it is short.
        seeds: searches for a good configuration.
        limit_s: after which Ray Tune's search for one is given up.
        good: validation accuracy to find.
    """

    trials: int = 64
    plain_trials: int = 6
    plain_epochs: int = 4
    epochs: int = 10
    repeats: int = 3
    seeds: int = 5
    limit_s: float = 300
    good: float = GOOD


FULL = Sizes()
QUICK = Sizes(trials=8, plain_trials=2, plain_epochs=1, epochs=1, repeats=1, seeds=1, limit_s=60, good=0.5)


def rows(options: Options) -> list[Row]:
    """Measure the rows that are wanted."""
    sizes = QUICK if options.quick else FULL
    found = []
    if options.wants(6):
        found.append(whole_search(options, sizes))
    if options.wants(7):
        found.append(time_to_good(options, sizes))
    if options.wants(8):
        found += mini_grid(options, sizes)
    return found


def whole_search(options: Options, sizes: Sizes) -> Row:
    """Row 6: trials per minute of a whole search."""
    size = ("--trials", str(sizes.plain_trials), "--epochs", str(sizes.plain_epochs))
    plain, resident = (
        60 * each["epochs"] / sizes.epochs / each["training_s"]
        for each in (run_tune(options, *size), run_tune(options, *size, "--resident"))
    )
    times = [seconds_of(search_command(options, sizes, seed)) for seed in range(sizes.repeats)]
    rates = [60 * sizes.trials / seconds for seconds in times]
    ratios = tuple(rate / plain for rate in rates)
    return Row(
        number=6,
        what=f"whole search on {options.data}: {sizes.trials} trials x {sizes.epochs} epochs, MLP space, two workers, "
        "no early stopping, --precision auto, process start to end: trials per minute",
        against="Ray Tune with its OptunaSearch and a DataLoader trainable, two at once",
        reach=">= 10x",
        values=ratios,
        unit="x",
        held=judge(ratios, at_least=10),
        context=f"{statistics.median(rates):.1f} against {plain:.2f} trials a minute; ours took "
        f"{statistics.median(times):.1f} s; Ray Tune with images as tensors in memory: {resident:.2f}, "
        f"{statistics.median(rates) / resident:.1f}x",
        remark=f"Ray Tune: {sizes.plain_trials} trials of {sizes.plain_epochs} epochs, once each way, counted as "
        f"trials of {sizes.epochs}, its start and end left out; ours: {sizes.repeats} seeds, everything counted",
        machine=describe_machine(),
    )


def time_to_good(options: Options, sizes: Sizes) -> Row:
    """Row 7: time until a good configuration is found and fully trained."""
    times = [find_good(options, sizes, seed) for seed in range(sizes.seeds)]
    plain = [find_good_with_tune(options, sizes, seed) for seed in range(sizes.seeds)]
    middle, plain_middle = statistics.median(times), statistics.median(plain)
    given_up = sum(seconds >= sizes.limit_s for seconds in plain)
    ratios = tuple(plain_middle / seconds for seconds in times)
    start_s = find_good(options, replace(sizes, epochs=1, good=0), seed=0)
    return Row(
        number=7,
        what=f"time until a configuration with validation accuracy >= {sizes.good} is found and fully trained "
        f"({options.data}, {sizes.epochs} epochs, --precision auto)",
        against="Ray Tune with its OptunaSearch and ASHA, median of as many seeds",
        reach=f">= 20x, median of {sizes.seeds} seeds",
        values=ratios,
        unit="x",
        held=judge(ratios, at_least=20),
        context=f"{middle:.1f} s (median of {', '.join(f'{each:.1f}' for each in times)}) against "
        f"{plain_middle:.0f} s (median of {', '.join(f'{each:.0f}' for each in plain)}"
        f"{f'; {given_up} given up' * bool(given_up)})",
        remark=f"of ours {start_s:.1f} s pass until the first pack has been trained for one epoch: "
        f"{plain_middle / start_s:.1f}x if that were enough",
        machine=describe_machine(),
    )


def find_good_with_tune(options: Options, sizes: Sizes, seed: int) -> float:
    """Search with Ray Tune until a fully trained trial is good enough, or the time is up: seconds."""
    size = ("--asha", "--epochs", str(sizes.epochs), "--seed", str(seed))
    found = run_tune(options, *size, "--stop-at", str(sizes.good), "--limit-s", str(sizes.limit_s))
    return sizes.limit_s if found["found_s"] is None else float(found["found_s"])


def mini_grid(options: Options, sizes: Sizes) -> list[Row]:
    """Row 8: the ten configurations of the mini grid, against the barest loop and the loop that courses teach."""
    threads = faster_threads(options)
    commands = [
        grid_command(options, sizes.epochs),
        [*grid_command(options, sizes.epochs), "--precision", "auto"],
        plain_grid(options, sizes.epochs, threads),
        plain_grid(options, sizes.epochs, threads, "--bookkeeping"),
    ]
    times = [tuple(map(seconds_of, commands)) for _ in range(sizes.repeats)]
    middle = [statistics.median(side) for side in zip(*times, strict=True)]
    nothing_s = seconds_of([*grid_command(options, 1), "--trials", "1"])
    least_s = least_seconds(options, sizes.epochs)
    ours = ((0, ""), (1, ", --precision auto"))
    others = (
        (2, "plain PyTorch, one after another in one process, its start counted too", 5),
        (3, "the notebook's way: the same, noting the loss and the accuracy of every mini-batch", 4),
    )
    return [
        Row(
            number=8,
            what=f"the ten-row mini grid on {options.data}, {sizes.epochs} epochs{how}, process start to end",
            against=against,
            reach=f">= {at_least}x",
            values=(ratios := tuple(each[theirs] / each[mine] for each in times)),
            unit="x",
            held=judge(ratios, at_least=at_least),
            context=f"{middle[mine]:.1f} against {middle[theirs]:.1f} s ({threads} threads, the faster way); one trial "
            f"of one epoch takes {nothing_s:.1f} s, nearly all of it start and end",
            remark=""
            if how
            else "bound: at the speed of large float32 products on all cores the arithmetic alone takes "
            f"{least_s:.1f} s, with start and end {least_s + nothing_s:.1f} s: "
            f"{middle[theirs] / (least_s + nothing_s):.1f}x",
            machine=describe_machine(),
        )
        for mine, how in ours
        for theirs, against, at_least in others
    ]


def least_seconds(options: Options, epochs: int) -> float:
    """Give the time of the mini grid's arithmetic at the rate of large float32 products on all cores."""
    dataset = catalog.load(options.data, options.data_dir)
    pixels, images = dataset.description.inputs, len(dataset.train)
    hidden = sum(int(values["hidden_units"]) for values in SPACES["mini-grid"].enumerate())
    # Forward and the weights' gradient of the first layer; those two and the input's gradient of the second.
    work = 2 * epochs * images * hidden * (2 * pixels + 3 * dataset.classes)
    torch.set_num_threads(1)
    left, right = torch.randn(MATRIX, MATRIX), torch.randn(MATRIX, MATRIX)
    seconds = min(training.seconds_of(lambda: torch.mm(left, right)) for _ in range(9))
    return work / (2 * MATRIX**3 / seconds) / usable_cpus()


def faster_threads(options: Options) -> int:
    """Find whether plain PyTorch is faster on one thread or on all."""
    counts = (1, usable_cpus())
    return min(counts, key=lambda threads: seconds_of(plain_grid(options, 1, threads)))


def packtune(*arguments: str) -> list[str]:
    """Give the command that people type."""
    return [str(Path(sys.executable).with_name("packtune")), *arguments]


def data_arguments(options: Options) -> list[str]:
    """Give the options of `packtune run` that name the data set."""
    return ["--data", options.data, *folder_arguments(options)]


def folder_arguments(options: Options) -> list[str]:
    """Give the option that names the folder of the images."""
    return [] if options.data_dir is None else ["--data-dir", str(options.data_dir.absolute())]


def search_command(options: Options, sizes: Sizes, seed: int) -> list[str]:
    """Give the command of row 6; run in a folder that holds space.toml."""
    size = ["--trials", str(sizes.trials), "--epochs", str(sizes.epochs), "--seed", str(seed)]
    how = ["--space", "space.toml", "--no-halving", "--workers", "2", "--precision", "auto"]
    return packtune("run", *data_arguments(options), *how, *size)


def grid_command(options: Options, epochs: int) -> list[str]:
    """Give our command of row 8."""
    return packtune("run", *data_arguments(options), "--space", "mini-grid", "--epochs", str(epochs))


def plain_grid(options: Options, epochs: int, threads: int, *more: str) -> list[str]:
    """Give the other command of row 8."""
    size = ["--epochs", str(epochs), "--threads", str(threads), *more]
    return [sys.executable, str(HERE / "plain_grid.py"), *folder_arguments(options), *size]


@contextlib.contextmanager
def work_folder() -> Iterator[Path]:
    """Make a folder to search in, with the space."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        (Path(name) / "space.toml").write_text(SPACE, encoding="utf-8")
        yield Path(name)


def seconds_of(command: Sequence[str]) -> float:
    """Time a command from its start to its end."""
    with work_folder() as folder:
        start_s = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - start_s


def run_tune(options: Options, *arguments: str) -> dict[str, Any]:
    """Run Ray Tune's side, and read what it found."""
    with work_folder() as folder:
        command = [sys.executable, str(HERE / "plain_tune.py"), *folder_arguments(options), *arguments]
        done = subprocess.run(
            [*command, "--results", str(folder)], cwd=folder, check=True, capture_output=True, text=True
        )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def find_good(options: Options, sizes: Sizes, seed: int) -> float:
    """Search with early stopping until the study holds a fully trained trial that is good enough: seconds."""
    size = ["--trials", "1000", "--epochs", str(sizes.epochs), "--seed", str(seed), "--name", "good"]
    how = ["--space", "space.toml", "--workers", "2", "--precision", "auto"]
    command = packtune("run", *data_arguments(options), *how, *size)
    with work_folder() as folder:
        start_s = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            found_s = watch(process, folder / "results/runs/good/study.journal", sizes.good, start_s + sizes.limit_s)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
    return found_s - start_s


def watch(process: subprocess.Popen[bytes], journal: Path, good: float, until_s: float) -> float:
    """Wait for a good trial in a study's journal, which is written as soon as an outcome is known: its time."""
    while time.perf_counter() < until_s and process.poll() is None:
        if journal.exists() and best_of(journal) >= good:
            return time.perf_counter()
        time.sleep(POLL_S)
    raise RuntimeError(f"no trial reached {good}; best was {best_of(journal) if journal.exists() else 'none'}")


def best_of(journal: Path) -> float:
    """Give the best validation accuracy of a fully trained trial in a study's journal, or -1."""
    best = -1.0
    for line in journal.read_text(encoding="utf-8").splitlines():
        if '"outcome"' in line and '"COMPLETE"' in line:
            with contextlib.suppress(json.JSONDecodeError):  # the last line may not be whole yet
                best = max(best, json.loads(line)["user_attr"]["outcome"]["validation"][0])
    return best
