"""Breaks searches in every way we know and checks that nothing is lost: `make faults`, or `python faults.py --help`.

Prints a table of what was tried and what held, and keeps it in results/faults.csv and results/faults.md. Random moments
come from the seed that is printed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import fuzz
import guilty
import kills
import losses
import pressure
import signalled
import starts
from fault_table import Row, keep_row, to_screen
from simulated import simulate

RESULTS = Path(__file__).parents[2] / "results"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table.

    Attributes:
        break_it: (tries, draws, an empty folder) -> what was measured; raises if anything did not hold.
        tries: in the full suite.
    """

    break_it: Callable[[int, random.Random, Path], str]
    tries: int
    must_hold: str


def killed_driver(tries: int, draws: random.Random, folder: Path) -> str:
    return kills.killed_driver(tries, draws, folder, until_agents_end=True)


def cut_journal(tries: int, draws: random.Random, folder: Path) -> str:
    return f"{fuzz.cut_journal(folder)} cuts"


def many_trials(tries: int, draws: random.Random, folder: Path) -> str:
    return simulate(10_000, folder)


def fuzzed(name: str) -> Callable[[int, random.Random, Path], str]:
    def break_it(tries: int, draws: random.Random, folder: Path) -> str:
        return f"{fuzz.FUZZERS[name](tries, draws.randrange(2**32)):,} inputs"

    return break_it


SAME = "leaderboard.csv byte-identical"
NOTHING_LOST = f"{SAME} to the undisturbed one; no trial lost, none twice"
IN_WORDS = "an error that names the path; the study intact"
CLEAR = "a clear error or a result; no traceback, no hang, no code run"
FAULTS = {
    "1, 2, 4 workers, rounds delayed at random": Fault(kills.shuffled_workers, 10, SAME),
    "kill -9 of the driver at a random moment": Fault(killed_driver, 50, f"no orphans; {NOTHING_LOST}"),
    "kill -9 of a random worker": Fault(kills.killed_worker, 50, NOTHING_LOST),
    "packs in parts: 1, 2, 4 workers; kill -9 of workers and drivers": Fault(
        kills.packs_in_parts, 30, f"{SAME} to that of whole packs; no trial lost, none twice"
    ),
    "kill -9 of a raylet of three nodes": Fault(kills.killed_raylet, 10, NOTHING_LOST),
    "kill -9 of the driver of a cluster": Fault(
        kills.killed_driver_of_cluster, 10, f"no worker outlives 30 s; {NOTHING_LOST}"
    ),
    "Ctrl-C, SIGTERM or SIGHUP, once or twice": Fault(
        signalled.stopped_driver, 12, f"exit 129, 130 or 143; {NOTHING_LOST}"
    ),
    "every process of a search signalled, Ray's too": Fault(
        signalled.signalled_everywhere, 12, f"exit 129, 130 or 143 within seconds, with tables; {NOTHING_LOST}"
    ),
    "a signal while a search starts": Fault(
        signalled.stopped_start, 9, f"exit 129, 130 or 143 within seconds; no orphans; {NOTHING_LOST}"
    ),
    "memory short from the start, free later": Fault(
        pressure.short_memory, 3, f"says what waits and why; no trial fails, with no failure allowed; {NOTHING_LOST}"
    ),
    "progress that cannot be written": Fault(
        losses.no_reader, 9, f"exit 0, or 2 where the result cannot be written; {NOTHING_LOST}"
    ),
    "members that cannot be trained": Fault(guilty.guilty_members, 2, "FAIL or last, with a reason; others complete"),
    "journal cut at every byte of its last two records": Fault(cut_journal, 1, "opens; loses the cut record at most"),
    "disk full": Fault(losses.full_disk, 6, IN_WORDS),
    "folder read-only": Fault(losses.read_only_folder, 3, IN_WORDS),
    "storage server stopped and started": Fault(
        losses.stopped_storage_server, 6, "an error or a retry; the study intact"
    ),
    "a machine that lacks something": Fault(
        starts.poor_machines, len(starts.SCENES), f"{SAME}, or within a minute an error that says what; no run is left"
    ),
    "a Ray that does not start": Fault(
        starts.broken_starts, 6, f"exit 2 or 130, and the cause; no run is left; then {SAME}"
    ),
    "fuzzed IDX": Fault(fuzzed("idx"), 10_000, CLEAR),
    "fuzzed TOML": Fault(fuzzed("toml"), 10_000, CLEAR),
    "fuzzed .npz": Fault(fuzzed("npz"), 10_000, CLEAR),
    "fuzzed .pt": Fault(fuzzed("model"), 10_000, CLEAR),
    "fuzzed journal": Fault(fuzzed("journal"), 10_000, CLEAR),
    "10,000 trials of a tiny objective": Fault(many_trials, 1, "the driver grows by less than 100 MB"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="WORD", help="faults whose name has one of these words")
    parser.add_argument("--tries", type=int, help="at most so many tries of each")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--write", type=Path, metavar="FOLDER", default=RESULTS, help="of faults.csv and faults.md")
    given = parser.parse_args()
    print(f"seed {given.seed}", file=sys.stderr)
    chosen = {name: f for name, f in FAULTS.items() if not given.only or any(word in name for word in given.only)}
    if not chosen:
        parser.error(f"no fault has such a name; there are: {'; '.join(FAULTS)}")
    given.write.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, fault in chosen.items():
        # A long suite that is stopped leaves what it has.
        rows.append(try_fault(name, fault, tries=given.tries, seed=given.seed))
        keep_row(given.write, rows[-1], FAULTS)
    print(to_screen(rows))
    return int(any(row.held == "no" for row in rows))


def try_fault(name: str, fault: Fault, *, tries: int | None, seed: int) -> Row:
    """Try one fault, in a folder of its own."""
    tries = min(fault.tries, tries or fault.tries)
    print(f"{name} ({tries:,}) ...", file=sys.stderr, flush=True)
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="packtune-faults-", ignore_cleanup_errors=True) as folder:
        held, measured = _held(fault, tries, random.Random(f"{seed}:{name}"), Path(folder))
    minutes = (time.monotonic() - started_s) / 60
    print(f"  {held}: {measured} ({minutes:.1f} min)", file=sys.stderr, flush=True)
    return Row(
        fault=name,
        tries=f"{tries:,}",
        must_hold=fault.must_hold,
        held=held,
        measured=" ".join(measured.split())[:500],
        seed=str(seed),
        minutes=f"{minutes:.1f}",
    )


def _held(fault: Fault, tries: int, draws: random.Random, folder: Path) -> tuple[str, str]:
    try:
        return "yes", fault.break_it(tries, draws, folder)
    except losses.NotHere as error:
        return "not run", str(error)
    except Exception as error:
        return "no", f"{type(error).__name__}: {str(error).strip()}"


if __name__ == "__main__":
    sys.exit(main())
