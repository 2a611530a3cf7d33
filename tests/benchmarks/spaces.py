"""Two spaces at equal time: the test accuracy of the winner of one, less that of the other, from each seed.

    python tests/benchmarks/spaces.py --seeds 20 --seconds 60 --write results
    python tests/benchmarks/spaces.py --data mnist --data-dir ../shared/data/mnist --seeds 20 --seconds 1800

Both search the same data with default settings until the time is over. Tables are split anew for each seed. The winner
is the one that is confirmed; its accuracy is the estimate on the test split, over fresh seeds where there are some.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
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
TRIALS = 100_000  # more than the time allows


def winner_accuracy(data: object, space: str, seed: int, options: argparse.Namespace) -> float:
    """Search until the time is over: the test accuracy of the winner, 0 to 1."""
    given = {"data_dir": options.data_dir} if data == "mnist" else {} if data == "digits" else {"target": "target"}
    with tempfile.TemporaryDirectory(prefix="packtune-spaces-") as results:
        winner = packtune.search(
            data,
            space=space,
            seed=seed,
            trials=options.trials,
            epochs=options.epochs,
            time_budget=f"{options.seconds}s",
            results=results,
            **given,
        ).winner
    assert winner is not None and winner.test is not None
    return winner.accuracy.mean if winner.accuracy else winner.test.joint


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
    found: dict[str, list[float]] = {new: [], old: []}
    for seed in range(options.seeds):
        data = data_of(name, seed)
        for space in (new, old) if seed % 2 else (old, new):
            found[space].append(winner_accuracy(data, space, seed, options))
    differences = tuple(100 * (one - other) for one, other in zip(found[new], found[old], strict=True))
    mean = statistics.mean(differences)
    return Row(
        number=number,
        what=f"{name}: test accuracy of the winner of `{new}`, less that of `{old}`, {options.seconds} s each",
        against=f"the space `{old}`, equal wall time",
        reach="mean > 0",
        values=differences,
        unit="points",
        held=Held.YES if mean > 0 else Held.NO,
        context=f"mean {statistics.mean(found[new]):.4f} against {statistics.mean(found[old]):.4f}: {mean:+.2f} points",
        machine=describe_machine(),
        command=f"python tests/benchmarks/spaces.py --data '{name}' --seeds {options.seeds} "
        f"--seconds {options.seconds}",
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", nargs="+", default=[*DATA[:3]], choices=DATA, help="data sets to search")
    parser.add_argument("--data-dir", type=Path, help="folder with MNIST's four files, for mnist")
    parser.add_argument("--spaces", nargs=2, default=["broad", "wide"], metavar=("NEW", "OLD"))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60, help="of each search")
    parser.add_argument("--trials", type=int, default=TRIALS, help="at most so many in a search")
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
