"""Run the benchmarks one after another, each in a process of its own, and print one table.

python tests/benchmarks/run.py --data-dir MNIST_FOLDER --write results
python tests/benchmarks/run.py --only 1 2 --quick
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import shlex
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

from checkout import make_importable

make_importable()

from table import Options, Row, to_markdown, write_tables

# Which rows a module measures, in the order they are run: those that other work on the machine disturbs most first.
# A module has `rows(options) -> list[Row]`, and gives the rows that the options want.
MODULES: dict[str, tuple[int, ...]] = {
    "training": (1, 2),
    "optimizers": (13, 14),
    "precision": (3, 4),
    "cnn": (5,),
    "driver": (9, 10),
    "search_speed": (6, 7, 8),
    "memory": (11,),
    "mixed": (12,),
    "live_view": (15,),
}
ALL = sorted(number for numbers in MODULES.values() for number in numbers)


def run_module(name: str, options: Options) -> list[Row]:
    """Measure the rows of one module; called in a process of its own."""
    module = importlib.import_module(name)
    rows: list[Row] = module.rows(options)
    return rows


def run_all(options: Options, command: str) -> tuple[list[Row], list[str]]:
    """Measure all rows that are wanted; also name the modules that failed."""
    rows: list[Row] = []
    failed: list[str] = []
    for name, numbers in MODULES.items():
        if not any(map(options.wants, numbers)):
            continue
        _say(f"{name} (rows {', '.join(map(str, filter(options.wants, numbers)))}) ...")
        started_s = time.monotonic()
        try:
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                found = pool.submit(run_module, name, options).result()
        except (Exception, BrokenProcessPool):
            traceback.print_exc()
            failed.append(name)
            continue
        rows += [row if row.command else replace(row, command=command) for row in found]
        for row in found:
            _say(f"  {row.number}: {row.measured} (reach {row.reach}: {row.held})")
        _say(f"  took {time.monotonic() - started_s:.0f} s")
    return sorted(rows, key=lambda row: row.number), failed


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", type=int, nargs="+", metavar="ROW", help="numbers of the rows to measure")
    parser.add_argument("--quick", action="store_true", help="little work, few repeats: only whether it runs")
    parser.add_argument("--data-dir", type=Path, help="folder with MNIST's files (default: scikit-learn's digits)")
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="merge the rows into benchmarks.csv there, and write benchmarks.md"
    )
    options = parser.parse_args(argv)
    unknown = sorted(set(options.only or ()) - set(ALL))
    if unknown:
        parser.error(f"no rows {', '.join(map(str, unknown))}: there are {', '.join(map(str, ALL))}")
    if options.data_dir is not None and not options.data_dir.is_dir():
        parser.error(f"--data-dir {options.data_dir} is no folder: give the one with MNIST's four files, or none")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and write it where asked."""
    given = parse(argv)
    options = Options(only=frozenset(given.only or ()), quick=given.quick, data_dir=given.data_dir)
    command = shlex.join(
        ["python", "tests/benchmarks/run.py", *_without_folders(sys.argv[1:] if argv is None else argv)]
    )
    rows, failed = run_all(options, command)
    print(to_markdown(rows))
    if given.write is not None and rows:
        write_tables(given.write, rows)
    if failed:
        _say(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def _without_folders(arguments: Sequence[str]) -> list[str]:
    """Name folders by what they hold: a table is no place for paths of one machine."""
    names = {"--data-dir": "MNIST_FOLDER", "--write": "results"}
    return [names.get(before, argument) for before, argument in zip(["", *arguments], arguments, strict=False)]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
