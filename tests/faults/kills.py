"""Processes that are killed, stopped or slowed down while a search runs: the search ends as if nothing had been."""

from __future__ import annotations

import contextlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from cluster import Cluster
from searches import (
    FAULTY,
    IN_PARTS,
    SEARCH,
    Search,
    alive,
    command_of,
    descendants,
    is_agent,
    kill,
    status_of,
    undisturbed,
    wait_until,
    workers_of,
)

from packtune.run.records import read_records
from packtune.trial import TrialState

ORPHANS_TIMEOUT_S = 30
# Ray's two agents of a node stay idle for a minute, while they try to report its end to a driver that is gone too.
AGENTS_TIMEOUT_S = 120
# Packs of two, three rounds each: some seconds of training, so that a random moment is often in its midst.
ROUND_DELAY_S = 1.0
# A search gives up after twenty deaths in a row without a report: that is no fault of one pack.
MOST_KILLS_IN_A_ROW = 8


def shuffled_workers(tries: int, draws: random.Random, folder: Path, *, options: tuple[str, ...] = SEARCH) -> str:
    calm = undisturbed(folder, options)
    for n in range(tries):
        search = Search(folder, f"workers-{n}", options=options)
        plan = {"delay_s": 1.0, "seed": draws.random()}
        search.finish("--workers", str((4, 2, 1)[n % 3]), "--cpus-per-worker", "0.5", plan=plan)
        search.check(calm)
    return "workers 4, 2, 1 in turn; rounds delayed by 0 to 1 s"


def killed_driver(
    tries: int,
    draws: random.Random,
    folder: Path,
    *,
    until_agents_end: bool = False,
    options: tuple[str, ...] = SEARCH,
) -> str:
    calm = undisturbed(folder, options)
    kills = searches = recorded = early = 0
    longest_s = 0.0
    agents: list[int] = []
    while kills < tries:
        search = Search(folder, f"driver-{searches}", options=options)
        before: dict[int, dict] = {}
        while kills < tries:
            process = search.start(plan={"delay_s": ROUND_DELAY_S, "seed": draws.random()})
            below = _wait_for_random_moment(search, process, draws)
            if process.poll() is not None:
                _, talk = process.communicate()
                assert process.returncode == 0, talk
                break
            kill(process)
            kills += 1
            killed_s = time.monotonic()
            _wait_for_end(below, ORPHANS_TIMEOUT_S, but=is_agent)
            agents += filter(alive, below)
            longest_s = max(longest_s, time.monotonic() - killed_s)
            after = search.recorded()
            check_kept(before, after)
            early += not after
            recorded += len(after)
            before = after
        search.finish()
        check_kept(before, search.recorded())
        search.check(calm)
        searches += 1
    if until_agents_end:
        _wait_for_end(agents, AGENTS_TIMEOUT_S)
    return (
        f"{searches} searches; at the kill {recorded / tries:.1f} trials recorded in the mean, none {early} "
        f"times; no worker left after {longest_s:.1f} s"
        + (f", nothing at all after {AGENTS_TIMEOUT_S} s" if until_agents_end else "")
    )


def _wait_for_end(pids: Iterable[int], timeout_s: float, *, but: Callable[[int], bool] = lambda pid: False) -> None:
    """Wait until the processes are gone, or only such as are excepted are left."""

    def left() -> list[int]:
        return [pid for pid in pids if alive(pid) and not but(pid)]

    try:
        wait_until(lambda: not left(), timeout_s=timeout_s)
    except TimeoutError:
        survivors = "; ".join(f"{pid} {command_of(pid)[:100]}" for pid in left())
        raise AssertionError(f"still there after {timeout_s:g} s: {survivors}") from None


def _wait_for_random_moment(search: Search, process: subprocess.Popen[str], draws: random.Random) -> list[int]:
    """Wait, in one of four cases, while the search starts, else until it has trained a little; give its processes."""
    starting = draws.random() < 0.25
    enough = search.outcomes_in_journal() + (10**9 if starting else draws.randint(0, 6))
    moment_s = time.monotonic() + (draws.uniform(0.5, 8) if starting else 120)
    below: list[int] = []
    while process.poll() is None and time.monotonic() < moment_s:
        below = descendants(process.pid) or below
        if moment_s > time.monotonic() + 60 and search.trains(process.pid) and search.outcomes_in_journal() >= enough:
            moment_s = time.monotonic() + draws.uniform(0, ROUND_DELAY_S)
        time.sleep(0.05)
    return descendants(process.pid) or below


def check_kept(before: dict[int, dict], after: dict[int, dict]) -> None:
    """Make sure that what a study had recorded before a kill is there after it."""
    assert {n: after.get(n) for n in before} == before, "an outcome that was recorded is lost or changed"


def stopped_driver(tries: int, draws: random.Random, folder: Path) -> str:
    """Send one signal or two, to the driver or to its group; the search must end with their code and be resumable."""
    calm = undisturbed(folder)
    ended = {0: 0, 129: 0, 130: 0, 143: 0}
    longest_s = 0.0
    for n in range(tries):
        search = Search(folder, f"stopped-{n}")
        number, code = ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129))[n % 3]
        process = search.start(plan={"delay_s": ROUND_DELAY_S, "seed": draws.random()})
        _wait_until_it_trains(search, process, draws)
        sent_s = time.monotonic()
        # Terminals, schedulers and containers signal the whole group of a search.
        send = os.killpg if n // 3 % 2 else os.kill
        send(process.pid, number)
        if n % 4 >= 2:
            time.sleep(draws.uniform(0, 0.5))
            send(process.pid, number)
        _, talk = process.communicate(timeout=120)
        longest_s = max(longest_s, time.monotonic() - sent_s)
        returned = 128 - process.returncode if process.returncode < 0 else process.returncode
        assert returned in (code, 0), (returned, talk)
        assert "Traceback" not in talk, talk
        assert not process.returncode or n % 4 >= 2 or f"packtune resume {search.name}" in talk, talk
        ended[returned] += 1
        before = search.recorded()
        assert returned or len(before) == 16
        search.finish()
        check_kept(before, search.recorded())
        search.check(calm)
    return (
        f"exit 130 {ended[130]} times, 143 {ended[143]} times, 129 {ended[129]} times, finished before it {ended[0]} "
        f"times; every other three went to the whole group, every other pair got a second signal; ended within "
        f"{longest_s:.1f} s"
    )


CODES = ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129))


def signalled_everywhere(tries: int, draws: random.Random, folder: Path) -> str:
    """Signal every process of a search in a random order, as schedulers and service managers do that end a job."""
    calm = undisturbed(folder)
    longest_s = 0.0
    for n in range(tries):
        search = Search(folder, f"everywhere-{n}")
        number, code = CODES[n % 3]
        process = search.start("--max-failures", "0", plan={"delay_s": ROUND_DELAY_S, "seed": draws.random()})
        _wait_until_it_trains(search, process, draws)
        everyone = [process.pid, *descendants(process.pid)]
        draws.shuffle(everyone)
        longest_s = max(longest_s, _end_with(process, code, partial(_signal, everyone, number)))
        before = search.recorded()
        assert len(search.run_folder.trials_csv.read_text().splitlines()) > 1
        search.finish()
        check_kept(before, search.recorded())
        search.check(calm)
    return f"SIGINT, SIGTERM, SIGHUP in turn, in random order; ended within {longest_s:.1f} s"


def stopped_start(tries: int, draws: random.Random, folder: Path) -> str:
    """Signal a driver at a random moment of its start."""
    calm = undisturbed(folder)
    longest_s = 0.0
    left = 0
    for n in range(tries):
        search = Search(folder, f"start-{n}")
        number, code = CODES[n % 3]
        process = search.start()
        # Python needs some time until the program can listen, to SIGHUP at last.
        wait_until(partial(_handles, process.pid, signal.SIGHUP), process)
        time.sleep(draws.uniform(0, 3))
        below = descendants(process.pid)
        longest_s = max(longest_s, _end_with(process, code, partial(process.send_signal, number)))
        _wait_for_end(below, ORPHANS_TIMEOUT_S, but=is_agent)
        left += search.begun
        search.finish()
        search.check(calm)
    return f"{left} of {tries} left a run to resume; ended within {longest_s:.1f} s"


def _end_with(process: subprocess.Popen[str], code: int, send: Callable[[], None]) -> float:
    """Send a signal, and give the seconds until the search has ended with its code."""
    sent_s = time.monotonic()
    send()
    _, talk = process.communicate(timeout=60)
    assert process.returncode == code, (process.returncode, talk)
    assert "Traceback" not in talk, talk
    return time.monotonic() - sent_s


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _handles(pid: int, number: int) -> bool:
    """Tell whether a process has a handler for a signal."""
    caught = [line.split()[1] for line in status_of(pid).splitlines() if line.startswith("SigCgt:")]
    return bool(caught) and bool(int(caught[0], 16) >> (number - 1) & 1)


def _wait_until_it_trains(search: Search, process: subprocess.Popen[str], draws: random.Random) -> None:
    wait_until(lambda: search.trains(process.pid) and search.outcomes_in_journal() > 0, process)
    time.sleep(draws.uniform(0, ROUND_DELAY_S))


def killed_worker(tries: int, draws: random.Random, folder: Path, *, options: tuple[str, ...] = SEARCH) -> str:
    calm = undisturbed(folder, options)
    kills = searches = 0
    while kills < tries:
        search = Search(folder, f"worker-{searches}", options=options)
        plan = {"delay_s": ROUND_DELAY_S, "seed": draws.random()}
        process = search.start("--max-failures", "1000", plan=plan)
        while process.poll() is None and kills < tries:
            known = search.outcomes_in_journal()
            kills += _kill_some_workers(process, draws, min(MOST_KILLS_IN_A_ROW, tries - kills))
            wait_until(lambda s=search, n=known: s.outcomes_in_journal() > n, process)
        _, talk = process.communicate(timeout=300)
        assert process.returncode == 0, talk
        search.check(calm)
        searches += 1
    return f"{searches} searches, {kills / searches:.1f} kills in each"


def packs_in_parts(tries: int, draws: random.Random, folder: Path) -> str:
    """Disturb searches whose packs are trained in parts, and compare them with one whose packs stay whole."""
    Search(folder, "calm", options=(*IN_PARTS, "--pack-size", "4")).finish()
    each = math.ceil(tries / 3)
    told = [
        disturb(each, draws, folder, options=IN_PARTS) for disturb in (shuffled_workers, killed_worker, killed_driver)
    ]
    journals = list((folder / "results" / "runs").glob("*/study.journal"))
    split = sum(b'"parts:' in journal.read_bytes() for journal in journals)
    # Elsewhere no parts may give the bytes of the whole.
    assert split or torch.backends.cpu.get_cpu_capability() != "AVX512", "no pack was trained in parts"
    return f"{split} of {len(journals) - 1} searches in parts: {'; '.join(told)}"


def _kill_some_workers(process: subprocess.Popen[str], draws: random.Random, most: int) -> int:
    """Kill one to `most` workers, one after another at random moments."""
    kills, enough = 0, draws.randint(1, most)
    while process.poll() is None and kills < enough:
        victims = workers_of(process.pid)
        if victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(draws.choice(victims), signal.SIGKILL)
                kills += 1
        time.sleep(draws.uniform(0.5, 5))
    return kills


def killed_raylet(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    kills = searches = 0
    with Cluster() as cluster:
        while kills < tries:
            while len(cluster.nodes) < 3:
                cluster.add_node()
            search = Search(folder, f"raylet-{searches}", environment=cluster.environment)
            plan = {"delay_s": 2 * ROUND_DELAY_S, "seed": draws.random()}
            process = search.start("--address", cluster.address, "--max-failures", "1000", plan=plan)
            assert wait_until(lambda s=search: s.outcomes_in_journal() > 0, process)
            while process.poll() is None and kills < tries and len(cluster.nodes) > 1:
                time.sleep(draws.uniform(0, 3))
                # Its raylet alone, or all of it as when a machine is switched off.
                cluster.kill_node(draws.randrange(1, len(cluster.nodes)), raylet_only=kills % 2 == 0)
                kills += 1
                if draws.random() < 0.5 and process.poll() is None:
                    cluster.add_node()
            _, talk = process.communicate(timeout=300)
            assert process.returncode == 0, talk
            search.check(calm)
            searches += 1
    return (
        f"{searches} searches on a head and two nodes; not the driver's own raylet; every other time the whole node; "
        "half of them were replaced"
    )


def killed_driver_of_cluster(tries: int, draws: random.Random, folder: Path) -> str:
    """Kill a driver whose workers are none of its own processes: the cluster must end them."""
    calm = undisturbed(folder)
    longest_s = 0.0
    with Cluster() as cluster:
        search = Search(folder, "cluster", environment=cluster.environment)
        for _ in range(tries):
            if search.run_folder.leaderboard_csv.exists():
                search = replace(search, name=f"{search.name}-again")
            process = search.start("--address", cluster.address, plan={"delay_s": 3.0, "seed": draws.random()})
            wait_until(lambda: cluster.workers(), process)
            time.sleep(draws.uniform(0, 2))
            assert process.poll() is None, "the search ended before it could be killed"
            workers = cluster.workers()
            kill(process)
            killed_s = time.monotonic()
            _wait_for_end(workers, ORPHANS_TIMEOUT_S)
            longest_s = max(longest_s, time.monotonic() - killed_s)
            if draws.random() < 0.5:
                search.finish("--address", cluster.address)
                search.check(calm)
        search.finish("--address", cluster.address)
        search.check(calm)
    return f"the cluster's workers were gone after {longest_s:.1f} s at most"


GUILTY = {
    "raise": "raises",
    "memory": "out of memory",
    "exit": "exits",
    "kill": "is killed",
    "segfault": "segmentation fault",
    "nan": "NaN",
}


def guilty_members(
    tries: int, draws: random.Random, folder: Path, *, kinds: Sequence[str] = tuple(GUILTY), trials: int = 16
) -> str:
    for n in range(tries):
        guilty = dict(zip(kinds, draws.sample(range(trials), len(kinds)), strict=True))
        search = Search(folder, f"guilty-{n}")
        process = subprocess.Popen(
            [sys.executable, FAULTY, json.dumps({kind: [trial] for kind, trial in guilty.items()}),
             "run", "--space", "grid", "--trials", str(trials), "--epochs", "2", "--pack-size", "8",
             "--max-failures", "1", "--name", search.name],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        _, talk = process.communicate(timeout=300)
        assert process.returncode == 0, talk
        kind_of = {trial: kind for kind, trial in guilty.items()}
        for record in read_records(search.run_folder.load()):
            kind = kind_of.get(record.proposal.number)
            expected = {None: TrialState.COMPLETE, "nan": TrialState.DIVERGED}.get(kind, TrialState.FAIL)
            assert record.state is expected, (kind, record)
            assert bool(record.outcome.reason) == (kind is not None), (kind, record)
    return f"{', '.join(GUILTY[kind] for kind in kinds)}: one member each among {trials}, in packs of 8"
