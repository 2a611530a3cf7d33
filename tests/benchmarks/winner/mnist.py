"""Find winners on MNIST and on overlapping pairs of its digits, and tell what each search cost.

    python tests/benchmarks/winner/mnist.py --data-dir DIR [--only mlp] [--write results/winner]

Each row is one run of the command line in a space of `spaces/`, on one worker of one core. The accuracy is the report
of the winner: the mean over 8 trainings from fresh seeds, on test images, which decide nothing. The cost is the
processor time of all processes of the run, from start to end. A run that lies in results/runs is not made again, and
goes on if it was stopped. Linux only, as processor time is read from /proc.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from processor_time import ProcessorTime

import packtune
from packtune.machine import describe_machine

ROOT = Path(__file__).parents[3]
SPACES = "tests/benchmarks/winner/spaces"
RUNS = ROOT / "results" / "runs"
ALLOWED_H = 2.0
ONE_BY_ONE = "--pack-size 1 --lookahead 1"
"""Where packs gain nothing, and one worker trains: each trial is judged by all before it."""
HEAD_LINES, SHOWN_ROWS = 4, 20
SPENT = "cpu-seconds.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One row.

    Attributes:
        trials, epochs: of the exploration.
        goal: the accuracy hoped for, in percent.
        packing: options of `packtune run` for packs.
        most_parameters: the largest network that counts; none for any.
    """

    number: int
    name: str
    what: str
    data: str
    trials: int
    epochs: int
    goal: float
    packing: str
    most_parameters: int | None = None

    @property
    def run_name(self) -> str:
        """Name the run."""
        return f"winner-{self.name}"

    def command(self, data_dir: str) -> str:
        """Give the command line of the run."""
        return (
            f"packtune run --data {self.data} --data-dir {data_dir} --space {SPACES}/{self.name}.toml "
            f"--trials {self.trials} --epochs {self.epochs} --halving --finalists 4 --replicates 8 "
            f"--precision auto {self.packing} --workers 1 --name {self.run_name}"
        )


SEARCHES = (
    Search(
        number=1,
        name="mlp",
        what="one hidden layer of at most 128 units",
        data="mnist",
        trials=96,
        epochs=26,
        packing="--pack-size 4",
        goal=98.0,
    ),
    Search(
        number=2,
        name="cnn",
        what="cnn of less than 100,000 parameters",
        data="mnist",
        trials=12,
        epochs=12,
        packing=ONE_BY_ONE,
        goal=99.3,
        most_parameters=99_999,
    ),
    Search(
        number=3,
        name="overlap-mlp",
        what="fully connected",
        data="mnist-overlap",
        trials=16,
        epochs=20,
        packing=ONE_BY_ONE,
        goal=92.5,
    ),
    Search(
        number=4,
        name="overlap-cnn",
        what="cnn",
        data="mnist-overlap",
        trials=16,
        epochs=15,
        packing=ONE_BY_ONE,
        goal=96.5,
    ),
)


def carry_out(search: Search, data_dir: Path) -> float:
    """Begin a search, or go on with one that was stopped: the processor time of all its sessions in CPU-hours."""
    folder = RUNS / search.run_name
    if folder.exists() and not packtune.load(folder).ending.is_open:
        return spent_h(folder)
    words = shlex.split(search.command(shlex.quote(str(data_dir.resolve()))))
    if folder.exists():
        words = ["packtune", "resume", search.run_name]
    processor_time = ProcessorTime()
    try:
        processor_time.run([sys.executable, "-m", *words], ROOT)
    finally:
        if folder.exists():
            with (folder / SPENT).open("a", encoding="utf-8") as file:
                file.write(f"{processor_time.seconds:.1f}\n")
    return spent_h(folder)


def spent_h(folder: Path) -> float:
    """Add up the sessions of a run, in CPU-hours."""
    if not (folder / SPENT).exists():
        sys.exit(f"{folder} was not made by this program, and what it cost is not known: remove it, and search again")
    return sum(map(float, (folder / SPENT).read_text(encoding="utf-8").split())) / 3600


def row_of(search: Search, result: packtune.SearchResult, cost_h: float) -> dict[str, object]:
    """Give the row of a run: accuracies in percent, and the cost in CPU-hours."""
    winner = result.winner
    if winner is None or winner.accuracy is None:
        sys.exit(f"{search.run_name} was not confirmed: packtune resume {search.run_name}")
    accuracy = winner.accuracy
    row = result.leaderboard.set_index("trial").loc[winner.trial]
    small = search.most_parameters is None or row["parameters"] <= search.most_parameters
    held = 100 * accuracy.mean >= search.goal and cost_h <= ALLOWED_H and small
    return {
        "row": search.number,
        "data": search.data,
        "network": search.what,
        "goal": f">= {search.goal:.1f}",
        "test_accuracy": round(100 * accuracy.mean, 3),
        "interval_95": f"{100 * accuracy.low:.2f} to {100 * accuracy.high:.2f}",
        "deviation": round(100 * (accuracy.deviation or 0.0), 3),
        "trainings": accuracy.trainings,
        "held": "yes" if held else "no",
        "cpu_hours": round(cost_h, 3),
        "trials": search.trials,
        "epochs": search.epochs,
        "winner": winner.trial,
        "validation_accuracy": round(100 * winner.validation.joint, 3),
        "parameters": row["parameters"],
        "configuration": ", ".join(f"{name} {_shown(value)}" for name, value in winner.configuration.used().items()),
        "precision": str(result.run.settings.plan.precision),
        "machine": describe_machine(),
        "command": search.command("DIR"),
    }


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def to_markdown(table: pd.DataFrame) -> str:
    """Write the table for people; machines and commands below it."""
    shown = table.drop(columns=["configuration", "precision", "machine", "command"])
    lines = [
        "# Winners on MNIST",
        "",
        "Each row is one search on one core. The test accuracy, in percent, is the mean over fresh trainings of the",
        "winner from seeds of their own; test images decided nothing. Of overlapping digits, both must be right. The",
        "deviation is that between trainings. CPU-hours count the whole run: exploration, selection and report.",
        "",
        *(f"| {' | '.join(map(str, cells))} |" for cells in (shown, ["---"] * len(shown.columns), *shown.values)),
        "",
    ]
    for row in table.to_dict("records"):
        machine = f"{row['machine']}, {row['precision']}"
        lines.append(f"- {row['row']}: {row['configuration']}. {machine}. `{row['command']}`")
    return "\n".join([*lines, ""])


def write(folder: Path, rows: Sequence[dict[str, object]], old: pd.DataFrame) -> None:
    """Put rows in the place of the old ones, and write the first rows of their leaderboards."""
    new = pd.DataFrame(rows)
    kept = old[~old["row"].isin(new["row"])] if len(old) else old
    table = pd.concat([each for each in (kept, new) if len(each)]).sort_values("row")
    (folder / "mnist").mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "mnist.csv", index=False, lineterminator="\n")
    (folder / "mnist.md").write_text(to_markdown(pd.read_csv(folder / "mnist.csv")), encoding="utf-8")
    for search in SEARCHES:
        if search.number in set(new["row"]):
            lines = (RUNS / search.run_name / "leaderboard.md").read_text(encoding="utf-8").splitlines(keepends=True)
            top = "".join(lines[: HEAD_LINES + SHOWN_ROWS])
            (folder / "mnist" / f"{search.name}.md").write_text(top, encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Search, and write the table where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with the four files of MNIST")
    parser.add_argument("--only", nargs="+", choices=[search.name for search in SEARCHES], help="(default: all)")
    parser.add_argument("--write", type=Path, metavar="DIR", help="where mnist.md and mnist.csv go")
    options = parser.parse_args(argv)
    listing = (options.write or ROOT / "results" / "winner") / "mnist.csv"
    old = pd.read_csv(listing) if listing.exists() else pd.DataFrame()
    wanted = [search for search in SEARCHES if not options.only or search.name in options.only]
    rows = []
    for search in wanted:
        cost_h = carry_out(search, options.data_dir)
        rows.append(row_of(search, packtune.load(RUNS / search.run_name), cost_h))
    print(to_markdown(pd.DataFrame(rows)))
    if options.write is not None:
        write(options.write, rows, old)
    return 0


if __name__ == "__main__":
    sys.exit(main())
