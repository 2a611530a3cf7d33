"""Data of the user's own: how long the first command takes, and what its winner is worth.

    python tests/benchmarks/own_data.py --data-dir ../shared/data/mnist --write results

Row 1 is the whole command on 5,000 of MNIST's digits as PNG files in a folder for each class, from its start to its
end. Rows 2 to 4 set the winner of a search with default settings, as `--retrain` exports it, against scikit-learn's
MLPClassifier. The latter is found by RandomizedSearchCV in the time that ours took, both on all processors. Both learn
from the same rows, and are tested on the same others, which are drawn anew for each split.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

from checkout import make_importable

make_importable()

import pandas as pd
from PIL import Image
from scipy.stats import loguniform
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import RandomizedSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from table import Held, Row, judge, to_csv, to_markdown

import packtune
from packtune.data.catalog import load
from packtune.limits import usable_cpus
from packtune.machine import describe_machine

TABLES = {"wine": datasets.load_wine, "breast cancer": datasets.load_breast_cancer, "digits": datasets.load_digits}
TEST_SHARE = 0.2
CHOICES = {
    "mlpclassifier__hidden_layer_sizes": [(16,), (64,), (256,), (1024,), (64, 64), (256, 256)],
    "mlpclassifier__activation": ["relu", "tanh", "logistic"],
    "mlpclassifier__alpha": loguniform(1e-6, 1e-1),
    "mlpclassifier__learning_rate_init": loguniform(1e-4, 1e-1),
    "mlpclassifier__batch_size": [16, 32, 64],
    "mlpclassifier__early_stopping": [False, True],
}
DRAWS = 4
"""Configurations that scikit-learn tries between two looks at the clock."""


def write_pictures(data_dir: Path, folder: Path, n: int) -> None:
    """Write MNIST's first n training images into ten folders."""
    train = load("mnist", data_dir).train.first(n)
    for number, (image, label) in enumerate(zip(train.inputs[:, 0].numpy(), train.labels[:, 0].tolist(), strict=True)):
        (folder / str(label)).mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"{number:05}.png")


def time_command(data_dir: Path, n: int) -> tuple[float, str]:
    """Time the command on pictures: seconds from its start to its end, and what it says of its winner."""
    with tempfile.TemporaryDirectory(prefix="packtune-own-") as scratch:
        pictures = Path(scratch, "digits")
        pictures.mkdir()
        write_pictures(data_dir, pictures, n)
        command = [sys.executable, "-m", "packtune", "run", "--data", str(pictures), "--results", scratch]
        started_s = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=scratch)
        seconds = time.perf_counter() - started_s
    return seconds, " ".join(line.strip() for line in done.stdout.splitlines() if "expected accuracy" in line)


def command_row(data_dir: Path | None, n: int, repeats: int) -> Row:
    """Put the time of the command into a row."""
    measured = [] if data_dir is None else [time_command(data_dir, n) for _ in range(repeats)]
    seconds = tuple(each for each, _ in measured)
    return Row(
        number=1,
        what=f"{n:,} images of 28x28 in class folders: command to leaderboard, {usable_cpus()} processors",
        against="",
        reach="< 60 s",
        values=seconds,
        unit="s",
        held=judge(seconds, at_most=60) if seconds else Held.NOT_RUN,
        context=measured[-1][1] if measured else "needs --data-dir",
        machine=describe_machine(),
        command=f"python tests/benchmarks/own_data.py --only 1 --images {n} --repeats {repeats} --data-dir mnist",
    )


def search_ours(train: pd.DataFrame, test: pd.DataFrame, trials: int | None) -> tuple[float, float, float]:
    """Search with default settings, and train the winner once more on all but the test rows, as theirs is.

    Returns:
        Seconds; the test accuracy of that model; and the expected one that the search gives, of trainings without the
        validation rows.
    """
    with tempfile.TemporaryDirectory(prefix="packtune-own-") as results:
        started_s = time.perf_counter()
        given = {"train": train, "test": test}
        winner = packtune.search(given, target="target", trials=trials, results=results).winner
        assert winner is not None and winner.accuracy is not None
        winner.export(Path(results, "winner.pt"), retrain=True)
        seconds = time.perf_counter() - started_s
        file = Path(results, "test.csv")
        test.drop(columns="target").to_csv(file, index=False)
        labels = packtune.predict(Path(results, "winner.pt"), file).labels["target"]
    right = labels.astype(str).to_numpy() == test["target"].astype(str).to_numpy()
    return seconds, float(right.mean()), winner.accuracy.mean


def search_theirs(train: pd.DataFrame, test: pd.DataFrame, budget_s: float, seed: int) -> tuple[int, float]:
    """Try configurations of an MLPClassifier until the time is over: how many, and the test accuracy of the best."""
    x, y = train.drop(columns="target"), train["target"]
    until_s, rounds, best = time.perf_counter() + budget_s, 0, None
    while best is None or time.perf_counter() < until_s:
        model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=200, random_state=seed))
        found = RandomizedSearchCV(
            model, CHOICES, n_iter=DRAWS, n_jobs=usable_cpus(), random_state=seed * 1000 + rounds
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found.fit(x, y)
        rounds += 1
        best = found if best is None or found.best_score_ > best.best_score_ else best
    return rounds * DRAWS, best.score(test.drop(columns="target"), test["target"])


def winner_row(number: int, name: str, splits: int, trials: int | None) -> Row:
    """Set our winner against theirs on several splits of a table."""
    frame = TABLES[name](as_frame=True).frame
    differences, ours, expected, theirs, seconds, tried = [], [], [], [], [], []
    for seed in range(splits):
        train, test = train_test_split(frame, test_size=TEST_SHARE, stratify=frame["target"], random_state=seed)
        spent_s, reached, promised = search_ours(train.reset_index(drop=True), test.reset_index(drop=True), trials)
        n, known = search_theirs(train, test, spent_s, seed)
        differences.append(100 * (reached - known))
        rows = ((ours, reached), (expected, promised), (theirs, known), (seconds, spent_s), (tried, n))
        for column, value in rows:
            column.append(value)
    mean = statistics.mean(differences)
    return Row(
        number=number,
        what=f"{name}: test accuracy of the winner, less that of the other, each split alone",
        against="MLPClassifier with RandomizedSearchCV, equal wall time",
        reach="mean >= 0",
        values=tuple(differences),
        unit="points",
        held=Held.YES if mean >= 0 else Held.NO,
        context=f"mean {statistics.mean(ours):.4f} against {statistics.mean(theirs):.4f}: {mean:+.2f} points",
        remark=f"{statistics.mean(seconds):.0f} s each; they tried {statistics.mean(tried):.0f} configurations; our "
        f"trainings without the validation rows are expected to reach {statistics.mean(expected):.4f}",
        machine=describe_machine(),
        command=f"python tests/benchmarks/own_data.py --only {number} --splits {splits}"
        + (f" --trials {trials}" if trials else ""),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", type=int, nargs="+", default=[1, 2, 3, 4], metavar="N", help="rows to measure")
    parser.add_argument("--data-dir", type=Path, help="folder with MNIST's four files, for row 1")
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=3, help="of row 1")
    parser.add_argument("--splits", type=int, default=10, help="of rows 2 to 4")
    parser.add_argument("--trials", type=int, help="of rows 2 to 4; left out, the default")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="for own-data.csv and own-data.md")
    options = parser.parse_args(argv)
    rows = [command_row(options.data_dir, options.images, options.repeats)] if 1 in options.only else []
    for number, name in enumerate(TABLES, 2):
        if number in options.only:
            rows.append(winner_row(number, name, options.splits, options.trials))
    text = to_markdown(rows, title="Data of one's own")
    print(text)
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "own-data.csv").write_text(to_csv(rows), encoding="utf-8")
        (options.write / "own-data.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
