"""Two spaces at equal time: the test accuracy of the winner of one, less that of the other, from each seed.

    python tests/benchmarks/spaces.py --seeds 20 --write spaces.md
    python tests/benchmarks/spaces.py --data mnist --data-dir MNIST_FOLDER --seconds 60 --epochs 3 --seeds 10

Both spaces are searched with the same time budget, confirmation included, one after the other, so that what else the
machine does falls on both. Tables are split anew for each seed. The winner's accuracy is the estimate on the test
split, from fresh seeds. Seconds and finished trials of both are written beside it.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checkout import make_importable

make_importable()

from sklearn import datasets
from sklearn.model_selection import train_test_split
from table import Held, Row, to_markdown

import packtune
from packtune.machine import describe_machine

TABLES = {"wine": datasets.load_wine, "breast cancer": datasets.load_breast_cancer}
DATA = ("digits", *TABLES, "mnist")
COMMAND = "python tests/benchmarks/spaces.py"
TEST_SHARE = 0.2
MOST_TRIALS = 2_000
"""More than the time budget allows."""
LONGER = (1.0, 1.5, 2.0)
"""Time budgets that are tried one after another, in those of `--seconds`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What one search came to.

    Attributes:
        accuracy: of the winner on the test split, 0 to 1.
        trials: that were finished.
    """

    seconds: float
    accuracy: float
    trials: int


def search(data: object, space: str, seed: int, seconds: float, options: argparse.Namespace) -> Searched | None:
    """Search for as long as the time budget lasts, confirmation included; none if that was too short for a winner."""
    given = {"data_dir": options.data_dir} if data == "mnist" else {} if data == "digits" else {"target": "target"}
    if options.epochs:
        given["epochs"] = options.epochs
    with tempfile.TemporaryDirectory(prefix="packtune-spaces-") as results:
        started_s = time.perf_counter()
        result = packtune.search(
            data,
            space=space,
            seed=seed,
            trials=MOST_TRIALS,
            time_budget_s=seconds,
            workers=options.workers,
            results=results,
            **given,
        )
        spent_s, winner = time.perf_counter() - started_s, result.winner
        trials = len(result.leaderboard)
    if winner is None or winner.test is None:
        return None
    accuracy = winner.accuracy.mean if winner.accuracy else winner.test.joint
    return Searched(seconds=spent_s, accuracy=accuracy, trials=trials)


def compare(data: object, seed: int, options: argparse.Namespace) -> tuple[Searched, Searched]:
    """Search both spaces, the new one first where the seed is even; both for longer if one had no winner in time."""
    order = (0, 1) if seed % 2 == 0 else (1, 0)
    for longer in LONGER:
        seconds = longer * options.seconds
        found = {side: search(data, options.spaces[side], seed, seconds, options) for side in order}
        new, old = found[0], found[1]
        if new is not None and old is not None:
            print(f"seed {seed}: {new.accuracy:.4f} against {old.accuracy:.4f} in {seconds:g} s", flush=True)
            return new, old
    raise SystemExit(f"{seconds:g} s are too few for a winner here: give more --seconds")


def data_of(name: str, seed: int) -> object:
    """Give the data of a name; of a table, the split of a seed."""
    if name not in TABLES:
        return name
    frame = TABLES[name](as_frame=True).frame
    train, test = train_test_split(frame, test_size=TEST_SHARE, stratify=frame["target"], random_state=seed)
    return {"train": train.reset_index(drop=True), "test": test.reset_index(drop=True)}


def row(number: int, name: str, options: argparse.Namespace) -> Row:
    """Compare the spaces on one data set."""
    new, old = options.spaces
    found = [compare(data_of(name, seed), seed, options) for seed in _seeds(options)]
    differences = tuple(100 * (ours.accuracy - theirs.accuracy) for ours, theirs in found)
    mean = statistics.mean(differences)
    error = statistics.stdev(differences) / math.sqrt(len(found)) if len(found) > 1 else math.nan
    means, seconds, trials = (
        [statistics.mean(getattr(pair[side], each) for pair in found) for side in (0, 1)]
        for each in ("accuracy", "seconds", "trials")
    )
    return Row(
        number=number,
        what=f"{name}: test accuracy of the winner of `{new}`, less that of `{old}`",
        against=f"the space `{old}`, equal wall time",
        reach="mean > 0",
        values=differences,
        unit="points",
        held=Held.YES if mean > 0 else Held.NO,
        context=f"mean {means[0]:.4f} against {means[1]:.4f}: {mean:+.2f} points, standard error {error:.2f}",
        remark=f"{seconds[0]:.0f} and {seconds[1]:.0f} s a search; {trials[0]:.0f} and {trials[1]:.0f} trials",
        machine=describe_machine(),
        command=f"{COMMAND} --data '{name}' --seeds {options.seeds} --seconds {options.seconds:g}"
        + (f" --first-seed {options.first_seed}" if options.first_seed else "")
        + (f" --epochs {options.epochs}" if options.epochs else ""),
    )


def _seeds(options: argparse.Namespace) -> range:
    return range(options.first_seed, options.first_seed + options.seeds)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", nargs="+", default=[*DATA[:3]], choices=DATA, help="data sets to search")
    parser.add_argument("--data-dir", type=Path, help="folder with MNIST's four files, for mnist")
    parser.add_argument("--spaces", nargs=2, default=["wide", "sgd"], metavar=("NEW", "OLD"))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=30.0, help="time budget of each search")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="left out, the default")
    parser.add_argument("--write", type=Path, metavar="FILE", help="Markdown file for the table")
    options = parser.parse_args(argv)
    rows = [row(number, name, options) for number, name in enumerate(options.data, 1)]
    text = to_markdown(rows, title="Two spaces at equal time")
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
