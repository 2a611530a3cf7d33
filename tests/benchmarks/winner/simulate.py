"""Simulate searches of known truth, confirm their winners with packtune's own code, and compare report and truth.

    python tests/benchmarks/winner/simulate.py

Needs NumPy and SciPy; one thread, about an hour. Writes results/winner/simulation.md and simulation.csv. With `--quick`
it makes few searches, and writes nothing unless told where: a check of the benchmark, not a measurement.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the table and the way to a checkout are the other benchmarks'
from checkout import make_importable

make_importable()

import collapses
import numpy as np
from numpy.typing import NDArray
from probit import CONFIGURATIONS, Cell, Floats, Search, Seeds
from selecting import confirm
from table import Held, Row, to_csv, to_markdown

from packtune.confirmation.estimate import estimate_accuracy
from packtune.confirmation.sizes import Sizes, choose_sizes
from packtune.machine import describe_machine

ROOT = Path(__file__).parents[3]
COMMAND = "python tests/benchmarks/winner/simulate.py"
SEARCHES = 4_000  # of each cell
SPENT = (64, 192)  # full trainings that exploration cost: as many as there are configurations, and three times as many
SPREADS = (0.0, 0.05, 0.2)
SEEDS = (Seeds(noise=0.03), Seeds(noise=0.1), Seeds(noise=0.1, unequal=0.7))
REPORTS = {270: 16, 10000: 4}  # test images: reports a search, each from fresh seeds on fresh images
CELLS = [
    Cell(spread=spread, seeds=seeds, validation=validation, resampled=validation == 270)
    for validation, seeds, spread in itertools.product((270, 1000, 6000), SEEDS, SPREADS)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one search found; accuracies are shares.

    Attributes:
        naive: the best score of exploration less the true accuracy of its configuration.
        gain: the true accuracy of the winner less that of exploration's best.
        regret: the true accuracy of the best finalist less the winner's.
        holds: whether the best finalist is in the tie set.
        ties: finalists in the tie set.
        errors: of reports, by number of test images; the luck of the draw that can be known is taken out.
        covered: which intervals held the truth, by number of test images.
    """

    naive: float
    gain: float
    regret: float
    holds: bool
    ties: int
    errors: dict[int, Floats]
    covered: dict[int, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What all searches of a cell found.

    Attributes:
        test_images: of the reports.
    """

    cell: Cell
    test_images: int
    found: Sequence[Found]

    def mean(self, name: str) -> tuple[float, float]:
        """Give the mean of an attribute of all searches, and its standard error."""
        values = np.array([getattr(found, name) for found in self.found], dtype=float)
        return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))

    @property
    def bias(self) -> tuple[float, float]:
        """The mean of reported less true accuracy, and its standard error."""
        errors = np.concatenate([found.errors[self.test_images] for found in self.found])
        return float(errors.mean()), float(errors.std(ddof=1) / math.sqrt(len(errors)))

    @property
    def coverage(self) -> float:
        """How many of the reports' intervals held the truth, 0 to 1."""
        return float(np.concatenate([found.covered[self.test_images] for found in self.found]).mean())


def search_once(cell: Cell, sizes: Sizes, rng: np.random.Generator, reports: dict[int, int]) -> Found:
    """Explore, select and report; the report is repeated, as it varies more than the rest."""
    search = Search(cell, rng)
    scores = search.explore()
    configurations, judgement = confirm(search, sizes, scores)
    winner, ties = judgement.winner, judgement.ties
    truth = search.truth[configurations]
    errors: dict[int, Floats] = {}
    covered: dict[int, NDArray[np.bool_]] = {}
    for images, n in reports.items():
        tests = [search.test(int(configurations[winner]), repeats=sizes.replicates, images=images) for _ in range(n)]
        estimates = [estimate_accuracy(test) for test, _ in tests]
        lucks = np.array([luck for _, luck in tests])
        errors[images] = np.array([estimate.mean for estimate in estimates]) - truth[winner] - lucks
        covered[images] = np.array([e.low <= truth[winner] <= e.high for e in estimates])
    return Found(
        naive=float(scores.max() - truth[0]),
        gain=float(truth[winner] - truth[0]),
        regret=float(truth.max() - truth[winner]),
        holds=bool(truth[list(ties)].max() == truth.max()),
        ties=len(ties),
        errors=errors,
        covered=covered,
    )


def simulate(cells: Sequence[Cell], sizes: Sizes, searches: int, reports: dict[int, int]) -> Iterator[Summary]:
    """Make the searches of all cells; each cell has random numbers of its own."""
    for number, cell in enumerate(cells):
        rng = np.random.default_rng([number, sizes.trainings])
        found = [search_once(cell, sizes, rng, reports) for _ in range(searches)]
        print(f"  {number + 1} of {len(cells)} cells", file=sys.stderr, flush=True)
        yield from (Summary(cell=cell, test_images=images, found=found) for images in reports)


def rows(number: int, sizes: Sizes, summaries: Sequence[Summary]) -> list[Row]:
    """Compare all cells with what they should reach; one value a cell."""
    searches = len(summaries[0].found)
    plan = f"{_words(sizes)}; {searches} searches a cell"
    first = summaries[:: len({summary.test_images for summary in summaries})]
    biases = [summary.bias for summary in summaries]
    coverages = [100 * summary.coverage for summary in summaries]
    held, ties = [100 * s.mean("holds")[0] for s in first], [s.mean("ties")[0] for s in first]
    naive, gains = [s.mean("naive")[0] for s in first], [s.mean("gain") for s in first]
    overall = sum(bias for bias, _ in biases) / len(biases), math.hypot(*(e for _, e in biases)) / len(biases)
    worse = sum(gain < -error for gain, error in gains)
    whole = dict(machine=describe_machine(("numpy", "scipy")), command=COMMAND)
    return [
        Row(
            number=number,
            what=f"bias of the reported accuracy of the winner; {plan}",
            against="the truth",
            reach="<= 0.02 points either way in every cell",
            values=_points(bias for bias, _ in biases),
            unit="points",
            held=_held(abs(bias) <= 0.0002 for bias, _ in biases),
            context=f"over all cells {100 * overall[0]:+.4f} ± {100 * overall[1]:.4f} points; "
            f"standard error of one cell at most {100 * max(error for _, error in biases):.4f}",
            **whole,
        ),
        Row(
            number=number + 1,
            what=f"best of {CONFIGURATIONS} scores of one seed, less the true accuracy; {plan}",
            against="the truth",
            reach="",
            values=_points(naive),
            unit="points",
            held=Held.YES,
            remark="what a search without confirmation reports",
            **whole,
        ),
        Row(
            number=number + 2,
            what=f"95% interval of the winner's accuracy holds the truth; {plan}",
            against="the truth",
            reach="93 to 97 % in every cell",
            values=tuple(coverages),
            unit="%",
            held=_held(93 <= coverage <= 97 for coverage in coverages),
            context=f"mean {np.mean(coverages):.2f} %",
            **whole,
        ),
        Row(
            number=number + 3,
            what=f"tie set holds the true best of {sizes.finalists} finalists; {plan}",
            against="the truth",
            reach=">= 95 % in every cell",
            values=tuple(held),
            unit="%",
            held=_held(share >= 95 for share in held),
            context=f"mean size {np.mean(ties):.2f} ({min(ties):.2f} to {max(ties):.2f})",
            **whole,
        ),
        Row(
            number=number + 4,
            what=f"true accuracy of the winner, less that of the best by one seed; {plan}",
            against="choosing by one seed",
            reach="> 0 on average, in no cell below 0 by more than its standard error",
            values=_points(gain for gain, _ in gains),
            unit="points",
            held=_held([worse == 0, np.mean([gain for gain, _ in gains]) > 0]),
            context=f"mean {100 * np.mean([gain for gain, _ in gains]):+.3f} points; worse in {worse} cells",
            **whole,
        ),
    ]


def details(sizes: Sizes, summaries: Sequence[Summary]) -> str:
    """List all cells for people."""
    lines = [
        f"## {_words(sizes)}",
        "",
        "Accuracies in points. Spread and seed noise as in tests/benchmarks/winner/probit.py; ± is one standard error.",
        "",
        "| validation | spread | seed noise | test | bias | best of 64 | interval holds | ties hold | tie set | gain "
        "| best finalist less winner |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for s in summaries:
        bias, gain = (f"{100 * value:+.3f} ± {100 * error:.3f}" for value, error in (s.bias, s.mean("gain")))
        validation = f"{s.cell.validation}{', resampled' if s.cell.resampled else ''}"
        lines.append(
            f"| {validation} | {s.cell.spread} | {s.cell.seeds} | {s.test_images} | {bias} "
            f"| {100 * s.mean('naive')[0]:+.2f} | {100 * s.coverage:.1f} % | {100 * s.mean('holds')[0]:.1f} % "
            f"| {s.mean('ties')[0]:.2f} | {gain} | {100 * s.mean('regret')[0]:.3f} |"
        )
    return "\n".join([*lines, ""])


def _words(sizes: Sizes) -> str:
    rounds = ", then ".join(f"{round.finalists} x {round.repeats}" for round in sizes.rounds)
    return f"finalists x repeats: {rounds}; {sizes.replicates} replicates"


def _points(shares: Sequence[float] | Iterator[float]) -> tuple[float, ...]:
    return tuple(100 * share for share in shares)


def _held(conditions: Sequence[bool] | Iterator[bool]) -> Held:
    return Held.YES if all(conditions) else Held.NO


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate all cells, and print and write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few searches, only to see whether it runs")
    parser.add_argument("--write", type=Path, metavar="DIR", help="folder of the tables (default: results/winner)")
    options = parser.parse_args(argv)
    cells, collapsing, searches = CELLS, collapses.CELLS, SEARCHES
    if options.quick:
        cells, collapsing, searches = CELLS[::4], collapses.CELLS[:1], 5
    reports = dict.fromkeys(REPORTS, 1) if options.quick else REPORTS
    table: list[Row] = []
    texts: list[str] = []
    for spent in SPENT:
        sizes = choose_sizes(costs=[1.0] * CONFIGURATIONS, spent=spent, finalists=None, replicates=None)
        summaries = list(simulate(cells, sizes, searches, reports))
        table += rows(len(table) + 1, sizes, summaries)
        found = collapses.simulate(sizes, collapsing, searches)
        plan = f"{_words(sizes)}; {searches} searches a cell"
        table += collapses.rows(len(table) + 1, plan, found, table[0].machine, COMMAND)
        texts.append(details(sizes, summaries))
    text = "\n".join([to_markdown(table, title="Winners of simulated searches"), *texts])
    print(text)
    folder = options.write or (None if options.quick else ROOT / "results" / "winner")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "simulation.md").write_text(text, encoding="utf-8")
        (folder / "simulation.csv").write_text(to_csv(table), encoding="utf-8")


if __name__ == "__main__":
    main()
