"""Breaks searches in every way we know and checks that nothing is lost: `make faults`, or `python faults.py --help`.

Prints a table of what was tried and what held, and writes it to results/faults.md. Random moments come from the seed
that it prints.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import fuzz
from cluster import Cluster
from postgres import PostgresServer, find_binaries
from searches import Search, descendants, kill, wait_until, workers_of
from simulated import simulate
from tabulate import tabulate

from search.machine import describe_machine
from search.run import read_records
from search.trial import TrialState

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


class NotHere(Exception):
    """This machine lacks what the fault needs."""


def undisturbed(folder: Path) -> bytes:
    """Give the leaderboard of the search that nothing disturbs."""
    search = Search(folder, "calm")
    if not search.begun:
        search.finish()
    return search.leaderboard()


def shuffled_workers(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    for n in range(tries):
        workers = (1, 2, 4)[n % 3]
        search = Search(folder, f"workers-{n}")
        plan = {"delay_s": 1.5, "seed": draws.random()}
        search.finish("--workers", str(workers), "--cpus-per-worker", "0.5", plan=plan)
        search.check(calm)
    return "workers 1, 2, 4 in turn; packs delayed by 0 to 1.5 s"


def killed_driver(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    kills = searches = recorded = 0
    while kills < tries:
        search = Search(folder, f"driver-{searches}")
        before: dict[int, dict] = {}
        while kills < tries:
            process = search.start()
            below: list[int] = []
            moment_s = time.monotonic() + draws.uniform(1, 16)
            while process.poll() is None and time.monotonic() < moment_s:
                below = descendants(process.pid) or below
                time.sleep(0.05)
            if process.poll() is not None:
                _, talk = process.communicate()
                assert process.returncode == 0, talk
                break
            kill(process)
            kills += 1
            wait_until(lambda below=below: not any(map(_alive, below)), timeout_s=30)
            after = search.recorded() if search.begun else {}
            assert {n: after[n] for n in before} == before, "an outcome that was recorded is lost or changed"
            before = after
            recorded += len(after)
        if search.begun:
            search.finish()
        else:
            search.finish()
        final = search.recorded()
        assert {n: final[n] for n in before} == before, "an outcome that was recorded is lost or changed"
        search.check(calm)
        searches += 1
    mean = recorded / tries
    return f"{searches} searches; {mean:.1f} of 16 trials recorded at the mean kill; no process outlived 30 s"


def killed_worker(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    kills = searches = 0
    while kills < tries:
        search = Search(folder, f"worker-{searches}")
        process = search.start("--max-failures", "1000", plan={"delay_s": 1.0, "seed": draws.random()})
        while process.poll() is None and kills < tries:
            victims = workers_of(process.pid)
            if victims and draws.random() < 0.5:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(draws.choice(victims), signal.SIGKILL)
                    kills += 1
            time.sleep(draws.uniform(0.5, 2.5))
        _, talk = process.communicate(timeout=300)
        assert process.returncode == 0, talk
        search.check(calm)
        searches += 1
    return f"{searches} searches, {kills / searches:.1f} kills in each"


def killed_raylet(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    kills = searches = 0
    with Cluster() as cluster:
        while kills < tries:
            while len(cluster.nodes) < 3:
                cluster.add_node()
            search = Search(folder, f"raylet-{searches}")
            process = search.start(
                "--address", cluster.address, "--max-failures", "1000", plan={"delay_s": 2.0, "seed": draws.random()}
            )
            assert wait_until(lambda s=search: s.run_folder.journal.exists(), process)
            while process.poll() is None and kills < tries and len(cluster.nodes) > 1:
                time.sleep(draws.uniform(0.5, 4))
                cluster.kill_node(draws.randrange(1, len(cluster.nodes)))
                kills += 1
                if draws.random() < 0.5 and process.poll() is None:
                    cluster.add_node()
            _, talk = process.communicate(timeout=300)
            assert process.returncode == 0, talk
            search.check(calm)
            searches += 1
    return f"{searches} searches on a head and two nodes; the raylets killed were not the driver's; half were replaced"


def guilty_members(tries: int, draws: random.Random, folder: Path) -> str:
    kinds = ("raise", "memory", "exit", "kill", "segfault", "nan")
    for n in range(tries):
        guilty = dict(zip(kinds, draws.sample(range(16), len(kinds)), strict=True))
        search = Search(folder, f"guilty-{n}")
        # Twice the same trial numbers: --space grid lists them.
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "faulty.py"), _plan(guilty), "run", "--space", "grid",
             "--trials", "16", "--epochs", "2", "--pack-size", "8", "--max-failures", "1", "--name", search.name],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        _, talk = process.communicate(timeout=300)
        assert process.returncode == 0, talk
        for record in read_records(search.run_folder.load()):
            kind = next((k for k, trial in guilty.items() if trial == record.proposal.number), None)
            expected = {None: TrialState.COMPLETE, "nan": TrialState.DIVERGED}.get(kind, TrialState.FAIL)
            assert record.state is expected, (kind, record)
            assert bool(record.outcome.reason) == (kind is not None), (kind, record)
    return "raises, out of memory, exits, is killed, segmentation fault, NaN: one member each among 16, packs of 8"


def cut_journal(tries: int, draws: random.Random, folder: Path) -> str:
    return f"{fuzz.cut_journal(folder)} cuts"


def full_disk(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    for _n in range(tries):
        with _small_disk(folder, kilobytes=24) as disk:
            search = Search(disk, "full")
            _fails_with(search.start(), "No space left", str(Path("results")))
            search_before = search.recorded() if search.begun else {}
            _remount(disk, "size=20m")
            search.finish()
            assert {k: search.recorded()[k] for k in search_before} == search_before
            search.check(calm)
    return "a disk of 24 KiB; after more space the search ended as the undisturbed one"


def read_only_folder(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    for _n in range(tries):
        with _small_disk(folder, kilobytes=20_000) as disk:
            search = Search(disk, "read-only")
            _remount(disk, "ro")
            _fails_with(search.start(), "Read-only file system", "results")
            _remount(disk, "rw")
            process = search.start(plan={"delay_s": 2.0})
            assert wait_until(lambda s=search: bool(s.recorded()), process)
            before = search.recorded()
            _remount(disk, "ro")
            _fails_with(process, "Read-only file system", "study.journal")
            _remount(disk, "rw")
            search.finish()
            assert {k: search.recorded()[k] for k in before} == before
            search.check(calm)
    return "before the search and in its midst"


def stopped_storage_server(tries: int, draws: random.Random, folder: Path) -> str:
    binaries = find_binaries()
    if binaries is None:
        raise NotHere("no PostgreSQL server is installed")
    calm = undisturbed(folder)
    server = PostgresServer(binaries)
    try:
        server.start()
        for n in range(tries):
            search = Search(folder, f"server-{n}")
            process = search.start("--storage", server.url, plan={"delay_s": 2.0, "seed": draws.random()})
            time.sleep(draws.uniform(8, 13))
            server.stop()
            _, talk = process.communicate(timeout=300)
            server.start()
            if process.returncode:
                assert process.returncode == 2, talk
                assert "stopped answering" in talk, talk
            search.finish("--storage", server.url)
            assert search.leaderboard() == calm
    finally:
        server.remove()
    return "PostgreSQL stopped in mid-search, started again, resumed"


def many_trials(tries: int, draws: random.Random, folder: Path) -> str:
    return simulate(10_000, folder)


def fuzzed(name: str) -> Callable[[int, random.Random, Path], str]:
    def break_it(tries: int, draws: random.Random, folder: Path) -> str:
        started_s = time.monotonic()
        tried = getattr(fuzz, f"fuzz_{name}")(tries, draws.randrange(2**32))
        return f"{tried:,} inputs in {time.monotonic() - started_s:.0f} s"

    return break_it


SAME = "leaderboard.csv byte-identical"
NOTHING_LOST = f"{SAME}; no trial lost, none twice"
CLEAR = "a clear error or a result; no traceback, no hang, no code run"
FAULTS = {
    "1, 2, 4 workers, packs delayed at random": Fault(shuffled_workers, 10, SAME),
    "kill -9 of the driver at a random moment": Fault(killed_driver, 50, NOTHING_LOST),
    "kill -9 of a random worker": Fault(killed_worker, 50, NOTHING_LOST),
    "kill -9 of a raylet of three nodes": Fault(killed_raylet, 10, NOTHING_LOST),
    "members that cannot be trained": Fault(guilty_members, 1, "FAIL or last, with a reason; the others complete"),
    "journal cut at every byte of its last two records": Fault(cut_journal, 1, "opens; loses the cut record at most"),
    "disk full": Fault(full_disk, 1, "an error that names the path; the study intact"),
    "folder read-only": Fault(read_only_folder, 1, "an error that names the path; the study intact"),
    "storage server stopped and started": Fault(stopped_storage_server, 3, "an error or a retry; the study intact"),
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
    parser.add_argument("--write", type=Path, metavar="FOLDER", default=RESULTS, help="of faults.md")
    given = parser.parse_args()
    print(f"seed {given.seed}", file=sys.stderr)
    rows = []
    with tempfile.TemporaryDirectory(prefix="packtune-faults-", ignore_cleanup_errors=True) as folder:
        for name, fault in FAULTS.items():
            if not given.only or any(word in name for word in given.only):
                rows.append(_try(name, fault, given, Path(folder)))
                write_table(rows, given)
    print(tabulate([row.values() for row in rows], headers=list(rows[0])))
    return int(any(row["held"] == "no" for row in rows))


def _try(name: str, fault: Fault, given: argparse.Namespace, folder: Path) -> dict[str, str]:
    tries = min(fault.tries, given.tries or fault.tries)
    print(f"{name} ({tries}) ...", file=sys.stderr, flush=True)
    started_s = time.monotonic()
    try:
        held, remark = "yes", fault.break_it(tries, random.Random(f"{given.seed}:{name}"), folder)
    except NotHere as error:
        held, remark = "not run", str(error)
    except Exception as error:
        held, remark = "no", f"{type(error).__name__}: {str(error).strip()[:500]}"
    minutes = (time.monotonic() - started_s) / 60
    print(f"  {held}: {remark} ({minutes:.1f} min)", file=sys.stderr, flush=True)
    return {
        "fault": name,
        "tries": f"{tries:,}",
        "must hold": fault.must_hold,
        "held": held,
        "measured": remark.replace("\n", " "),
        "minutes": f"{minutes:.1f}",
    }


def write_table(rows: list[dict[str, str]], given: argparse.Namespace) -> None:
    """Write the table so far; a long suite that is stopped leaves what it has."""
    table = tabulate([row.values() for row in rows], headers=list(rows[0]), tablefmt="github")
    made = f"Seed {given.seed}. {describe_machine()}\n\nMade by `make faults`."
    text = f"# What was broken, and what held\n\n{table}\n\n{made}\n"
    (given.write / "faults.md").write_text(text, encoding="utf-8")


def _plan(guilty: dict[str, int]) -> str:
    import json

    return json.dumps({kind: [trial] for kind, trial in guilty.items()})


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _fails_with(process: subprocess.Popen[str], *words: str) -> None:
    _, talk = process.communicate(timeout=300)
    assert process.returncode == 2, (process.returncode, talk)
    assert all(word in talk for word in words), talk
    assert "Traceback" not in talk, talk


@contextlib.contextmanager
def _small_disk(folder: Path, *, kilobytes: int) -> Iterator[Path]:
    disk = folder / "disk"
    disk.mkdir(exist_ok=True)
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", disk], capture_output=True
        ).returncode
    ):
        raise NotHere("a small disk can only be mounted by root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


if __name__ == "__main__":
    sys.exit(main())
