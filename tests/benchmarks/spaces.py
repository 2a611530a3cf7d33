"""Two spaces at equal time: the test accuracy of the winner of one, less that of the other, from each seed.

    python tests/benchmarks/spaces.py --seeds 20 --write results
    python tests/benchmarks/spaces.py --data mnist --data-dir ../shared/data/mnist --seeds 20 --trials 64

The old space is searched with a number of trials, and timed. The new one is searched with as many to time it too, and
then with as many trials as take the time of the old one. Tables are split anew for each seed. The winner's accuracy is
the estimate on the test split, from fresh seeds. Seconds of both are written beside it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from checkout import make_importable

make_importable()

from sklearn import datasets
from sklearn.model_selection import train_test_split
from table import Held, Row, to_csv, to_markdown

import packtune
from packtune.machine import describe_machine

TABLES = {"wine": datasets.load_wine, "breast cancer": datasets.load_breast_cancer}
DATA = ("digits", *TABLES, "mnist")
TEST_SHARE = 0.2


def search(data: object, space: str, seed: int, trials: int, options: argparse.Namespace) -> tuple[float, float]:
    """Search to the end, confirmation included: seconds, and the test accuracy of the winner, 0 to 1."""
    given = {"data_dir": options.data_dir} if data == "mnist" else {} if data == "digits" else {"target": "target"}
    if options.epochs:
        given["epochs"] = options.epochs
    with tempfile.TemporaryDirectory(prefix="packtune-spaces-") as results:
        started_s = time.perf_counter()
        winner = packtune.search(data, space=space, seed=seed, trials=trials, results=results, **given).winner
        seconds = time.perf_counter() - started_s
    assert winner is not None and winner.test is not None
    return seconds, winner.accuracy.mean if winner.accuracy else winner.test.joint


def compare(data: object, seed: int, options: argparse.Namespace) -> tuple[tuple[float, float], tuple[float, float]]:
    """Search both spaces in about the same time: (seconds, accuracy) of the new one and of the old one."""
    new, old = options.spaces
    of_old = search(data, old, seed, options.trials, options)
    pilot_s, _ = search(data, new, seed, options.trials, options)
    trials = max(1, round(options.trials * of_old[0] / pilot_s))
    return search(data, new, seed, trials, options), of_old


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
    found = [compare(data_of(name, seed), seed, options) for seed in range(options.seeds)]
    differences = tuple(100 * (ours[1] - theirs[1]) for ours, theirs in found)
    seconds, means = ([statistics.mean(pair[side][each] for pair in found) for side in (0, 1)] for each in (0, 1))
    mean = statistics.mean(differences)
    return Row(
        number=number,
        what=f"{name}: test accuracy of the winner of `{new}`, less that of `{old}`",
        against=f"the space `{old}`, equal wall time",
        reach="mean > 0",
        values=differences,
        unit="points",
        held=Held.YES if mean > 0 else Held.NO,
        context=f"mean {means[0]:.4f} against {means[1]:.4f}: {mean:+.2f} points",
        remark=f"{seconds[0]:.0f} s against {seconds[1]:.0f} s a search",
        machine=describe_machine(),
        command=f"python tests/benchmarks/spaces.py --data '{name}' --seeds {options.seeds} --trials {options.trials}",
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", nargs="+", default=[*DATA[:3]], choices=DATA, help="data sets to search")
    parser.add_argument("--data-dir", type=Path, help="folder with MNIST's four files, for mnist")
    parser.add_argument("--spaces", nargs=2, default=["broad", "wide"], metavar=("NEW", "OLD"))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=64, help="of the old space")
    parser.add_argument("--epochs", type=int, help="left out, the default")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="for spaces.csv and spaces.md")
    options = parser.parse_args(argv)
    rows = [row(number, name, options) for number, name in enumerate(options.data, 1)]
    text = to_markdown(rows, title="Two spaces at equal time")
    print(text)
    if options.write:
        (options.write / "spaces.csv").write_text(to_csv(rows), encoding="utf-8")
        (options.write / "spaces.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
